"""YAML is read with its lines, within bounds, and never as code."""

import pytest
from cbsnap.policyfile.yamllines import LONGEST, read


def told(text: str) -> list[tuple[int | None, str]]:
    return [(finding.line, finding.message) for finding in read(text).findings]


def test_keys_and_items_know_their_lines() -> None:
    document = read("a:\n  b: 1\n  c:\n  - x\n  - y\n")

    assert document.value == {"a": {"b": 1, "c": ["x", "y"]}}
    assert not document.findings
    assert document.line(("a",)) == 1
    assert document.line(("a", "b")) == 2
    assert document.line(("a", "c", 1)) == 5


def test_a_missing_key_is_placed_on_what_would_hold_it() -> None:
    assert read("x: 1\na:\n  b: 1\n").line(("a", "z", "y")) == 2


def test_keys_stay_as_written() -> None:
    assert read('{on: 1, 2: 1, null: 1, "a b": 1}').value == {"on": 1, "2": 1, "null": 1, "a b": 1}


def test_an_empty_text_is_an_empty_mapping() -> None:
    assert read("").value == {}
    assert read("# nothing\n").value == {}


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a:\n\tb: 1", 2, "spaces, never tabs"),
        ("a: 1\nb: * * * * *\n", 2, "begins with *"),
        ("a: 1\nb: [1, 2", 2, "not YAML"),
        ("a: b: c", 1, "not YAML"),
        ("a: 1\n---\nb: 1", 2, "another document"),
        ("a: *gone", 1, "undefined alias"),
        ("a: 1\nb: \0", 2, "control characters"),
        ("a: 1\nb: \ud800", 2, "surrogates"),
        ("a: 1\nb: " + "[" * 100_000, 2, "levels deep"),
        ("a: 1\nb: " + "{x: " * 100_000, 2, "levels deep"),
        ("a" * (LONGEST + 1), 1, "longer than 1,048,576"),
        ("a: &a [*a]", 1, "following aliases"),
    ],
)
def test_an_unreadable_text_is_told_with_its_line(text: str, line: int, words: str) -> None:
    document = read(text)

    assert document.unreadable
    [finding] = document.findings
    assert finding.line == line
    assert words in finding.message


def test_aliases_that_multiply_are_cut_off() -> None:
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]

    document = read("\n".join(levels))

    assert document.unreadable
    assert "following aliases" in document.findings[0].message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: !!python/object/apply:os.system [x]", "!!python"),
        ("a: !!python/name:os.system ''", "is not read"),
        ("a: !mine x", "is not read"),
    ],
)
def test_a_tag_runs_nothing(text: str, words: str) -> None:
    document = read(text)

    assert document.value in ({"a": None}, {"a": ["x"]})
    assert bool(document.findings) == (words == "is not read")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\na: 2\n", [(2, "given twice, first on line 1: keep one of them")]),
        ("? [a]\n: 1", [(1, "a key must be plain text")]),
        ("a: 2026-13-45", [(1, "'2026-13-45' looks like a date or number but is none: quote it")]),
        ("b: 1\na:\n", [(2, "has no value: write one, or leave the key out")]),
        ("- 1\n- ~\n", [(2, "has no value: write one, or leave the key out")]),
    ],
)
def test_what_is_wrong_beside_the_syntax_is_found_too(text: str, expected: list[tuple[int, str]]) -> None:
    assert told(text) == expected
