"""Taking a key that must stand in no command's text and no output: the host offers a key pair for it.

The public half goes out, the key comes back encrypted to it (RSA-OAEP, by the host's `openssl`). The private
half lies in a runtime directory of root's until the whole is over; see `keys.py` for the file that is kept.
"""

import base64
import contextlib
import os
import re
import subprocess
import tempfile

from .errors import ConfigError
from .keys import KeyFile

FOLDER = "/run/cbsnap-enrol"
_LINE = re.compile(r"^[0-9]{1,9} [0-9a-f]{64}$")
_MODE = 0o600


def offer(folder=FOLDER):
    """Return the public half, PEM; made at the first asking, the same one afterwards."""
    private = os.path.join(folder, "private.pem")
    os.makedirs(folder, mode=0o700, exist_ok=True)
    if not os.path.exists(private):
        made = _openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:3072")
        partial = _partial(folder, made)
        with contextlib.suppress(FileExistsError):  # another command was quicker: its pair counts
            os.link(partial, private)
        os.unlink(partial)
    return _openssl("pkey", "-in", private, "-pubout").decode()


def take(sealed, path, folder=FOLDER):
    """Add the line `<version> <64 hex>` that came encrypted to a key file; return the version.

    A line of the same version is replaced. Raises ConfigError for what is not sealed to this host's offer.
    """
    private = os.path.join(folder, "private.pem")
    padding = ("-pkeyopt", "rsa_padding_mode:oaep")
    opened = _openssl("pkeyutl", "-decrypt", "-inkey", private, *padding, given=base64.b64decode(sealed))
    line = opened.decode("ascii", "replace").strip()
    if not _LINE.match(line):
        raise ConfigError("what was sealed is no line `<version> <64 hexadecimal characters>`")
    version = line.split()[0]
    _write(path, [*_others(path, version), line])
    return version


def drop(version, path):
    """Take a version's line out of a key file; raises ConfigError for the only one."""
    left = _others(path, version)
    if not any(_is_key(line) for line in left):
        raise ConfigError("{} is the only key in {}".format(version, path))
    _write(path, left)


def _others(path, version):
    """Return the lines but those of a version."""
    if not os.path.exists(path):
        return []
    with open(path) as source:
        return [line for line in source.read().splitlines() if line.split()[:1] != [version]]


def _is_key(line):
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _write(path, lines):
    """Replace a key file whole, with the owner that it had: its readers see the old or the new."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    partial = _partial(os.path.dirname(path), ("\n".join(lines) + "\n").encode())
    KeyFile(partial).load()
    with contextlib.suppress(FileNotFoundError):
        owner = os.stat(path)
        os.chown(partial, owner.st_uid, owner.st_gid)
    os.replace(partial, path)


def _partial(folder, content):
    descriptor, partial = tempfile.mkstemp(dir=folder, prefix=".cbsnap-")
    with os.fdopen(descriptor, "wb") as target:
        os.fchmod(descriptor, _MODE)
        target.write(content)
        target.flush()
        os.fsync(descriptor)
    return partial


def _openssl(*arguments, given=None):
    """Return openssl's output; raises ConfigError with what it said, which is never a key."""
    try:
        done = subprocess.run(  # noqa: S603 - our own words
            ["openssl", *arguments],  # noqa: S607 - where it lies is the host's business
            input=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            check=True,
        )
    except FileNotFoundError as error:
        raise ConfigError("openssl is not installed; a key cannot be handed over without it") from error
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        raise ConfigError("openssl {}: {}".format(arguments[0], " ".join(said))) from error
    return done.stdout
