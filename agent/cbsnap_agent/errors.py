"""What can go wrong, by situation.

AgentError
├── ConfigError    the configuration cannot be used; names file, line, section and key
├── Refusal        a request is refused; becomes an HTTP status and {code, field, message}
├── StepFailed     a preparation ended before HELD; the lease is FAILED
└── HoldBroken     something held was lost before its release; the lease is BROKEN
"""


class AgentError(Exception):
    """The root of the tree."""


class ConfigError(AgentError):
    """The configuration cannot be used as it stands."""


class StepFailed(AgentError):  # noqa: N818 - the situation's name, as in the record's reason
    """A step of the plan could not be done in its time."""


class HoldBroken(AgentError):  # noqa: N818 - the situation's name, as in the record's verdict
    """What was held is held no longer."""


class Refusal(AgentError):  # noqa: N818 - the protocol's word
    """A request that is answered with an error: `extra` goes into the body beside the three fields."""

    def __init__(self, status, code, message, field=None, **extra):
        super().__init__(message)
        self.status = status
        self.body = dict(extra, code=code, field=field, message=message)


class NotDone(AgentError):  # noqa: N818 - named for the situation
    """The host was not changed, or is as it was before; the message says why."""
