"""What was looked at, one entry a check, and the report that is made of it: small enough for the way back."""

import contextlib
import time

from . import Broken

_DETAIL = 300  # characters
_MOST = 40  # checks of a report; the cloud keeps 24 KB of a command's output


class Checks:
    """The checks of one drill, in order."""

    def __init__(self):
        self.done = []
        self.failed = False

    def failed_last(self):
        """Tell whether the last check failed."""
        return not self.done[-1]["ok"]

    @contextlib.contextmanager
    def check(self, name):
        """Note one check: Broken fails it and goes no further; gives a list for what is said besides."""
        start, said, is_sound = time.time(), [], True
        try:
            yield said
        except (Broken, OSError) as error:  # what cannot be read is no better
            is_sound, said = False, [str(error)]
        self.failed = self.failed or not is_sound
        ms = round((time.time() - start) * 1000, 1)
        self.done.append({"name": name, "ok": is_sound, "detail": "; ".join(said)[:_DETAIL], "ms": ms})


def report(checks, cut):
    """Return the report of a drill that was carried to its end; what failed is never left out."""
    failed = [one for one in checks.done if not one["ok"]]
    shown = checks.done if len(checks.done) <= _MOST else failed[:_MOST]
    return {"verdict": "failed" if checks.failed else "passed", "cut": cut, "checks": shown, "reason": ""}


def unfinished(reason):
    """Return the report of a drill that could not be done."""
    return {"verdict": "unfinished", "cut": "unknown", "checks": [], "reason": reason[:_DETAIL]}
