"""What happens elsewhere, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - `wire` has the annotations read
from dataclasses import dataclass, field
from datetime import datetime  # noqa: TC003 - as above

from cbsnap.model.runs import Report  # noqa: TC001 - as above


@dataclass(frozen=True, slots=True)
class Actor:
    """Who caused an event, as CloudAudit tells it (1021/40499); empty where it does not.

    `principal` is an account's, a user's or a role's id, `client` what sent the request.
    """

    principal: str = ""
    secret_id: str = ""
    client: str = ""


@dataclass(frozen=True, slots=True)
class Happening:
    """One event of another service, whatever brought it; `id` is the same at each delivery.

    `region` is empty where the event has none. `data` is JSON, an object at the top.
    """

    id: str
    source: str
    type: str
    subject: str = ""
    time: datetime | None = None
    region: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    data: Mapping[str, object] = field(default_factory=dict)
    actor: Actor | None = None


@dataclass(frozen=True, slots=True)
class Reaction:
    """What became of one event under one rule. `event` is its id, or its place where it has none.

    `skipped` says what was left out and why, `mistake` what is wrong with the event itself.
    """

    event: str
    type: str = ""
    subject: str = ""
    rule: str = ""
    reports: tuple[Report, ...] = ()
    skipped: tuple[str, ...] = ()
    mistake: str = ""
