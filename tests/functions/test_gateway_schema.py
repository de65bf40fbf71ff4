"""Whatever is sent to the API: no fault of ours, and no answer that its description does not know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from cbsnap.entry.http.app import application
from cbsnap.wiring import Wiring
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from .stage import TOKEN

if TYPE_CHECKING:
    from schemathesis import Case

    from .stage import Stage

CHECKS = [
    not_a_server_error,
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
]


APPLICATION = application(Wiring({}))
SCHEMA = schemathesis.openapi.from_dict(APPLICATION.openapi())
OPERATIONS = {
    one.label: one for found in SCHEMA.get_all_operations() if isinstance(found, Ok) and (one := found.ok())
}


@pytest.mark.parametrize("label", OPERATIONS)
def test_every_answer_is_one_that_is_described(running_stage: Stage, label: str) -> None:
    cases = st.one_of([OPERATIONS[label].as_strategy(generation_mode=mode) for mode in GenerationMode])

    @given(cases)
    @settings(
        max_examples=12,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def answered(case: Case[Any]) -> None:
        case.call_and_validate(
            base_url=f"{running_stage.url}/_local/url/cbsnap-gateway",
            headers={"Authorization": f"Bearer {TOKEN}"},
            checks=CHECKS,
            timeout=60,
        )

    answered()


def test_the_description_is_served_as_it_is(running_stage: Stage) -> None:
    assert running_stage.api("GET", "/openapi.json", token=None).json() == APPLICATION.openapi()


def test_the_description_names_every_scope_and_has_examples() -> None:
    raw = APPLICATION.openapi()

    private = {path: ways for path, ways in raw["paths"].items() if path.startswith("/v1/")}
    assert raw["openapi"].startswith("3.1")
    assert all(way["security"][0]["bearer"] for ways in private.values() for way in ways.values())
    assert raw["components"]["schemas"]["SnapshotRequest"]["examples"]
