"""What is asked of hosts, word by word, and that what was held is let go by its own name."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Barrier

import pytest
from cbsnap.errors import HostRefused, HostUnreachable
from cbsnap.jobs.bracket import RESERVE_S, Wish, held
from cbsnap.model.policies import Quiesce
from cbsnap.ports.hosts import LeaseRecord

from .fakes import FakeClock, FakeHost

QUIESCE = Quiesce("mysql", ttl_s=20, budget_s=70)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def host(clock: FakeClock) -> FakeHost:
    return FakeHost(clock, [])


def test_a_lease_is_asked_for_as_the_policy_says_under_an_id_of_its_own(clock: FakeClock) -> None:
    first, second = host(clock), host(clock)

    with held([Wish(first, ("disk-a",)), Wish(second, ("disk-b",))], "run/group", QUIESCE, clock):
        asked = [one.holding for one in (first, second) if one.holding]

    assert [(one.operation, one.plan, one.ttl_s, one.budget_ms) for one in asked] == [
        ("run/group", "mysql", 20, 70_000)
    ] * 2
    assert [one.disk_ids for one in asked] == [("disk-a",), ("disk-b",)]
    ids = {one.lease_id for one in asked}
    assert len(ids) == 2
    assert all(re.fullmatch(r"[0-9a-f]{32}", one) for one in ids)


def test_work_ends_before_the_first_lease_does_with_the_time_to_release_it(clock: FakeClock) -> None:
    with held([Wish(host(clock), ("disk-a",))], "run/group", QUIESCE, clock) as hold:
        assert hold.left_s(clock) == 20 - RESERVE_S


def test_a_lease_whose_answer_was_lost_is_let_go_by_its_id(clock: FakeClock) -> None:
    lost = host(clock)
    lost.troubles["lease"] = [HostUnreachable("no answer")]

    with pytest.raises(HostUnreachable), held([Wish(lost, ("disk-a",))], "run/group", QUIESCE, clock):
        pytest.fail("nothing is held")

    assert lost.holding is None


def test_a_host_that_could_not_be_quiesced_says_why_and_the_first_one_is_released(clock: FakeClock) -> None:
    first, second = host(clock), host(clock)
    second.fails = ["a long query"]
    first.troubles["release"] = [HostUnreachable("no answer")]

    with (
        pytest.raises(HostRefused, match="a long query") as refused,
        held([Wish(first, ("disk-a",)), Wish(second, ("disk-b",))], "run/group", QUIESCE, clock),
    ):
        pytest.fail("nothing is held")

    assert (refused.value.code, refused.value.field) == ("not-quiesced", "")
    assert first.holding is None
    assert first.released_with == {}


def test_a_release_is_tried_for_as_long_as_the_host_may_hold(clock: FakeClock) -> None:
    silent = host(clock)
    silent.troubles["release"] = [HostUnreachable("no answer")] * 99

    with held([Wish(silent, ("disk-a",))], "run/group", QUIESCE, clock) as hold:
        pass

    assert hold.released == (None,)
    assert silent.log.count("release") == 22  # at once, and each second, until its 20 are over


def test_of_several_hosts_one_that_does_not_answer_is_tried_again_by_itself(clock: FakeClock) -> None:
    first, silent = host(clock), host(clock)
    silent.troubles["release"] = [HostUnreachable("no answer")]

    with held([Wish(first, ("disk-a",)), Wish(silent, ("disk-b",))], "run/group", QUIESCE, clock) as hold:
        pass

    assert [one and one.whole for one in hold.released] == [True, True]
    assert (first.log.count("release"), silent.log.count("release")) == (1, 2)


@dataclass
class Awaiting(FakeHost):
    """Answers a release once all others were asked for theirs."""

    all_asked: Barrier = field(kw_only=True)

    def release(self, lease_id: str, answered: Mapping[str, str]) -> LeaseRecord:
        self.all_asked.wait(timeout=20)
        return super().release(lease_id, answered)


def test_releases_go_out_side_by_side_however_many_hosts_there_are(clock: FakeClock) -> None:
    together = Barrier(40)
    wishes = [Wish(Awaiting(clock, [], all_asked=together), (f"disk-{number}",)) for number in range(40)]

    with held(wishes, "run/group", QUIESCE, clock) as hold:
        pass

    assert all(one and one.whole for one in hold.released)
