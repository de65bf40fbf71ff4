"""The command line."""

import argparse
import os
import sys

from . import __version__, actions, config, owed, serve
from .errors import ConfigError

CONFIG_PATH = "/etc/cbsnap-agent/agent.ini"


def main(argv=None):
    """Run a command; return its exit code: 2 for a configuration that cannot be used."""
    arguments = _parser().parse_args(argv)
    try:
        return arguments.run(arguments)
    except ConfigError as error:
        sys.stderr.write("cbsnap-agent: {}\n".format(error))
        return 2


def _thaw_all(arguments):
    """Undo what is on the list; 1 if anything on it could not be undone."""
    worst = 0
    for spec, status in owed.OwedList(config.load(arguments.config).agent.runtime_dir).undo_all():
        sys.stdout.write("{} {}: {}\n".format(spec["kind"], spec.get("mount", ""), os.strerror(status)))
        worst = max(worst, int(status not in (0, actions.NOT_FROZEN)))
    return worst


def _parser():
    parser = argparse.ArgumentParser(prog="cbsnap-agent", description="Hold this host still for a snapshot.")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.required = True
    serving = commands.add_parser("serve", help="answer requests for leases, in the foreground")
    serving.add_argument("--config", default=CONFIG_PATH, metavar="FILE")
    serving.set_defaults(run=lambda arguments: serve.run(config.load(arguments.config)))
    thawing = commands.add_parser("thaw-all", help="undo what an agent that died has left frozen or begun")
    thawing.add_argument("--config", default=CONFIG_PATH, metavar="FILE")
    thawing.set_defaults(run=_thaw_all)
    return parser
