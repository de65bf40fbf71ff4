"""A deployment that is killed after any of its calls: what is at work stays, the next run completes it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import requests
from cbsnap.clock import SystemClock
from cbsnap.entry.cli.project import Project
from cbsnap.errors import Refused
from cbsnap.jobs import undeploy
from cbsnap.jobs.deploy import Deployer
from cbsnap.rules import deploying, undeploying
from cbsnap.tencent.platform import RegionPlatform

from tests.functions.stage import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cbsnap.deployment import Found

    from tests.deploy.checkout import Checkout

MOST_CALLS = 60


class Killed(BaseException):
    """The process ends here."""


class Mortal:
    """The core's calls, which end the process after so many changes; what was sent last is carried out."""

    def __init__(self, checkout: Checkout, lives: int) -> None:
        self._api = checkout.api()
        self._lives = lives

    def read(self, service: str, action: str, params: Mapping[str, Any]) -> dict[str, Any]:
        return self._api.read(service, action, params)

    def call(self, service: str, action: str, params: Mapping[str, Any], timeout_s: float) -> dict[str, Any]:
        answer = self._api.call(service, action, params, timeout_s)
        self._lives -= 1
        if self._lives == 0:
            raise Killed
        return answer


def deploy(checkout: Checkout, lives: int = MOST_CALLS) -> int:
    """Deploy as the command does; returns how many changes the plan had."""
    project = Project(
        checkout.root / "serverless.yml", checkout.root, checkout.root / "dist", checkout.environment
    )
    deployer = Deployer(platform(checkout, lives), SystemClock(), project.content, lambda _: None)
    wanted = project.wanted()
    plan = deploying.plan(wanted, deployer.look(wanted, project.looks_like_ours))
    deployer.carry_out(wanted, plan)
    deployer.tidy(wanted, deployer.look(wanted, project.looks_like_ours))
    return plan.changes


def there(checkout: Checkout) -> dict[str, Any]:
    """Return what is there and what is called; when it was made does not count."""
    found = platform(checkout).found("tests", lambda _: False)
    layers = {one.name: sorted(one.versions.values()) for one in found.layers}
    functions = {
        one.name: (frozenset(one.triggers), one.retrying, len(one.versions)) for one in found.functions
    }
    return {"functions": functions, "layers": layers, "called": called(found)}


def called(found: Found) -> dict[str, object]:
    """Return what everybody gets: code, settings, and the content of layers."""
    bound = {(one.name, number): digest for one in found.layers for number, digest in one.versions.items()}
    return {
        one.name: (one.live.sha256, one.live.settings, [bound[ref] for ref in one.live.layers])
        for one in found.functions
        if one.live
    }


def platform(checkout: Checkout, lives: int = MOST_CALLS) -> RegionPlatform:
    api = Mortal(checkout, lives)
    return RegionPlatform(api, "default", SystemClock())  # type: ignore[arg-type]  # the two calls that it uses


@pytest.fixture
def every(request: pytest.FixtureRequest) -> int:
    """Return how far the deaths lie apart: after each change with --root, as in CI; each third without."""
    return 1 if request.config.getoption("--root") else 3


def killed_everywhere(
    prepare: Callable[[], None],
    act: Callable[[int], object],
    check: Callable[[str], None],
    lives: range,
) -> int:
    """Kill something after so many of its changes, and look at what is left; returns how often it died."""
    for died, each in enumerate(lives):
        prepare()
        try:
            act(each)
        except Killed:
            check(f"killed after change {each}")
        else:
            return died
    raise AssertionError("it makes more changes than were tried")


def reset(checkout: Checkout) -> None:
    requests.post(f"{checkout.url}/_local/reset", timeout=10).raise_for_status()


class Releases:
    """Three states of a checkout, each packaged; the second and the third change everything."""

    CHANGED = (
        ("functions/one/index", "one"),
        ("functions/two/index", "two"),
        ("layers/core/of_core", "core"),
    )

    def __init__(self, checkout: Checkout) -> None:
        self._checkout = checkout
        self._states = []
        for number in (1, 2, 3):
            checkout.package()
            kept = checkout.root / f"kept-{number}"
            for part in ("functions", "layers", "dist"):
                shutil.copytree(checkout.root / part, kept / part)
            self._states.append(kept)
            for name, word in self.CHANGED:
                checkout.change(f"{name}.py", f"{word} {number}", f"{word} {number + 1}")

    def put(self, number: int) -> None:
        """Make the checkout this state of it."""
        shutil.copytree(self._states[number - 1], self._checkout.root, dirs_exist_ok=True)


def test_the_first_deployment_is_completed_wherever_it_was_killed(checkout: Checkout, every: int) -> None:
    deploy(checkout)
    whole = there(checkout)
    lives = range(1, MOST_CALLS, every)

    def check(told: str) -> None:
        deploy(checkout)
        assert there(checkout) == whole, told

    assert deploy(checkout) == 0
    assert (
        killed_everywhere(lambda: reset(checkout), lambda n: deploy(checkout, n), check, lives) * every >= 10
    )


class Later:
    """A deployment after others; what it is followed by is completed, and can be rolled back."""

    def __init__(self, checkout: Checkout, number: int) -> None:
        self._checkout, self._number = checkout, number
        self._releases = Releases(checkout)
        self.prepare()
        self._before = there(checkout)["called"]
        deploy(checkout)
        self._after = there(checkout)

    def prepare(self) -> None:
        reset(self._checkout)
        for number in range(1, self._number):
            self._releases.put(number)
            deploy(self._checkout)
        self._releases.put(self._number)

    def check(self, told: str) -> None:
        deploy(self._checkout)
        assert there(self._checkout) == self._after, told
        steps = undeploying.back(platform(self._checkout).found("tests", lambda _: False), "tests")
        undeploy.go_back(steps, platform(self._checkout), lambda _: None)
        assert there(self._checkout)["called"] == self._before, told


CHANGES_OF_A_LATER_ONE = 11  # without what it deletes


def test_a_later_one_is_completed_wherever_it_was_killed_and_can_be_rolled_back(
    checkout: Checkout, every: int
) -> None:
    second = Later(checkout, 2)
    lives = range(1, MOST_CALLS, every)

    died = killed_everywhere(second.prepare, lambda n: deploy(checkout, n), second.check, lives)

    assert died == len(range(1, CHANGES_OF_A_LATER_ONE + 1, every))


def test_one_that_was_killed_while_it_deleted_is_completed_and_can_be_rolled_back(checkout: Checkout) -> None:
    third = Later(checkout, 3)
    lives = range(CHANGES_OF_A_LATER_ONE, MOST_CALLS)

    died = killed_everywhere(third.prepare, lambda n: deploy(checkout, n), third.check, lives)

    assert died == 1 + 3  # it deletes two functions' versions and one layer's


def test_destroy_is_completed_wherever_it_was_killed(checkout: Checkout, every: int) -> None:
    def prepare() -> None:
        reset(checkout)
        deploy(checkout)

    def remove(lives: int) -> None:
        mortal = platform(checkout, lives)
        removal = undeploying.removal(mortal.found("tests", lambda _: False), "tests")
        assert undeploy.remove(removal, mortal, SystemClock(), lambda _: None) == []

    def check(told: str) -> None:
        remove(MOST_CALLS)
        assert checkout.deployed() == {"functions": {}, "layers": []}, told

    assert killed_everywhere(prepare, remove, check, range(1, MOST_CALLS, every)) * every > 5


@pytest.mark.parametrize(
    "action", ["PublishLayerVersion", "CreateFunction", "PublishVersion", "CreateTrigger"]
)
def test_an_answer_that_was_lost_ends_it_and_nothing_is_made_twice(checkout: Checkout, action: str) -> None:
    fault = {"kind": "no_answer", "action": action}
    requests.post(f"{checkout.url}/_local/faults", json=[fault], timeout=10).raise_for_status()

    ended = checkout.run("deploy", "--yes")
    checkout.deploy()

    assert ended.code == 3
    assert checkout.changes().count("PublishLayerVersion") == 2
    assert checkout.changes().count("CreateFunction") == 2
    assert checkout.changes().count("CreateTrigger") == 2
    assert set(checkout.deploy().actions().values()) == {"same"}


def test_who_presses_ctrl_c_is_told_how_to_go_on_and_can(checkout: Checkout, slow: str) -> None:
    checkout.url = slow
    program = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "  # as at a terminal
        "from cbsnap.entry.cli.app import main; sys.exit(main())"
    )
    command = [sys.executable, "-u", "-c", program, "deploy", "--file", str(checkout.root / "serverless.yml")]
    given = {**os.environ, **checkout.environment, **checkout.access()}
    with subprocess.Popen(
        [*command, "--yes"],
        env={**given, "PYTHONPATH": str(ROOT / "layers/cbsnap")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert any("function small-one: creating" in line for line in process.stdout)
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()

    assert (process.returncode, "run it again" in said, "Traceback" in said) == (130, True, False), said
    assert "create" in checkout.deploy().actions().values()
    assert checkout.answer()[0] == "one 1"


def test_a_status_that_failed_ends_it(checkout: Checkout) -> None:
    class Failing(RegionPlatform):
        def status(self, function: str) -> str:
            return "CreateFailed"

    project = Project(checkout.root / "serverless.yml", checkout.root, checkout.root / "dist", {"WORD": ""})
    failing = Failing(checkout.api(), "default", SystemClock())
    deployer = Deployer(failing, SystemClock(), project.content, lambda _: None)
    wanted = project.wanted()
    plan = deploying.plan(wanted, deployer.look(wanted, project.looks_like_ours))

    with pytest.raises(Refused, match="function small-one: the platform could not carry it out"):
        deployer.carry_out(wanted, plan)


def test_code_that_was_sent_and_taken_back_is_not_called_with_other_settings(checkout: Checkout) -> None:
    deploy(checkout)
    checkout.change("functions/one/index.py", "one 1", "one 2")
    checkout.package()
    with pytest.raises(Killed):
        deploy(checkout, 1)
    assert checkout.changes()[-1] == "UpdateFunctionCode"
    checkout.change("functions/one/index.py", "one 2", "one 1")
    checkout.package()
    checkout.change("serverless.yml", "timeout: 5", "timeout: 7")

    deploy(checkout)

    assert checkout.answer()[0] == "one 1"
    assert checkout.scf("GetFunction", FunctionName="small-one", Qualifier="$DEFAULT")["Timeout"] == 7
