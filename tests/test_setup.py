"""What a clean machine is set up from agrees with what the project says it needs."""

from __future__ import annotations

import importlib.util
import json
import re
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PYTHONS = ("3.11.7", "3.12.1", "3.13.0")


def pinned(file: str, python: str) -> dict[str, str]:
    """Package → version, as pinned for Linux and one version of Python."""
    environment = {
        **default_environment(),
        "python_version": python.rpartition(".")[0],
        "python_full_version": python,
        "sys_platform": "linux",
    }
    found: dict[str, str] = {}
    for line in (ROOT / ".ci" / file).read_text().splitlines():
        wanted = Requirement(line)
        if wanted.marker is None or wanted.marker.evaluate(environment):
            (pin,) = wanted.specifier
            assert pin.operator == "==", line
            assert wanted.name not in found, f"{wanted.name} is pinned twice for {python}"
            found[wanted.name] = pin.version
    return found


def asked(group: str | None) -> list[Requirement]:
    if group is None:
        return [Requirement(text) for text in PROJECT["project"]["dependencies"]]
    entries = PROJECT["dependency-groups"][group]
    found = [Requirement(entry) for entry in entries if isinstance(entry, str)]
    for entry in entries:
        if isinstance(entry, dict):
            found += asked(entry["include-group"])
    return found


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize(("file", "group"), [("requirements.txt", "build"), ("requirements-test.txt", "dev")])
def test_everything_asked_for_is_pinned(file: str, group: str, python: str) -> None:
    pins = pinned(file, python)
    wrong = [
        str(wanted)
        for wanted in asked(None) + asked(group)
        if wanted.name.lower() not in pins or not wanted.specifier.contains(pins[wanted.name.lower()])
    ]
    assert wrong == [], "run: make lock"


@pytest.mark.parametrize("python", PYTHONS)
def test_running_and_testing_use_the_same_versions(python: str) -> None:
    assert pinned("requirements.txt", python).items() <= pinned("requirements-test.txt", python).items()


def test_the_editor_is_pinned() -> None:
    asked_for = json.loads((ROOT / "static" / "package.json").read_text())
    lock = json.loads((ROOT / "static" / "package-lock.json").read_text())["packages"]
    for kind in ("dependencies", "devDependencies"):
        for name, version in asked_for[kind].items():
            assert lock[f"node_modules/{name}"]["version"] == version, "run: npm install --package-lock-only"
    unlocked = {
        f"{path} needs {name}"
        for path, package in lock.items()
        for name in package.get("optionalDependencies", {})
        if not any(other.endswith(f"node_modules/{name}") for other in lock)
    }
    assert unlocked == set(), "npm ci would refuse this lock file on a clean machine"


def test_no_registry_is_named() -> None:
    for name in (".ci/requirements.txt", ".ci/requirements-test.txt", "static/package-lock.json"):
        text = (ROOT / name).read_text()
        assert not re.search(r'"resolved"|--(extra-)?index-url|--find-links', text), name


@pytest.fixture
def bootstrap(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("bootstrap", ROOT / ".ci" / "bootstrap.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module.os, "geteuid", lambda: 1000)
    return module


@pytest.mark.parametrize(
    ("tools", "command"),
    [
        ({"apt-get", "sudo"}, "    sudo apt-get update && sudo apt-get install -y gcc libc6-dev\n"),
        ({"apt-get"}, "    su -c 'apt-get update && apt-get install -y gcc libc6-dev'\n"),
        (set(), "gcc (a C compiler); libc6-dev (its headers)"),
    ],
)
def test_who_may_not_install_is_told_the_one_command(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, tools: set[str], command: str
) -> None:
    monkeypatch.setattr(bootstrap.shutil, "which", lambda name: name if name in tools else None)
    with pytest.raises(bootstrap.SetupError, match=re.escape(command)):
        bootstrap.need({"gcc": "a C compiler", "libc6-dev": "its headers"})


def test_what_is_started_keeps_its_bytecode_and_the_rest_of_the_surroundings(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    became: list[dict[str, str]] = []
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("HEDDLE_PORT", "8700")
    monkeypatch.setattr("os.chdir", lambda path: None)
    monkeypatch.setattr("os.execve", lambda program, command, environment: became.append(environment))
    bootstrap.hand_over(["python"], HEDDLE_DEMO="1")
    (environment,) = became
    assert "PYTHONDONTWRITEBYTECODE" not in environment
    assert (environment["HEDDLE_PORT"], environment["HEDDLE_DEMO"]) == ("8700", "1")


def test_a_missing_compiler_is_noticed(bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "gcc" not in bootstrap.missing_tools(uses_uv=True)
    monkeypatch.setattr(bootstrap.shutil, "which", lambda name: None)
    assert {"gcc", "libc6-dev"} <= bootstrap.missing_tools(uses_uv=True).keys()
