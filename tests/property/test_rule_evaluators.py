"""Three evaluators of one rule set give the same answer for every record."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import inference, source
from tests.property import rule_sets


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**9), st.sampled_from([1, 3, 7, 20]), st.booleans())
def test_compiled_rules_judge_as_the_plain_walk_does(seed: int, rules: int, chained: bool) -> None:
    assert not inference.enabled()
    rule_sets.compare(seed, rules, 30, chained=chained)


def test_an_index_changes_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "INDEX_FROM", 0)
    judged = sum(rule_sets.compare(seed, 1 + seed % 30, 20, chained=False) for seed in range(60))
    assert judged + rule_sets.compare(7, 300, 30, chained=False) > 20_000


def durable(start: int, sets: int, rules: int, records: int) -> int:
    """Evaluations done by durable-rules in a process of its own, which must survive."""
    script = Path(rule_sets.__file__)
    arguments = [sys.executable, str(script), *map(str, (start, sets, rules, records))]
    root = script.parents[2]
    done = subprocess.run(
        arguments, cwd=root, env={"PYTHONPATH": str(root)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"exit {done.returncode}: {done.stderr[-2000:]}"
    return int(done.stdout)


def test_durable_rules_draws_the_conclusions_that_follow() -> None:
    assert durable(1, 30, 12, 25) + durable(500, 3, 120, 10) > 10_000


@pytest.mark.long
def test_a_million_evaluations_agree() -> None:
    compiled = sum(rule_sets.compare(seed, 30, 200, chained=False) for seed in range(10_000, 10_120))
    inferred = sum(durable(20_000 + 100 * part, 100, 30, 30) for part in range(5))
    assert compiled + inferred > 1_000_000


def test_survives_what_breaks_rules_engines() -> None:
    root = Path(rule_sets.__file__).parents[2]
    command = [sys.executable, "-m", "tests.property.attacks"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, f"exit {done.returncode}: {done.stderr[-2000:]}"
    became = dict(line.split(": ", 1) for line in done.stdout.splitlines())
    rejected = {"nan", "signalling nan", "binary nan", "surrogate", "deep", "division by zero"}
    assert {name for name, what in became.items() if what == "rejected"} == rejected
    assert became["10,000 keys"] == became["2^63"] == became["same id again"] == "fired 2"
    assert became["1e-07"] == became["nothing"] == "fired 0"
    assert became["1,000 rules"] == "fired 502"
    assert became["300 equal conditions"] == "fired 302"
    assert became["100 steps"] == "fired 102"
    assert became["circle"] == "E-FACT-CIRCLE"
    assert became["300 versions"] == "survived"
