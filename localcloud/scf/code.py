"""Code as calls bring it: a base64 zip file; every other source is refused."""

from __future__ import annotations

import asyncio
import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING

from localcloud.runtime.store import ArchiveError
from localcloud.scf.errors import InvalidBase64, InvalidCodeSource, InvalidZipFile

if TYPE_CHECKING:
    from localcloud.runtime.store import Store, Stored


@dataclass(frozen=True)
class Code:
    """The API's Code; only `zip_file` is emulated."""

    cos_bucket_name: str | None = None
    cos_object_name: str | None = None
    zip_file: str | None = None
    cos_bucket_region: str | None = None
    demo_id: str | None = None
    temp_cos_object_name: str | None = None
    git_url: str | None = None
    git_user_name: str | None = None
    git_password: str | None = None
    git_password_secret: str | None = None
    git_branch: str | None = None
    git_directory: str | None = None
    git_commit_id: str | None = None
    git_user_name_secret: str | None = None
    image_config: object = None


async def unpack(zip_file: str | None, store: Store) -> Stored:
    """Unpack what a call brings."""
    if zip_file is None:
        raise InvalidCodeSource
    try:
        archive = base64.b64decode(zip_file, validate=True)
    except binascii.Error as error:
        raise InvalidBase64 from error
    try:
        return await asyncio.to_thread(store.keep, archive)
    except ArchiveError as error:
        raise InvalidZipFile(reason=str(error)) from error
