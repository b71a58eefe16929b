"""The commands that look at drawings and accounts, as a script calls them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from designer.cli import COMMANDS, main

ROOT = Path(__file__).resolve().parents[2]
READY = [path for path in sorted((ROOT / "flows").glob("*/*.json")) if path.parent.name != "rules"]


@pytest.fixture
def heddle(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    monkeypatch.setenv("HEDDLE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("HEDDLE_DATABASE_URL", database_url)

    def call(*arguments: str) -> Result:
        return CliRunner().invoke(main, list(arguments))

    return call


def test_every_command_explains_itself(heddle) -> None:  # type: ignore[no-untyped-def]
    for name in COMMANDS:
        said = heddle(name, "--help")
        assert said.exit_code == 0, said.output
        assert "Usage: main" in said.output


def test_a_token_is_printed_alone(heddle) -> None:  # type: ignore[no-untyped-def]
    said = heddle("token", "create", "--role", "operator")
    assert said.exit_code == 0
    assert len(said.output.split()) == 1


def test_import_check_export_come_round(heddle, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    drawn = {"heddle": 1, "name": "Nothing yet"}
    file = tmp_path / "drawn.json"
    file.write_text(json.dumps(drawn))
    slug = heddle("import", str(file)).output.strip()
    assert slug == "nothing-yet"
    exported = tmp_path / "exported.json"
    assert heddle("export", slug, "-o", str(exported)).exit_code == 0
    assert heddle("import", str(exported)).output.strip() == "nothing-yet-2"
    assert heddle("export", "nothing-yet-2").output == exported.read_text()
    by_name, by_file = heddle("check", slug), heddle("check", str(file))
    assert by_name.output == by_file.output
    assert by_name.exit_code == by_file.exit_code


def test_a_wrong_drawing_is_refused_in_words(heddle, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path / "drawn.json"
    wrong = {"heddle": 1, "name": "Wrong", "nodes": [{"id": "a", "type": "no-such", "version": 1}]}
    file.write_text(json.dumps(wrong))
    said = heddle("check", str(file))
    assert said.exit_code == 1
    assert "no-such" in said.output
    file.write_text("{")
    assert "is not JSON" in heddle("check", str(file)).output
    assert "no file and no flow" in heddle("check", "nowhere").output


@pytest.mark.parametrize("path", READY, ids=lambda path: path.stem)
def test_ready_flows_have_no_errors(heddle, path: Path) -> None:  # type: ignore[no-untyped-def]
    said = heddle("check", str(path))
    assert said.exit_code == 0, said.output
