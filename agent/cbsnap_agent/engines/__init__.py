"""The engines: each module knows one kind of database, and all have the same few functions.

read(section)          the settings, taken from the plan's section; raises ConfigError
Session(settings)      one lease's sessions with the database; nothing is connected yet
    .connect()         connect, bounded; raises StepFailed
    .places()          the paths on which the engine's data lies
    .locks             True if `lock` keeps writers out
    .doubts()          why data may lie elsewhere than at `places`; any costs the label `application`
    .needs_freeze      True if a lock with a sync is not enough for the label `application`
    .problems()        [(code, field, message)]: what would stop or spoil a lease
    .prepare(end_s)    what may take time, before anything is locked
    .lock(end_s)       lock, until `end_s` (seconds since boot) at most; raises StepFailed
    .positions()       what a point-in-time recovery starts from, as a dict of JSON values
    .confirm()         raises HoldBroken unless the lock has been held without a break
    .unlock()          unlock and disconnect; never raises for a lock that is gone
    .caveats()         what a reader of the proof should know
"""

import importlib

NAMES = ("mysql", "postgresql", "redis", "sqlite")


def module(name):
    """Return an engine's module: imported when the configuration is read, never while something is held."""
    return importlib.import_module("cbsnap_agent.engines." + name)
