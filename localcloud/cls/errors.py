"""The error codes of CLS that are answered here (SDK, `cls/v20201016/errorcodes.py`), one class for each."""

from __future__ import annotations

from localcloud.errors import ApiError


class QuerySyntaxError(ApiError):
    """The query cannot be read, or uses what is not emulated."""

    code = "FailedOperation.SyntaxError"
    zh = "检索语句语法错误:`{query}`。"
    en = "The query cannot be read: `{query}`."
