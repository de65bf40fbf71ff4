"""Builds cbsnap-agent.pyz: the agent and PyMySQL in one file, the same bytes each time.

    python agent/build.py dist/cbsnap-agent.pyz

The dependency comes from pip, by the hash in requirements.txt; a copy is kept in build/ beside this folder.
"""

import hashlib
import io
import os
import subprocess
import sys
import zipfile

_HERE = os.path.dirname(os.path.abspath(__file__))
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the oldest date that a zip can carry
_SHEBANG = b"#!/usr/bin/env python3\n"
_MAIN = "import sys\n\nfrom cbsnap_agent.cli import main\n\nsys.exit(main())\n"


def build(target):
    """Write the packed file; return its SHA-256."""
    packages = [os.path.join(_HERE, "cbsnap_agent"), os.path.join(_dependencies(), "pymysql")]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        _add(archive, "__main__.py", _MAIN.encode())
        for name, path in sorted(_sources(packages)):
            with open(path, "rb") as source:
                _add(archive, name, source.read())
    content = _SHEBANG + packed.getvalue()
    os.makedirs(os.path.dirname(os.path.abspath(target)), exist_ok=True)
    with open(target, "wb") as packed_file:
        packed_file.write(content)
    os.chmod(target, 0o755)  # noqa: S103 - a program that everybody may run
    return hashlib.sha256(content).hexdigest()


def _dependencies():
    """Return the folder with the pinned dependency, fetched once for each state of its lock."""
    lock = os.path.join(_HERE, "requirements.txt")
    with open(lock, "rb") as source:
        state = hashlib.sha256(source.read()).hexdigest()[:16]
    folder = os.path.join(os.path.dirname(_HERE), "build", "agent-" + state)
    if not os.path.isdir(folder):
        fetch = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
        options = ["--no-deps", "--no-compile", "--require-hashes", "--target", folder, "-r", lock]
        subprocess.check_call([*fetch, *options])  # noqa: S603 - pip, with our own lock
    return folder


def _sources(packages):
    for package in packages:
        for folder, _, files in os.walk(package):
            for name in files:
                path = os.path.join(folder, name)
                if name.endswith(".py"):
                    yield os.path.relpath(path, os.path.dirname(package)), path


def _add(archive, name, content):
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, content)


if __name__ == "__main__":
    sys.stdout.write(build(sys.argv[1]) + "\n")
