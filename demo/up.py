"""`make up`: the local cloud with the functions and the console, until it is interrupted.

The functions are those of serverless.yml, their timers run, and what is done in the console is done:
to a cloud on this machine.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from cbsnap import policyfile
from cbsnap.model.labels import Label

from demo import past, screen
from demo.cloud import Cloud
from demo.stage import ROOT, Scenery, built

if TYPE_CHECKING:
    from collections.abc import Mapping

POLICIES = ROOT / "demo/up-policies.yml"
LINES = {
    "past_guangzhou": (
        past.Line("orders-db", "disk-orders01", Label.APPLICATION, 9, lacks=1, lesser=5, drill="passed"),
        past.Line("invoices-db", "disk-invoice1", Label.APPLICATION, 8, lacks=9),
        past.Line("the-rest", "disk-uploads1", Label.CRASH, 7),
        past.Line("the-rest", "disk-archive1", Label.CRASH, 7),
    ),
    "past_singapore": (
        past.Line("billing-db", "disk-billing1", Label.APPLICATION, 14, drill="failed"),
        past.Line("the-rest", "disk-reports1", Label.CRASH, 7),
    ),
}
RELEASES = ((2, "before release 41"), (5, "before the new schema"))


def main(arguments: list[str] | None = None) -> int:
    """Start everything, say where it is, and stay; return the exit code."""
    parser = argparse.ArgumentParser(prog="make up", description="The local cloud and the console, to try.")
    parser.add_argument("--port", type=int, default=0, help="of the local cloud; a free one by default")
    chosen = parser.parse_args(arguments)
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, lambda *_: sys.exit(1))  # so that nothing that was started is left behind
    with tempfile.TemporaryDirectory(prefix="cbsnap-up-") as folder:
        screen.say("Starting two hosts with a database, their agents, and a cloud with our functions …")
        with built(Path(folder), scenery(datetime.now(timezone.utc), chosen.port)) as stage:
            Cloud(stage).start("cbsnap-tick")
            screen.say(f"\nConsole   {stage.url}/_local/url/cbsnap-gateway/console/")
            screen.say(f"Token     {stage.token}\n\nCtrl-C ends it, and nothing is left behind.")
            _stay()
    return 0


def scenery(now: datetime, port: int) -> Scenery:
    """Return what is shown: the fleet with its past, and the policies."""
    options = ("--port", str(port), "--prefork", "--snapshot-seconds", "20", "--operation-seconds", "5")
    return Scenery(ROOT / "demo/up-fleet.yml", POLICIES, options, _pasts(now))


def _pasts(now: datetime) -> Mapping[str, str]:
    """Return each region's snapshots, as YAML's flow style takes them."""
    plan = policyfile.parse(POLICIES.read_text(encoding="utf-8").replace("$port", "9780"), str(POLICIES))
    policies = {policy.name: policy for policy in plan.policies}
    found = {
        region: [
            one for line in lines for one in past.scheduled(line, policies[line.policy], plan.deployment, now)
        ]
        for region, lines in LINES.items()
    }
    found["past_guangzhou"] += [
        past.asked_for(title, "disk-orders01", plan.deployment, now - timedelta(days=days, hours=1))
        for days, title in RELEASES
    ]
    return {region: json.dumps(snapshots) for region, snapshots in found.items()}


def _stay() -> None:
    try:
        signal.pause()
    except KeyboardInterrupt:
        screen.say("\nEnding …")


if __name__ == "__main__":
    sys.exit(main())
