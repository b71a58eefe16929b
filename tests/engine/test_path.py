"""Paths: our getters answer what jsonpath-ng's own find answers, and refuse what it would answer wrongly."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonpath_ng.ext import parse as reference

from engine.path import MISSING, PathError, parse_path, plain_path

NAMES = ["a", "b", "Lines", "Net amount", "x-1", "where"]

scalars = (
    st.none() | st.booleans() | st.integers(-3, 3) | st.decimals(-9, 9, places=2) | st.text("ab ", max_size=3)
)
documents = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=25,
)


def quoted(name: str) -> str:
    return f"['{name}']"


steps = st.one_of(
    st.sampled_from(NAMES).map(quoted),
    st.sampled_from(["a", "b", "Lines", "x-1"]).map(lambda name: f".{name}"),
    st.lists(st.sampled_from(NAMES), min_size=2, max_size=3).map(
        lambda names: f"[{','.join(map(repr, names))}]"
    ),
    st.integers(-3, 3).map(lambda index: f"[{index}]"),
    st.lists(st.integers(-3, 3), min_size=2, max_size=3).map(lambda found: f"[{','.join(map(str, found))}]"),
    st.sampled_from(["[*]", ".*", "[:]", "[0:2]", "[-2:]", "[::2]", "[::-1]", "[1:]"]),
    st.sampled_from(
        ["..a", "..Lines", "..*", "[?(@.a == 1)]", "[?(@.a != 'b')]", "[?(@.b)]", "[?(@.a == null)]"]
    ),
)
paths = (
    st.lists(steps, max_size=5)
    .filter(lambda parts: sum(part.startswith("..") for part in parts) < 2)
    .map(lambda parts: "$" + "".join(parts))
)


@settings(max_examples=400, deadline=None)
@given(path=paths, document=documents)
def test_getters_answer_what_find_answers(path: str, document: Any) -> None:
    found = [match.value for match in reference(path).find(document)]
    compiled = parse_path(path)
    answer = compiled.get(document)
    if compiled.single:
        assert found == ([] if answer is MISSING else [answer])
    else:
        assert answer == found


@settings(max_examples=100, deadline=None)
@given(names=st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=3), value=scalars)
def test_the_path_of_any_names_leads_to_them(names: list[str], value: Any) -> None:
    document = value
    for name in reversed(names):
        document = {name: document}
    assert parse_path(plain_path(*names)).get(document) == value


@settings(max_examples=300, deadline=None)
@given(text=st.text("$.[]()*?@'\"`\\|&=<>~!ab01,: -", max_size=14))
def test_any_text_is_a_path_or_a_path_error(text: str) -> None:
    with suppress(PathError):
        assert parse_path(text).text == text


@pytest.mark.parametrize(
    "path",
    [
        "$.a[?(@.b > 1)]",
        "$.a[?(@.b == 1.5)]",
        "$.a[?(@.b =~ 'x.*')]",
        "$.a.`len`",
        "$.a + 1",
        "$.a[\\b]",
        "$.a.$.b",
        "$.a where b",
        "$.a.`parent`",
        "$.a[::0]",
        "$.a.",
        "",
        "$." + "a" * 600,
    ],
)
def test_what_could_answer_wrongly_is_refused_with_a_cure(path: str) -> None:
    with pytest.raises(PathError) as refused:
        parse_path(path)
    assert len(str(refused.value)) > 30


def test_deprecated_operators_are_refused() -> None:
    with pytest.raises(PathError, match="function"):
        parse_path("$.a | $.b")
