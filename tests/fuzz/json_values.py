"""Any JSON, and JSON that is nearly right: good values with something in them replaced, added or left out."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import strategies as st

# What parsers stumble over: types that are almost right, numbers out of range, text that is no Unicode.
ODD: st.SearchStrategy[Any] = st.sampled_from(
    [
        None, True, False, 0, -1, 1.5, 1e308, float("nan"), float("inf"), 10**30, 10**400, "", "0", "whole",
        "RELEASED", "HELD", "application", "clean", "disk-a", "disk-b", "\ud800", "\x00", "\r\nX: y", "../..",
        "a" * 3000, [], {}, [[]], [{}], {"": None}, {"\ud800": 1},
    ]
)  # fmt: skip
LEAVES = ODD | st.integers() | st.floats() | st.text(max_size=20)
ANY = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@st.composite
def nearly(draw: st.DrawFn, good: Any, most_changes: int = 3) -> Any:  # noqa: ANN401 - JSON
    """Return a good value with up to so many changes anywhere in it."""
    value = [copy.deepcopy(good)]
    for _ in range(draw(st.integers(0, most_changes))):
        _change(draw, value)
    return value[0]


def _change(draw: st.DrawFn, root: list[Any]) -> None:
    """Change one place below the root, which stays a list of one."""
    holder, key = draw(st.sampled_from(list(_places(root))))
    kind = draw(st.sampled_from(["replace", "replace", "drop", "repeat", "add"]))
    if kind == "drop" and holder is not root:
        del holder[key]
    elif kind == "repeat" and isinstance(holder, list) and holder is not root:
        holder.append(copy.deepcopy(holder[key]))
    elif kind == "add" and isinstance(holder, dict):
        holder[draw(st.text(max_size=8))] = copy.deepcopy(draw(LEAVES))
    else:
        holder[key] = copy.deepcopy(draw(ANY))  # some are ODD's own, and would be changed for all


def _places(holder: Any) -> Any:  # noqa: ANN401 - pairs of a container and a key
    for key in list(holder) if isinstance(holder, dict) else range(len(holder)):
        yield holder, key
        if isinstance(holder[key], (dict, list)):
            yield from _places(holder[key])
