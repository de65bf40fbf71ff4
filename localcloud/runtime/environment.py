"""What a function finds in its environment and in its context (583/14570, 583/9210).

Nothing of the server's own environment gets through but what a process needs.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from localcloud.accounts import Account, Credentials
    from localcloud.runtime.function import Function

PASSED_ON = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "SSL_CERT_FILE")


def process_environment(
    function: Function, account: Account, root: Path, extra: Mapping[str, str]
) -> dict[str, str]:
    """Return what an instance is started with; temporary keys come with each event."""
    return {
        **{name: os.environ[name] for name in PASSED_ON if name in os.environ},
        "TMPDIR": str(root / "tmp"),
        "TZ": "UTC",
        "PYTHONPATH": f"{root}/var/user:{root}/opt",
        "PYTHONDONTWRITEBYTECODE": "x",
        "USER_CODE_ROOT": f"{root}/var/user/",
        "TENCENTCLOUD_RUNENV": "SCF",
        "TENCENTCLOUD_REGION": function.key.region,
        "TENCENTCLOUD_UIN": account.uin,
        "TENCENTCLOUD_APPID": account.appid,
        "SCF_FUNCTIONNAME": function.name,
        "SCF_FUNCTIONVERSION": function.version,
        "SCF_NAMESPACE": function.key.namespace,
        **dict(function.environment),
        **extra,
    }


def keys(credentials: Credentials) -> dict[str, str]:
    """Return the role's temporary keys, as variables."""
    return {
        "TENCENTCLOUD_SECRETID": credentials.secret_id,
        "TENCENTCLOUD_SECRETKEY": credentials.secret_key,
        "TENCENTCLOUD_SESSIONTOKEN": credentials.token,
    }


def context(function: Function, account: Account, request_id: str) -> dict[str, object]:
    """Return the handler's second argument."""
    return {
        "request_id": request_id,
        "function_name": function.name,
        "function_version": function.version,
        "namespace": function.key.namespace,
        "memory_limit_in_mb": function.memory_mib,
        "time_limit_in_ms": function.time_limit_s * 1000,
        "tencentcloud_region": function.key.region,
        "tencentcloud_appid": account.appid,
        "tencentcloud_uin": account.uin,
    }
