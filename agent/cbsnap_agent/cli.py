"""The command line. Exit codes: 0 done, 1 refused or found wrong, 2 the configuration cannot be used."""

import argparse
import json
import os
import sys

from . import __version__, actions, config, local, owed, serve, values
from .errors import ConfigError
from .pause import Pause

CONFIG_PATH = "/etc/cbsnap-agent/agent.ini"
_ERROR = 400


def main(argv=None):
    """Run a command; return its exit code."""
    arguments = _parser().parse_args(argv)
    try:
        return arguments.run(arguments, config.load(arguments.config))
    except ConfigError as error:
        sys.stderr.write("cbsnap-agent: {}\n".format(error))
        return 2


def _parser():
    parser = argparse.ArgumentParser(prog="cbsnap-agent", description="Hold this host still for a snapshot.")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.required = True

    def command(run, name, about):
        added = commands.add_parser(name, help=about, description=about)
        added.add_argument("--config", default=CONFIG_PATH, metavar="FILE")
        added.set_defaults(run=run)
        return added

    command(_serve, "serve", "answer requests for leases, in the foreground")
    command(_thaw_all, "thaw-all", "undo what an agent that died has left frozen or begun")
    command(_pause, "pause", "refuse leases from now on").add_argument("reason", nargs="?", default="")
    command(_resume, "resume", "give leases again")
    command(_status, "status", "show what the running agent holds")
    checking = command(_check, "check", "try a plan without holding anything")
    holding = command(_hold, "hold", "take a lease by hand, and print it")
    for added in (checking, holding):
        added.add_argument("plan")
        added.add_argument("disks", nargs="*", help="disk ids; all of the plan's if none are named")
    holding.add_argument("--ttl", type=values.seconds(1, 60), default=30, metavar="SECONDS")
    releasing = command(_release, "release", "end a lease that was taken by hand, and print its proof")
    releasing.add_argument("lease_id")
    releasing.add_argument("answered", nargs="*", type=_pair, metavar="DISK=SNAPSHOT")
    return parser


def _serve(_arguments, loaded):
    return serve.run(loaded)


def _thaw_all(_arguments, loaded):
    worst = 0
    for spec, status in owed.OwedList(loaded.agent.runtime_dir).undo_all():
        sys.stdout.write("{} {}: {}\n".format(spec["kind"], spec.get("mount", ""), os.strerror(status)))
        worst = max(worst, int(status not in (0, actions.NOT_FROZEN)))
    return worst


def _pause(arguments, loaded):
    Pause(loaded.agent.runtime_dir).set(arguments.reason)
    return 0


def _resume(_arguments, loaded):
    Pause(loaded.agent.runtime_dir).end()
    return 0


def _status(_arguments, loaded):
    return _show(local.LocalAgent(loaded.agent.runtime_dir).status())


def _check(arguments, loaded):
    status, found = local.LocalAgent(loaded.agent.runtime_dir).check(arguments.plan, arguments.disks)
    return _show((status, found)) or int(bool(found["problems"]))


def _hold(arguments, loaded):
    status, record = local.LocalAgent(loaded.agent.runtime_dir).hold(
        arguments.plan, arguments.disks, arguments.ttl
    )
    return _show((status, record)) or int(record["state"] != "HELD")


def _release(arguments, loaded):
    answered = dict(arguments.answered)
    status, record = local.LocalAgent(loaded.agent.runtime_dir).release(arguments.lease_id, answered)
    return _show((status, record)) or int(record["verdict"] != "whole")


def _show(answer):
    """Print an answer; return 1 for a refusal."""
    status, body = answer
    sys.stdout.write(json.dumps(body, indent=2, ensure_ascii=False) + "\n")
    return int(status >= _ERROR)


def _pair(text):
    disk, equals, snapshot = text.partition("=")
    if not equals:
        raise ValueError
    return disk, snapshot
