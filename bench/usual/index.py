"""The usual way: one invocation a disk, which takes the snapshot and waits until it is there.

The disk comes as the body of a queue's message.
"""

from __future__ import annotations

import os
import time
from typing import Any
from urllib.parse import urlsplit

from tencentcloud.cbs.v20170312.cbs_client import CbsClient
from tencentcloud.common.credential import Credential
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile

LOOK_EVERY_S = 4.0  # uvicorn, which the local cloud runs on, closes a connection that is idle for 5 s


def main_handler(event: dict[str, Any], context: dict[str, Any]) -> str:
    """Take one disk; return the snapshot's id once it is NORMAL."""
    client = _client(context["tencentcloud_region"])
    disk = event["Records"][0]["CMQ"]["msgBody"]
    made: str = client.call_json("CreateSnapshot", {"DiskId": disk})["Response"]["SnapshotId"]
    while _state(client, made) != "NORMAL":
        time.sleep(LOOK_EVERY_S)
    return made


def _state(client: Any, snapshot_id: str) -> str:  # noqa: ANN401 - the SDK has no types
    answer = client.call_json("DescribeSnapshots", {"SnapshotIds": [snapshot_id]})
    state: str = answer["Response"]["SnapshotSet"][0]["SnapshotState"]
    return state


def _client(region: str) -> Any:  # noqa: ANN401 - the SDK has no types
    endpoint = urlsplit(os.environ["CBSNAP_ENDPOINT"])
    credential = Credential(
        os.environ["TENCENTCLOUD_SECRETID"],
        os.environ["TENCENTCLOUD_SECRETKEY"],
        os.environ["TENCENTCLOUD_SESSIONTOKEN"],
    )
    http = HttpProfile(protocol=endpoint.scheme, endpoint=endpoint.netloc)
    return CbsClient(credential, region, ClientProfile(httpProfile=http))
