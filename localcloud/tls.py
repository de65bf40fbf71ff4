"""Certificates made on the spot, for clients that insist on https."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# Clients that build a service's name from a root domain ask for these.
NAMES = ("localhost", "127.0.0.1", "*.tencentcloudapi.com", "*.internal.tencentcloudapi.com")


def make_certificate(folder: Path, host: str) -> tuple[Path, Path]:
    """Write a new authority and a certificate that it signed, and return the files of both.

    Raises ModuleNotFoundError where trustme is not installed.
    """
    import trustme  # noqa: PLC0415  # its cryptography is large, and needed with --tls only

    folder.mkdir(parents=True, exist_ok=True)
    authority = trustme.CA()
    issued = authority.issue_cert(*NAMES, host)
    files = (folder / "ca.pem", folder / "server.pem")
    authority.cert_pem.write_to_path(str(files[0]))
    issued.private_key_and_cert_chain_pem.write_to_path(str(files[1]))
    return files
