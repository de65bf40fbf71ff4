"""The command line.

Exit codes: 0 done, 1 refused or found wrong, 2 the configuration cannot be used, 3 a drill was not done.
"""

import argparse
import json
import os
import re
import sys

from . import (
    __version__,
    actions,
    ask,
    config,
    handover,
    install,
    local,
    markers,
    owed,
    removal,
    replacing,
    serve,
    specs,
    values,
)
from .errors import ConfigError, NotDone
from .pause import Pause

CONFIG_PATH = "/etc/cbsnap-agent/agent.ini"
KEY_PATH = "/etc/cbsnap-agent/keys"
_ERROR = 400


def main(argv=None):
    """Run a command; return its exit code."""
    arguments = _parser().parse_args(argv)
    try:
        return arguments.run(arguments)
    except NotDone as error:
        sys.stderr.write("cbsnap-agent: {}\n".format(error))
        return 1
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
        added.set_defaults(run=run)
        return added

    def configured(run, name, about):
        added = command(lambda arguments: run(arguments, config.load(arguments.config)), name, about)
        added.add_argument("--config", default=CONFIG_PATH, metavar="FILE")
        return added

    configured(_serve, "serve", "answer requests for leases, in the foreground")
    thawing = command(_thaw_all, "thaw-all", "undo what an agent that died has left frozen or begun")
    thawing.add_argument("--runtime-dir", default=config.RUNTIME_DIR, metavar="DIR")
    configured(_pause, "pause", "refuse leases from now on").add_argument("reason", nargs="?", default="")
    configured(_resume, "resume", "give leases again")
    configured(_status, "status", "show what the running agent holds")
    checking = configured(_check, "check", "try a plan without holding anything")
    holding = configured(_hold, "hold", "take a lease by hand, and print it")
    for added in (checking, holding):
        added.add_argument("plan")
        added.add_argument("disks", nargs="*", help="disk ids; all of the plan's if none are named")
    holding.add_argument("--ttl", type=values.seconds(1, 60), default=30, metavar="SECONDS")
    releasing = configured(_release, "release", "end a lease that was taken by hand, and print its proof")
    releasing.add_argument("lease_id")
    releasing.add_argument("answered", nargs="*", type=_pair, metavar="DISK=SNAPSHOT")
    asking = configured(_ask, "ask", "send one request to the running agent, and print its answer packed")
    asking.add_argument("--not-after", type=int, metavar="UNIX_S", help="ask nothing after this moment")
    asking.add_argument("--header", action="append", default=[], type=_header, metavar="NAME:VALUE")
    asking.add_argument("method", choices=("GET", "POST"))
    asking.add_argument("target", metavar="PATH")
    asking.add_argument("body", nargs="?", metavar="JSON")
    verifying = command(_verify, "verify", "tell from its markers when a mounted copy was cut")
    verifying.add_argument("place", help="the folder that holds .cbsnap-pre")
    verifying.add_argument("--lease", metavar="ID", help="the lease that the copy should be of")
    drilling = command(_drill, "drill", "check the clones of a run's snapshots, and print a report")
    drilling.add_argument("--config", default=CONFIG_PATH, metavar="FILE")
    drilling.add_argument(
        "--checks", metavar="NAME", help="the configuration's [drill:NAME]; else filesystems only"
    )
    drilling.add_argument(
        "--run", dest="of_run", default="", metavar="RUN", help="such as orders@20261122T0200Z"
    )
    drilling.add_argument("disks", nargs="+", type=_disk, metavar="DISK")
    _sequence(
        command(
            _run_sequence,
            "sequence",
            "write numbers on a disk, and find them in copies of it: for a calibration",
        )
    )
    installing = configured(_install, "install", "put this file, its user and its unit on the host")
    installing.add_argument("--root", default="/", metavar="DIR", help="install under another root")
    _add_keeping(command)
    return parser


def _sequence(parser):
    steps = parser.add_subparsers(dest="step", metavar="STEP")
    steps.required = True
    for name, about in (
        ("write", "write on a mounted disk until it is stopped"),
        ("now", "show the time, and the last number"),
        ("stop", "end the writing"),
        ("read", "tell when copies were cut"),
        ("forget", "end the writing, and remove its log"),
    ):
        step = steps.add_parser(name, help=about, description=about)
        step.set_defaults(run=_run_sequence)
        step.add_argument("session", type=_session)
        if name == "write":
            step.add_argument("disks", nargs=1, type=_disk, metavar="DISK")
            step.add_argument("--pause-ms", type=float, default=2.0)
            step.add_argument("--limit-s", type=float, default=3600.0)
        if name == "read":
            step.add_argument("disks", nargs="+", type=_disk, metavar="DISK")


def _add_keeping(command):
    """Add the commands with which a host is looked after from afar; all want root."""
    for run, name, about in (
        (_replace, "replace", "put this file where the agent is, or is to be, and start it"),
        (_remove, "remove", "take the agent off the host, with all that install made"),
    ):
        added = command(run, name, about)
        added.add_argument("--config", default=CONFIG_PATH, metavar="FILE")
        added.add_argument("--patience", type=values.seconds(0, 600), default=90, metavar="SECONDS")
        if run is _replace:
            added.add_argument("--take-config", metavar="FILE", help="put this in the configuration's place")
    command(_offer_key, "offer-key", "print a public key to which the host's own may be sealed")
    taking = command(_take_key, "take-key", "add a key that was sealed to what offer-key printed")
    dropping = command(_drop_key, "drop-key", "take a version's key out")
    for added in (taking, dropping):
        added.add_argument("--file", default=KEY_PATH, metavar="FILE")
    taking.add_argument("sealed", metavar="BASE64")
    dropping.add_argument("version")


def _serve(_arguments, loaded):
    return serve.run(loaded)


def _thaw_all(arguments):
    worst = 0
    for spec, status in owed.OwedList(arguments.runtime_dir).undo_all():
        sys.stdout.write("{}: {}\n".format(specs.name(spec), specs.explain(spec, status)))
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


def _replace(arguments):
    lines = replacing.replace(arguments.config, arguments.take_config, arguments.patience)
    return _show((0, {"done": lines}))


def _remove(arguments):
    return _show((0, {"done": removal.remove(arguments.config, arguments.patience)}))


def _offer_key(_arguments):
    return _show((0, {"public_key": handover.offer()}))


def _take_key(arguments):
    return _show((0, {"version": handover.take(arguments.sealed, arguments.file)}))


def _drop_key(arguments):
    handover.drop(arguments.version, arguments.file)
    return _show((0, {"dropped": arguments.version}))


def _ask(arguments, loaded):
    request = arguments.method, arguments.target, arguments.body
    line = ask.answer(loaded.agent, request, arguments.not_after, arguments.header)
    sys.stdout.write(line + "\n")
    return 0


def _verify(arguments):
    found, marker = markers.verdict(arguments.place, arguments.lease)
    _show((0, {"cut": found, "marker": marker}))
    return int(found != "inside")


def _drill(arguments):
    from .drill import run  # noqa: PLC0415 - the serving agent has no use for it

    return run.main(arguments.config, arguments.checks, arguments.of_run, arguments.disks)


def _session(text):
    from . import sequence  # noqa: PLC0415 - as below

    return sequence.session(text)


def _run_sequence(arguments):
    from . import sequence  # noqa: PLC0415 - the serving agent has no use for it

    work = {
        "write": lambda: sequence.write(
            arguments.disks[0], arguments.session, arguments.pause_ms, arguments.limit_s
        ),
        "now": lambda: sequence.now(arguments.session),
        "stop": lambda: sequence.stop(arguments.session),
        "read": lambda: sequence.read(arguments.session, arguments.disks),
        "forget": lambda: sequence.forget(arguments.session),
    }
    return sequence.said(work[arguments.step])


def _install(arguments, loaded):
    lines = install.install(loaded, os.path.abspath(arguments.config), arguments.root)
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


def _show(answer):
    """Print an answer; return 1 for a refusal."""
    status, body = answer
    sys.stdout.write(json.dumps(body, indent=2, ensure_ascii=False) + "\n")
    return int(status >= _ERROR)


def _disk(text):
    if not re.match(r"^disk-[a-z0-9]+$", text):
        raise ValueError
    return text


def _header(text):
    name, colon, value = text.partition(":")
    if not colon:
        raise ValueError
    return name, value


def _pair(text):
    disk, equals, snapshot = text.partition("=")
    if not equals:
        raise ValueError
    return disk, snapshot
