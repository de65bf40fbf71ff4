"""What one value may be: texts, times, names and lists, each with what is wrong about another."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from cbsnap.errors import InputError
from cbsnap.rules import names, schedule, wording

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}

_DURATION = r"[0-9]{1,5}[smhdw]"

_GROUP = r"disk|instance|all|tag:.{1,127}"

_TEXT_SCHEMA = {"type": "string"}


def wrong(message: str) -> PydanticCustomError:
    """Return the error of a validator of ours; the message goes to the person as it is."""
    return PydanticCustomError("cbsnap", "{message}", {"message": message})


def _checked(check: Callable[[str], None]) -> AfterValidator:
    """Make a validator of a rule that raises InputError."""

    def validate(value: str) -> str:
        try:
            check(value)
        except InputError as error:
            raise wrong(error.message) from error
        return value

    return AfterValidator(validate)


def _like(pattern: str, example: str) -> AfterValidator:
    """Make a validator for what is published with its list only, or as a bare text."""

    def validate(value: str) -> str:
        if re.fullmatch(pattern, value) is None:
            raise wrong(f"{value!r} is none; one looks like {example}")
        return value

    return AfterValidator(validate)


def _duration(value: object) -> timedelta:
    if not isinstance(value, str) or re.fullmatch(_DURATION, value) is None:
        raise wrong(f"{value!r} is no duration: write a number and a unit, such as 30s, 90m, 2h or 30d")
    return timedelta(**{_UNITS[value[-1]]: int(value[:-1])})


def between(least: str, most: str) -> AfterValidator:
    """Make a validator of durations' bounds."""

    def validate(value: timedelta) -> timedelta:
        if not _duration(least) <= value <= _duration(most):
            raise wrong(f"must be between {least} and {most}")
        return value

    return AfterValidator(validate)


def _listed(value: object) -> object:
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list):
        raise wrong('must be text or a list of texts: put it in quotes, as in "on" (YAML reads on as true)')
    return values


def _day(value: object) -> object:
    """Return a day that YAML has read as text."""
    try:
        return date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError as error:
        raise wrong(f'{value!r} is no day: write it as "2026-11-11"') from error


def _group(value: str) -> str:
    if re.fullmatch(_GROUP, value) is None:
        raise wrong(f"must be disk, instance, all or tag:<key>, such as tag:app, not {value!r}")
    return value


def _placeholders(known: tuple[str, ...]) -> str:
    return ", ".join(f"{{{one}}}" for one in known)


Duration = Annotated[
    timedelta,
    BeforeValidator(_duration),
    WithJsonSchema({"type": "string", "pattern": f"^{_DURATION}$", "examples": ["30s", "2h", "30d"]}),
]

Day = Annotated[
    date,
    BeforeValidator(_day),
    WithJsonSchema({"type": "string", "format": "date", "examples": ["2026-11-11"]}),
]

PolicyName = Annotated[str, _checked(names.check_policy_name)]

Cron = Annotated[str, _checked(lambda cron: schedule.validate(cron, "UTC"))]

Zone = Annotated[str, _checked(lambda zone: schedule.validate("0 0 * * *", zone))]

TagValues = Annotated[
    list[str],
    BeforeValidator(_listed),
    Field(min_length=1),
    WithJsonSchema({"anyOf": [_TEXT_SCHEMA, {"type": "array", "items": _TEXT_SCHEMA, "minItems": 1}]}),
]

DiskId = Annotated[str, Field(pattern=r"^disk-[a-z0-9][a-z0-9-]*$", examples=["disk-1a2b3c4d"])]

InstanceId = Annotated[str, Field(pattern=r"^ins-[a-z0-9][a-z0-9-]*$", examples=["ins-1a2b3c4d"])]

RegionName = Annotated[str, Field(pattern=r"^[a-z]+(-[a-z0-9]+)+$", examples=["ap-guangzhou"])]

ZoneName = Annotated[str, Field(pattern=r"^[a-z]+(-[a-z0-9]+)+-[0-9]+$", examples=["ap-guangzhou-6"])]

AddressName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,31}$", examples=["ops"])]

EventName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,31}$", examples=["host-unreachable"])]

FieldPath = Annotated[str, Field(pattern=r"^[^.]+(\.[^.]+)*$", examples=["requestParameters.DiskId"])]

EventField = Annotated[str, _like(r"subject|data(\.[^.]+)*", "subject or data.requestParameters.DiskIds")]

Deployment = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$", examples=["prod"])]

PlanName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$", examples=["mysql"])]

RoleName = Annotated[
    str,
    Field(
        pattern=r"^qcs::cam::uin/[0-9]+:role(Name)?/[A-Za-z0-9_.-]+$",
        examples=["qcs::cam::uin/100000000001:roleName/cbsnap"],
    ),
]

ExternalId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_+=,.@:/-]{2,128}$", examples=["cbsnap-prod"])]

WorkerName = Annotated[
    str,
    Field(pattern=r"^([a-z0-9-]+/)?[A-Za-z][A-Za-z0-9_-]{1,59}$", examples=["ap-singapore/cbsnap-snapshot"]),
]

GroupName = Annotated[
    str,
    AfterValidator(_group),
    WithJsonSchema({"type": "string", "pattern": f"^({_GROUP})$", "examples": ["instance", "tag:app"]}),
]

CountsText = Annotated[
    str,
    _checked(lambda text: wording.check(text, wording.COUNTS)),
    Field(min_length=1, max_length=200, description="May hold " + _placeholders(wording.COUNTS)),
]

FactsText = Annotated[
    str,
    _checked(lambda text: wording.check(text, wording.FACTS)),
    Field(min_length=1, max_length=500, description="May hold " + _placeholders(wording.FACTS)),
]

DiskType = Annotated[str, Field(pattern=r"^CLOUD_[A-Z]+$", examples=["CLOUD_PREMIUM"])]

TagKey = Annotated[str, Field(min_length=1, max_length=127, examples=["cluster"])]

Patterns = Annotated[
    list[Annotated[str, Field(min_length=1)]],
    BeforeValidator(_listed),
    Field(min_length=1),
    WithJsonSchema(
        {
            "anyOf": [_TEXT_SCHEMA, {"type": "array", "items": _TEXT_SCHEMA, "minItems": 1}],
            "examples": ["ins-*"],
        }
    ),
]

EventFields = Annotated[
    list[EventField],
    BeforeValidator(_listed),
    Field(min_length=1),
    WithJsonSchema(
        {
            "anyOf": [_TEXT_SCHEMA, {"type": "array", "items": _TEXT_SCHEMA, "minItems": 1}],
            "examples": ["subject"],
        }
    ),
]

Limit = Annotated[int, Field(ge=1)]

Count = Annotated[int, Field(ge=0, le=10_000)]


class Section(BaseModel):
    """What all sections share: no unknown keys, no conversion of types."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
