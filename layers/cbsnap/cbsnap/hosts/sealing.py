"""Sealing a key to a host's public key (RSA-OAEP), so that no command's text and no log shows it.

By `openssl`, as on the host: a machine that works in a cloud has it, and so no package is needed for this.
"""

from __future__ import annotations

import base64
import subprocess
import tempfile

from cbsnap.errors import InputError


def sealed(text: str, public_key: str) -> str:
    """Return a short text that only the holder of the private key can read, in Base64. Raises InputError."""
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as pem:
        pem.write(public_key)
        pem.flush()
        command = ["openssl", "pkeyutl", "-encrypt", "-pubin", "-inkey", pem.name]
        command += ["-pkeyopt", "rsa_padding_mode:oaep"]
        try:
            done = subprocess.run(command, input=text.encode(), capture_output=True, check=True)  # noqa: S603 - our own words
        except FileNotFoundError as missing:
            raise InputError("openssl", "is not installed here: hosts' keys are sealed with it") from missing
        except subprocess.CalledProcessError as refused:
            said = refused.stderr.decode(errors="replace").strip()
            raise InputError("openssl", f"cannot seal to what the host offers: {said}") from refused
    return base64.b64encode(done.stdout).decode()
