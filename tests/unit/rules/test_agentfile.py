"""A host's configuration: a person's plans, completed with what is each host's own."""

from __future__ import annotations

import pytest
from cbsnap.errors import InputError
from cbsnap.rules import agentfile

PLANS = "[plan:orders]\nsteps = sync\nmounts = /srv\n"


def test_a_host_with_a_port_gets_its_address_its_id_and_a_key() -> None:
    made = agentfile.completed("# ours\n[agent]\nallow = 10.0.0.0/8\n\n" + PLANS, "ins-1", ("10.0.0.4", 9780))

    assert made.splitlines()[:6] == [
        "# ours",
        "[agent]",
        "listen = 10.0.0.4:9780",
        "key_file = /etc/cbsnap-agent/keys",
        "instance_id = ins-1",
        "allow = 10.0.0.0/8",
    ]
    assert made.endswith(PLANS)


def test_a_host_without_one_listens_nowhere_and_has_no_key() -> None:
    made = agentfile.completed(PLANS, "ins-1", None)

    assert made == f"[agent]\nlisten = off\ninstance_id = ins-1\n{PLANS}"


def test_an_address_of_the_newer_kind_stands_in_brackets() -> None:
    assert "listen = [fd00::4]:9780\n" in agentfile.completed(PLANS, "ins-1", ("fd00::4", 9780))


@pytest.mark.parametrize("key", ["listen", "instance_id", "key_file"])
def test_what_is_each_hosts_own_may_not_stand_in_the_common_file(key: str) -> None:
    with pytest.raises(InputError, match=key):
        agentfile.completed(f"[agent]\n{key} = x\n{PLANS}", "ins-1", None)


def test_a_key_of_that_name_in_a_plan_is_the_plans_business() -> None:
    text = "[agent]\n[plan:a]\nlisten = x\n"

    assert "listen = x" in agentfile.completed(text, "ins-1", None)


def test_the_plans_are_those_of_the_sections() -> None:
    assert agentfile.plans(PLANS + "[drill:mysql]\n[plan:cold]\n") == ["orders", "cold"]


def test_a_file_without_plans_is_refused() -> None:
    with pytest.raises(InputError, match=r"no \[plan:NAME\] section"):
        agentfile.plans("[agent]\nallow = 10.0.0.0/8\n")
