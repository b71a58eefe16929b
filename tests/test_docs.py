"""The docs say only what is so: links, pictures, variables, commands, codes and tests that they name exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from designer import reference
from designer.cli import COMMANDS
from designer.config import Config
from engine import faults
from engine.guard import VARIABLE

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
CODE = [
    path for package in ("designer", "engine", "nodes") for path in sorted((ROOT / package).rglob("*.py"))
]
OTHERS = {VARIABLE, "HEDDLE_SKIP_EDITOR", "HEDDLE_CHROMIUM", "HEDDLE_TEST_POSTGRES"}
"""Variables that are not settings of an installation: of the guard, the build and the tests."""

CODE_NAME = re.compile(r"^E-[A-Z][A-Z0-9]*(?:-[A-Z0-9]+)*$")


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("sheet", PAGES, ids=named)
def test_links_lead_somewhere(sheet: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", sheet.read_text()):
        if target.startswith(("http://", "https://")):
            continue
        path, _, anchor = target.partition("#")
        there = (sheet.parent / path).resolve() if path else sheet
        assert there.exists(), f"{named(sheet)} points to {target}"
        if anchor:
            assert anchor in anchors(there), f"{named(sheet)} points to {target}"


def anchors(page: Path) -> set[str]:
    """What headings are called in links."""
    heads = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def test_pictures_are_small_and_used() -> None:
    text = "".join(page.read_text() for page in PAGES)
    pictures = list((ROOT / "docs" / "images").iterdir())
    assert pictures
    for picture in pictures:
        assert picture.stat().st_size < 200_000, f"{picture.name} is too large"
        assert f"images/{picture.name}" in text, f"no page shows {picture.name}"


def test_every_variable_is_told_and_exists() -> None:
    """Both ways: what docs/operations.md lists are the settings, and no page names another."""
    settings = {f"HEDDLE_{name.upper()}" for name in Config.model_fields}
    listed = set(
        re.findall(r"^\| `(HEDDLE_\w+)`", (ROOT / "docs" / "operations.md").read_text(), re.MULTILINE)
    )
    assert listed == settings | {VARIABLE}
    for page in PAGES:
        assert set(re.findall(r"HEDDLE_[A-Z_]+\b", page.read_text())) <= settings | OTHERS, named(page)


@pytest.mark.parametrize("sheet", PAGES, ids=named)
def test_commands_exist(sheet: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    text = sheet.read_text()
    assert set(re.findall(r"(?:^|`)make ([a-z-]+)", text, re.MULTILINE)) <= targets
    said = re.findall(r"(?:^|[`/]|-m )heddle ([a-z]+)", text, re.MULTILINE)
    assert set(said) <= COMMANDS.keys()


def codes() -> set[str]:
    """Every error code in the code: each literal that looks like one."""
    return {
        node.value
        for path in CODE
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE_NAME.match(node.value)
    }


def test_every_code_is_explained() -> None:
    rows = re.findall(
        r"^\| `(E-[A-Z0-9-]+)` \| (.+) \| (.+) \|$", (ROOT / "docs" / "errors.md").read_text(), re.MULTILINE
    )
    explained = [code for code, _, _ in rows]
    assert sorted(explained) == sorted(codes())


def test_every_crash_point_is_explained() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    assert {name for row in rows for name in re.findall(r"`([a-z-]+)`", row)} == set(faults.POINTS)


def test_every_promise_names_a_test() -> None:
    rows = [
        line for line in (ROOT / "docs" / "promises.md").read_text().splitlines() if line.startswith("| ")
    ]
    rows = [row for row in rows if row != "| Promise | Proved by |"]
    assert len(rows) > 20
    for row in rows:
        proofs = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", row)
        assert proofs, row
        for path, test in proofs:
            assert f"def {test}(" in (ROOT / path).read_text(), f"{path} has no {test}"


@pytest.mark.parametrize("sheet", PAGES, ids=named)
def test_files_that_are_named_exist(sheet: Path) -> None:
    for path in re.findall(
        r"`((?:designer|engine|nodes|flows|static|tests|docs)/[\w./-]*)`", sheet.read_text()
    ):
        assert (ROOT / path).exists(), f"{named(sheet)} names {path}"


@pytest.mark.parametrize(
    ("name", "made"), [("nodes.md", reference.nodes), ("connectors.md", reference.connectors)]
)
def test_the_reference_is_up_to_date(name: str, made: object) -> None:
    assert callable(made)
    assert (ROOT / "docs" / name).read_text() == made(), "run: heddle docs"
