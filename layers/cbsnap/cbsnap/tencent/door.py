"""The port `Door`: whether the API answers at all, what time it is there, and who our keys are."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from requests import ConnectionError as NotConnected
from requests import RequestException, Timeout
from requests.exceptions import SSLError

from cbsnap.surroundings import Contact, Silence

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cbsnap.ports import Clock
    from cbsnap.tencent.api import Api

GREETING_S = 10.0
_SERVICE = "cbs"
_A_DATE_IS_CUT_BY_S = 1.0  # the header Date counts whole seconds


class RegionDoor:
    """One region's way in."""

    def __init__(self, api: Api, clock: Clock) -> None:
        self._api = api
        self._clock = clock

    def greet(self) -> Contact:
        """Send a HEAD, whose answer carries the time, whatever else it says."""
        address = self._api.address(_SERVICE)
        before = self._clock.now()
        try:
            headers = self._api.head(_SERVICE, GREETING_S)
        except RequestException as failed:
            return Contact(address, _silence(failed), str(failed))
        took_s = (self._clock.now() - before).total_seconds()
        return _told(address, before, took_s, headers)

    def caller(self) -> str:
        """Return the caller's resource name (GetCallerIdentity, STS)."""
        answer = self._api.call("sts", "GetCallerIdentity", {})
        return str(answer.get("Arn") or answer.get("AccountId"))

    def regions(self) -> list[str]:
        """Return the regions of CVM, where CBS has its disks."""
        rows = self._api.read("cvm", "DescribeRegions", {}).get("RegionSet") or ()
        return [str(row["Region"]) for row in rows]


def _told(address: str, before: datetime, took_s: float, headers: Mapping[str, str]) -> Contact:
    """Read the answer's Date: it was written somewhen between asking and hearing."""
    theirs: datetime | None = None
    with suppress(TypeError, ValueError):
        theirs = parsedate_to_datetime(headers["Date"]) if "Date" in headers else None
    if theirs is None:
        return Contact(address)
    give_s = (took_s + _A_DATE_IS_CUT_BY_S) / 2
    middle_s = before.timestamp() + took_s / 2
    said_s = theirs.replace(tzinfo=theirs.tzinfo or timezone.utc).timestamp() + _A_DATE_IS_CUT_BY_S / 2
    return Contact(address, ahead_s=middle_s - said_s, give_s=give_s)


def _silence(failed: RequestException) -> Silence:
    causes = [type(one).__name__ for one in _causes(failed)]
    if isinstance(failed, SSLError):
        return Silence.CERTIFICATE
    if isinstance(failed, Timeout):
        return Silence.SILENT
    if {"NameResolutionError", "gaierror"} & set(causes):
        return Silence.NAME
    is_refused = isinstance(failed, NotConnected) and "ConnectionRefusedError" in causes
    return Silence.REFUSED if is_refused else Silence.BROKEN


def _causes(failed: BaseException) -> Iterator[BaseException]:
    """Yield what lies behind an error, however urllib3 has wrapped it."""
    seen: list[BaseException] = [failed]
    for one in seen:
        yield one
        within = [*one.args, getattr(one, "reason", None), one.__cause__, one.__context__]
        seen += [each for each in within if isinstance(each, BaseException) and each not in seen]
