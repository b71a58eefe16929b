"""Checks and tests everything, step by step; runs in the venv that bootstrap.py made.

    .ci/check.py                 all steps of ``make test``
    .ci/check.py lint browser    only these

Every step runs, also when one before it failed, so that one run tells all; the exit code is 1 if any did.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = sys.executable
TOOLS = Path(sys.executable).parent

# Two at a time, also where there is one core: much of it waits, for a lease, an answer, a process that starts. The
# tests of one file stay together, because they share what takes long to make.
AT_ONCE = ["-n", "2", "--dist", "loadfile"]

# what pytest is told besides; each selection leaves out what another step runs
SELECTIONS = {
    "sqlite": [*AT_ONCE, "-m", "not browser and not durability and not long and not bench and not postgres"],
    "postgres": ["--postgres", *AT_ONCE, "-m", "not browser and not durability and not long and not bench"],
    "durability": [*AT_ONCE, "-m", "durability and not long and not bench"],
    "browser": [*AT_ONCE, "-m", "browser and not long and not bench", "--screenshot", "only-on-failure"],
    "kill": ["-m", "durability and not bench"],
    "long": ["-m", "long"],
    "bench": ["-m", "bench", "-s"],
}
ON_POSTGRES = ["tests/engine", "tests/designer", "tests/test_harness.py"]
NORMALLY = ["lint", "editor", "sqlite", "postgres", "durability", "browser"]


def run(*command: str) -> bool:
    return subprocess.run([str(part) for part in command], cwd=ROOT, check=False).returncode == 0


def lint() -> bool:
    ruff = str(TOOLS / "ruff")
    return all(
        [
            run(ruff, "check", "."),
            run(ruff, "format", "--check", "."),
            run(str(TOOLS / "mypy")),
            run(PYTHON, ".ci/editor.py", "lint"),
        ]
    )


def editor() -> bool:
    return run(PYTHON, ".ci/editor.py", "test")


def tests(name: str) -> Callable[[], bool]:
    def step() -> bool:
        where = ON_POSTGRES if name == "postgres" else ["tests"]
        return run(PYTHON, "-m", "pytest", "-q", "--durations=5", *SELECTIONS[name], *where)

    return step


STEPS: dict[str, Callable[[], bool]] = {
    "lint": lint,
    "editor": editor,
    **{name: tests(name) for name in SELECTIONS},
}


def main(wanted: list[str]) -> int:
    unknown = [name for name in wanted if name not in STEPS]
    if unknown:
        print(f"There is no step {', '.join(unknown)}; there are {', '.join(STEPS)}.", file=sys.stderr)
        return 2
    results = []
    for name in wanted or NORMALLY:
        print(f"\n== {name} {'=' * (74 - len(name))}", flush=True)
        began = time.monotonic()
        results.append((name, STEPS[name](), time.monotonic() - began))
    print(f"\n{'=' * 78}")
    for name, passed, seconds in results:
        print(f"{'passed' if passed else 'FAILED'}  {name:12} {seconds:6.1f} s")
    return 0 if all(passed for _, passed, _ in results) else 1


if __name__ == "__main__":
    # of the surroundings, nothing that would point the tests at somebody's installation
    for name in [name for name in os.environ if name.startswith("HEDDLE_")]:
        if name not in {"HEDDLE_CHROMIUM", "HEDDLE_TEST_POSTGRES"}:
            del os.environ[name]
    sys.exit(main(sys.argv[1:]))
