"""Calls that may hang in the kernel or on a network, given up after a time."""

import threading

from .errors import StepFailed


def call(function, limit_s, what):
    """Return what the function returns; raises StepFailed when it takes longer, and lets it be.

    The abandoned call stays in a thread of its own: it must not hold what the caller goes on to release.
    """
    outcome = []

    def run():
        try:
            outcome.append((function(), None))
        except Exception as error:  # noqa: BLE001 - carried to the caller's thread
            outcome.append((None, error))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(max(0.001, limit_s))
    if not outcome:
        raise StepFailed("{} took longer than {:.1f} s".format(what, limit_s))
    value, error = outcome[0]
    if error is not None:
        raise error
    return value
