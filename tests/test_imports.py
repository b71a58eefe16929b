"""Who may import whom, and how long a file may be."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FILES = sorted(
    path.relative_to(ROOT)
    for package in ("designer", "engine", "nodes")
    for path in (ROOT / package).rglob("*.py")
)
TESTS = sorted(path.relative_to(ROOT) for path in (ROOT / "tests").rglob("*.py"))
LONGEST = 400
FORBIDDEN = {"engine": {"nodes", "designer"}, "designer": {"nodes"}, "nodes": {"designer"}}
HOMES = {
    "sqlmodel": ("engine/store/",),
    "sqlalchemy": ("engine/store/",),
    "alembic": ("engine/store/",),
    "rq": ("engine/queue.py",),
    "redis": ("engine/queue.py", "engine/limiter.py", "engine/crew.py"),
    "networkx": ("engine/plan.py",),
    "durable": ("engine/inference.py",),
    "durable_rules_engine": ("engine/inference.py",),
    "flask": ("designer/", "nodes/systems/"),
}
"""Libraries that only some rooms may know. (A sandbox is a Flask app: see below.)"""


def imported(path: Path) -> set[str]:
    """The full names of all modules that a file imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} imports relatively"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("path", FILES, ids=str)
def test_imports_only_what_it_may(path: Path) -> None:
    names = imported(path)
    roots = {name.partition(".")[0] for name in names}
    assert not roots & FORBIDDEN[path.parts[0]], "a package below must not know one above"
    strangers = {
        root for root in roots & HOMES.keys() if not any(str(path).startswith(home) for home in HOMES[root])
    }
    assert not strangers, f"only {[HOMES[name] for name in strangers]} may import {strangers}"


def test_only_sandboxes_speak_flask() -> None:
    speakers = {path for path in FILES if path.parts[0] == "nodes" and "flask" in _roots(path)}
    assert {path for path in speakers if not path.name.startswith("sandbox")} == set()


def test_a_sandbox_never_imports_its_connector() -> None:
    for path in (path for path in FILES if path.parts[:2] == ("nodes", "systems") and len(path.parts) == 4):
        if not path.name.startswith("sandbox"):
            continue
        own = ".".join(path.parts[:3])
        rooms = {name.removeprefix(f"{own}.").partition(".")[0] for name in imported(path) if own in name}
        assert {room for room in rooms if not room.startswith("sandbox")} == set(), path


def test_rooms_are_small() -> None:
    long = {
        str(path): n
        for path in [*FILES, *TESTS]
        if (n := len((ROOT / path).read_text().splitlines())) > LONGEST
    }
    assert not long


def _roots(path: Path) -> set[str]:
    return {name.partition(".")[0] for name in imported(path)}
