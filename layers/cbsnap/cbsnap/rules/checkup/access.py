"""Whether the cloud lets us in: its address, the time, the keys, and the rights that reading shows."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from cbsnap.errors import CloudError, CredentialsRefused
from cbsnap.rules.checkup.diagnosis import Diagnosis, Health
from cbsnap.surroundings import Silence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cbsnap.rules.checkup.facts import Facts
    from cbsnap.surroundings import Contact

REFUSED_AT_S = 300.0  # a signed request's age (213/30654), and so the clock's error
WARNED_AT_S = 30.0  # hosts refuse at 60
_RECENT = timedelta(hours=1)
_NO_RIGHT = "UnauthorizedOperation"

_SILENCES = {
    Silence.NAME: "is CBSNAP_ENDPOINT spelled right, and does this machine resolve names? A VPC without a "
    "way out knows the API's internal addresses only",
    Silence.REFUSED: "is CBSNAP_ENDPOINT the right address and port, and is it running?",
    Silence.CERTIFICATE: "the SDK trusts certifi's authorities alone: is a proxy in between, or is "
    "CBSNAP_ENDPOINT a cloud of your own?",
    Silence.SILENT: "open the way out: a route or NAT, the security group, HTTPS_PROXY",
    Silence.BROKEN: "is it http or https, and is a proxy in between?",
}
_KEYS = {
    "SecretIdNotFound": "there is no such key: look at its id, and whether it was deleted or is disabled",
    "SignatureFailure": "the secret key does not belong to the id: copy both again",
    "SignatureExpire": "the clock of this machine is wrong: have it set by NTP",
    "TokenFailure": "the temporary keys have ended, or their token is missing: fetch new ones",
}


def access(facts: Facts) -> Iterator[Diagnosis]:
    """Check all of it."""
    yield from way_in(facts.contact, facts.caller)
    yield from rights(facts)


def way_in(contact: Contact, caller: str | CloudError) -> Iterator[Diagnosis]:
    """Check what all else needs; where that fails, nothing else can be asked."""
    yield endpoint(contact)
    yield clock(contact)
    yield keys(caller)


def lets_in(caller: str | CloudError) -> bool:
    """Tell whether the cloud knows the keys, even if they may not ask who they are."""
    return isinstance(caller, str) or _NO_RIGHT in caller.code


def endpoint(contact: Contact) -> Diagnosis:
    """Check whether the API's address answers."""
    if contact.silence is None:
        return Diagnosis("endpoint", contact.address, Health.OK, "answers")
    cure = _SILENCES[contact.silence]
    return Diagnosis("endpoint", contact.address, Health.BAD, contact.silence.value, cure)


def clock(contact: Contact) -> Diagnosis:
    """Check this machine's clock against the header Date of the API's answer."""
    if contact.ahead_s is None:
        said = "the answer has no date" if contact.silence is None else "there was no answer to compare with"
        return Diagnosis("clock", "this machine", Health.UNKNOWN, said, "see the endpoint")
    apart_s = abs(contact.ahead_s)
    direction = "ahead of" if contact.ahead_s > 0 else "behind"
    said = f"{apart_s:.1f} s {direction} the cloud's, to {contact.give_s:.1f} s"
    if apart_s - contact.give_s <= WARNED_AT_S:
        return Diagnosis("clock", "this machine", Health.OK, said)
    health = Health.BAD if apart_s + contact.give_s >= REFUSED_AT_S else Health.WARN
    cure = f"have it set by NTP: the cloud refuses requests {REFUSED_AT_S:.0f} s off, hosts refuse at 60 s"
    return Diagnosis("clock", "this machine", health, said, cure)


def keys(caller: str | CloudError) -> Diagnosis:
    """Check whether the cloud knows our keys."""
    if isinstance(caller, str):
        return Diagnosis("keys", caller, Health.OK, "accepted")
    if _NO_RIGHT in caller.code:
        return Diagnosis("keys", "ours", Health.OK, "accepted; they may not ask who they are")
    if isinstance(caller, CredentialsRefused):
        cure = next((cure for part, cure in _KEYS.items() if part in caller.code), "see docs/cli.md, Keys")
        return Diagnosis("keys", "ours", Health.BAD, str(caller), cure)
    if caller.code == "ServerNetworkError" or "no whole answer" in str(caller):
        cure = "is something else listening at that address? see the endpoint"
        return Diagnosis("keys", "ours", Health.UNKNOWN, str(caller), cure)
    return Diagnosis("keys", "ours", Health.UNKNOWN, str(caller), "see the endpoint, and try again")


def rights(facts: Facts) -> Iterator[Diagnosis]:
    """Check what the keys may read, and what the functions' log says of their own rights."""
    failed = [one for one in facts.attempts if one.error]
    for one in failed:
        if one.error and _NO_RIGHT in one.error.code:
            cure = f"allow {one.action} to {facts.caller if isinstance(facts.caller, str) else 'these keys'}"
            yield Diagnosis("rights", f"{one.action} in {one.region}", Health.BAD, "is not allowed", cure)
        else:
            cure = "try again; with the request id the cloud's support can look it up"
            yield Diagnosis("reading", f"{one.action} in {one.region}", Health.UNKNOWN, str(one.error), cure)
    if facts.attempts and not failed:
        actions = len({one.action for one in facts.attempts})
        said = f"all {actions} reading actions are allowed; what changes something is not tried here"
        yield Diagnosis("rights", "these keys", Health.OK, said)
    yield from _functions_rights(facts)


def _functions_rights(facts: Facts) -> Iterator[Diagnosis]:
    refused = facts.installed.refused
    if refused is None:
        if facts.installed.functions:
            said = "are seen in the functions' log only, which was not read"
            cure = "let the functions log to a topic of CLS (docs/logs.md), and these keys search it"
            yield Diagnosis("rights", "of the functions", Health.NOT_MADE, said, cure)
        return
    latest = {(one.function, one.action): one for one in refused}  # the last of each
    for (function, action), one in sorted(latest.items()):
        health = Health.BAD if facts.now - one.at < _RECENT else Health.WARN
        said = f"was refused {action} in {one.region} at {one.at:%Y-%m-%d %H:%M:%S} UTC"
        cure = f"give its role the policy docs/cam/{function}.json, and for roles elsewhere docs/rights.md"
        yield Diagnosis("rights", function, health, said, cure)
    if not latest:
        yield Diagnosis("rights", "of the functions", Health.OK, "their log has no refusal of the last day")
