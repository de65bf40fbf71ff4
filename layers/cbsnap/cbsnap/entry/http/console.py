"""The console's files, as they lie in the package: read once, known by their names, nothing else is served.

A browser may keep them and asks each time whether they are still the same. Scripts and styles come
from here only; the page may call this API and nobody else.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException

import cbsnap

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = Path(cbsnap.__file__).parent / "console"
START = "index.html"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/vnd.microsoft.icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".md": "text/markdown; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
_OWN = ("script-src", "style-src", "img-src", "font-src", "connect-src", "manifest-src")
_NONE = ("default-src", "base-uri", "form-action", "frame-ancestors")
_POLICY = "; ".join([*(f"{one} 'none'" for one in _NONE), *(f"{one} 'self'" for one in _OWN)])


def routes(folder: Path = FOLDER) -> APIRouter:
    """Return the routes; they are no part of the described API."""
    router = APIRouter(include_in_schema=False)
    shelf = lru_cache(maxsize=1)(lambda: _names(folder))
    content = lru_cache(maxsize=None)(_content)

    @router.get("/")
    async def start() -> Response:
        """Send a browser to the console, below whatever path the function is reached at."""
        return RedirectResponse("console/", 302)

    @router.api_route("/console/{name:path}", methods=["GET", "HEAD"])
    async def file(name: str, request: Request) -> Response:
        """Return a file of the console."""
        path = shelf().get(name or START)
        if path is None:
            raise HTTPException(404, "the console has no such file")
        body, tag = content(path)
        headers = {"ETag": tag, "Cache-Control": "no-cache", "Content-Security-Policy": _POLICY}
        if tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        media_type = _TYPES.get(path.suffix, "application/octet-stream")
        return Response(body, headers={**headers, "Content-Type": media_type})

    return router


def _names(folder: Path) -> Mapping[str, Path]:
    """Return the files by the names that they are asked for."""
    return {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}


def _content(path: Path) -> tuple[bytes, str]:
    body = path.read_bytes()
    return body, f'"{hashlib.sha256(body).hexdigest()[:20]}"'
