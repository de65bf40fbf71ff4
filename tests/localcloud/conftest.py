"""Real SDK clients against a local cloud in the test's own process."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tencentcloud.cbs.v20170312 import cbs_client
from tencentcloud.common.common_client import CommonClient
from tencentcloud.common.credential import Credential
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile

from localcloud.pytest_plugin import localcloud, localcloud_stage, pytest_configure
from localcloud.services import SERVICES

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.pytest_plugin import LocalCloud

__all__ = ["localcloud", "localcloud_stage", "pytest_configure"]

VERSIONS = {service.name: service.version for service in SERVICES}


def profile(endpoint: str, method: str = "POST", language: str = "en-US") -> ClientProfile:
    http = HttpProfile(protocol="http", endpoint=endpoint, reqMethod=method, reqTimeout=10)
    return ClientProfile(httpProfile=http, language=language)


@pytest.fixture
def call(localcloud: LocalCloud) -> Callable[..., dict[str, Any]]:
    """Give a function that calls any action, signed by the SDK: `call("cbs", "DescribeDisks", Limit=1)`."""

    def one(  # noqa: PLR0913  # each is what one test or another turns
        service: str,
        action: str,
        region: str = "ap-guangzhou",
        *,
        credential: Credential | None = None,
        method: str = "POST",
        language: str = "en-US",
        **parameters: object,
    ) -> dict[str, Any]:
        client = CommonClient(
            service,
            VERSIONS[service],
            credential or Credential(localcloud.secret_id, localcloud.secret_key),
            region,
            profile(localcloud.endpoint, method, language),
        )
        answer: dict[str, Any] = json.loads(client.call(action, parameters))["Response"]
        return answer

    return one


@pytest.fixture
def cbs(localcloud: LocalCloud) -> Any:  # noqa: ANN401  # the SDK has no types
    credential = Credential(localcloud.secret_id, localcloud.secret_key)
    return cbs_client.CbsClient(credential, "ap-guangzhou", profile(localcloud.endpoint))
