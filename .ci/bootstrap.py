"""Makes a clone ready to run or to test, and then hands over. Needs nothing but Python and what it ships with.

    python3 .ci/bootstrap.py run            make everything ready, start Heddle with its demo systems
    python3 .ci/bootstrap.py test [STEP…]   make everything ready, check and test (see .ci/check.py)
    python3 .ci/bootstrap.py build          make everything ready to run, without running it

It looks for what is missing first; as root on Debian or Ubuntu it installs that, else it names the one command
that does. A second call finds its own stamps and does nothing.
"""

import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOG = VENV / "setup.log"
OLDEST = (3, 11)

# CPython 3.13 dropped PyEval_CallObject, which durable-rules still calls
BUILD_FLAGS = "-DPyEval_CallObject=PyObject_CallObject"

STARTED = time.monotonic()


class SetupError(Exception):
    """The machine cannot be made ready; the text says why and names the command that cures it."""


# progress ----------------------------------------------------------------------------------------------


def say(text: str) -> None:
    print(f"[{time.monotonic() - STARTED:5.1f} s] {text}", flush=True)


def work(text: str, command: "list[str]", cure: str = "", **environment: str) -> None:
    """Runs a command with its output in the log, saying every few seconds that it is still at it."""
    say(text)
    done = threading.Event()
    began = time.monotonic()

    def remind() -> None:
        while not done.wait(10):
            say(f"  … still at it ({time.monotonic() - began:.0f} s)")

    threading.Thread(target=remind, daemon=True).start()
    log = LOG if VENV.exists() else Path(tempfile.gettempdir()) / f"heddle-setup-{os.getpid()}.log"
    try:
        with log.open("a") as out:
            out.write(f"\n$ {shlex.join(command)}\n")
            out.flush()
            code = subprocess.run(
                command,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env={**os.environ, **environment},
                check=False,
            ).returncode
    finally:
        done.set()
    if code:
        last = "\n".join(f"    {line}" for line in log.read_text(errors="replace").splitlines()[-25:])
        raise SetupError(f"This failed: {text}\n{last}\n  All of it is in {log}.{' ' if cure else ''}{cure}")


# what the machine must have ----------------------------------------------------------------------------


def need(packages: "dict[str, str]") -> None:
    """Installs system packages ({package: what for}), or raises SetupError with the one command that does."""
    if not packages:
        return
    names = " ".join(packages)
    wanted = "; ".join(f"{name} ({purpose})" for name, purpose in packages.items())
    apt = shutil.which("apt-get")
    if apt is None:
        raise SetupError(
            f"This machine lacks, by the names Debian has for them: {wanted}. Install them, then try again."
        )
    if os.geteuid() != 0:
        sudo = "sudo " if shutil.which("sudo") else "su -c "
        command = f"apt-get update && {sudo}apt-get install -y {names}"
        if sudo == "su -c ":
            command = f"'apt-get update && apt-get install -y {names}'"
        raise SetupError(f"This machine lacks: {wanted}. Run this, then try again:\n\n    {sudo}{command}\n")
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    work("Asking for the newest list of system packages", [apt, "update"], **quiet)
    work(
        f"Installing {names}",
        [apt, "install", "-y", "--no-install-recommends", *packages],
        cure="Is another package manager at work? Then try again when it has ended.",
        **quiet,
    )


def missing_tools(uses_uv: bool) -> "dict[str, str]":
    """The system packages that the installation needs and that are not there."""
    found = {}
    of_system = sys.base_prefix == "/usr"
    if not uses_uv and not _can("import venv, ensurepip"):
        found["python3-venv" if of_system and _is_system_default() else f"python{_version()}-venv"] = (
            "the venv module"
        )
    if not _compiles("int main(void) { return 0; }"):
        found["gcc"] = "a C compiler, for durable-rules"
        found["libc6-dev"] = "its headers"
    if not (Path(sysconfig.get_path("include")) / "Python.h").exists():
        found["python3-dev" if of_system and _is_system_default() else f"python{_version()}-dev"] = (
            "the headers of Python, for durable-rules"
        )
    return found


def _can(statement: str) -> bool:
    return subprocess.run([sys.executable, "-c", statement], capture_output=True, check=False).returncode == 0


def _compiles(source: str) -> bool:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        return False
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "try.c"
        file.write_text(f"#include <stdio.h>\n{source}\n")
        command = [compiler, str(file), "-o", str(file.with_suffix(""))]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _version() -> str:
    return f"{sys.version_info[0]}.{sys.version_info[1]}"


def _is_system_default() -> bool:
    return os.path.realpath("/usr/bin/python3") == os.path.realpath(sys.executable)


# the virtual environment -------------------------------------------------------------------------------


def install(kind: str) -> None:
    """Brings ``.venv`` to what the pinned requirements say. ``kind`` is "run" or "test" (which has all of run)."""
    stamp = VENV / "heddle-setup.json"
    try:
        have = json.loads(stamp.read_text())
    except (OSError, ValueError):
        have = {}
    wanted = {name: _hash(name) for name in ("run", "test")}
    if PYTHON.exists() and have.get(kind) == wanted[kind]:
        return
    uv = shutil.which("uv")
    need(missing_tools(uses_uv=uv is not None))
    if not PYTHON.exists() or have.get("python") != _python_mark() or (uv is None and not _has_pip()):
        maker = (
            [uv, "venv", "--clear", "--python", sys.executable]
            if uv
            else [sys.executable, "-m", "venv", "--clear"]
        )
        work("Creating the virtual environment .venv", [*maker, str(VENV)])
    if uv:
        pip = [uv, "pip", "install", "--python", str(PYTHON)]
    else:
        pip = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    requirements = ROOT / ".ci" / ("requirements-test.txt" if kind == "test" else "requirements.txt")
    count = sum(1 for line in requirements.read_text().splitlines() if line and not line.startswith("#"))
    flags = f"{os.environ.get('CPPFLAGS', '')} {BUILD_FLAGS}".strip()
    using = "uv" if uv else "pip"
    work(
        f"Installing {count} Python packages with {using}",
        [*pip, "-r", str(requirements)],
        cure="Is the Python package index within reach from here?",
        CPPFLAGS=flags,
    )
    if subprocess.run(
        [str(PYTHON), "-c", "import durable.lang"], capture_output=True, check=False
    ).returncode:
        # a build from before, made without the flags, lay in the cache
        again = ["--reinstall", "--no-cache"] if uv else ["--force-reinstall", "--no-cache-dir"]
        pinned = next(
            line for line in requirements.read_text().splitlines() if line.startswith("durable-rules==")
        )
        work("Building durable-rules anew", [*pip, *again, "--no-deps", pinned], CPPFLAGS=flags)
    work(
        "Installing Heddle itself",
        [*pip, "--no-build-isolation", "-e", str(ROOT)],
        HEDDLE_SKIP_EDITOR="1",  # built next, where its progress can be seen
    )
    have = {"python": _python_mark(), "run": wanted["run"]}
    if kind == "test":
        have["test"] = wanted["test"]
    stamp.write_text(json.dumps(have))


def _hash(kind: str) -> str:
    digest = hashlib.sha256(_python_mark().encode())
    names = ["pyproject.toml", ".ci/requirements.txt"] + (
        [".ci/requirements-test.txt"] if kind == "test" else []
    )
    for name in names:
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def _python_mark() -> str:
    """The interpreter and the place: a venv serves neither another Python nor another folder."""
    return f"{sys.version} {sys.base_prefix} {ROOT}"


def _has_pip() -> bool:
    return (
        subprocess.run([str(PYTHON), "-m", "pip", "--version"], capture_output=True, check=False).returncode
        == 0
    )


def build_editor() -> None:
    sys.path.insert(0, str(ROOT / ".ci"))
    import editor  # noqa: PLC0415 - found beside this file

    stamp = editor.STATIC / "dist" / ".source"
    if not stamp.exists() or stamp.read_text() != editor.source_hash():
        work("Building the editor", [str(PYTHON), str(ROOT / ".ci" / "editor.py"), "build"])


# Chromium, for the browser tests -----------------------------------------------------------------------


def install_chromium() -> None:
    """Makes sure that the browser tests find a Chromium: ours, Playwright's own, or the system's."""
    if _chromium():
        return
    try:
        work(
            "Asking Playwright for its own Chromium",
            [str(PYTHON), "-m", "playwright", "install", "--with-deps", "chromium"]
            if os.geteuid() == 0 and shutil.which("apt-get")
            else [str(PYTHON), "-m", "playwright", "install", "chromium"],
        )
    except SetupError:
        say("  … which is out of reach from here: taking the system's")
    if not _chromium():
        need({"chromium": "a browser for the browser tests", "fonts-liberation": "its fonts"})
    if not _chromium():
        raise SetupError(
            "There is still no Chromium for the browser tests. Name one: HEDDLE_CHROMIUM=/path/to/chromium"
        )


def _chromium() -> str:
    done = subprocess.run(
        [str(PYTHON), "-m", "tests.chromium"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.stdout.strip()


# the commands ------------------------------------------------------------------------------------------


def hand_over(command: "list[str]", **environment: str) -> None:
    """Becomes the command, so that Ctrl-C and exit codes are its own."""
    sys.stdout.flush()
    path = f"{VENV / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
    os.chdir(ROOT)
    # containers often forbid to keep bytecode: every process of ours would compile all it loads, for seconds
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    os.execve(command[0], command, {**kept, "PATH": path, "VIRTUAL_ENV": str(VENV), **environment})


def main(arguments: "list[str]") -> None:
    if sys.version_info < OLDEST:
        raise SetupError(
            f"Heddle needs Python {'.'.join(map(str, OLDEST))} or newer; {sys.executable} is {_version()}. "
            "If a newer one is installed, name it: make run PYTHON=python3.12"
        )
    if not arguments or arguments[0] not in {"run", "test", "build"}:
        raise SetupError(str(__doc__))
    wish, *rest = arguments
    install("test" if wish == "test" else "run")
    build_editor()
    if wish == "run":
        hand_over(
            [str(PYTHON), "-m", "designer.cli", "up", *rest], HEDDLE_DEMO=os.environ.get("HEDDLE_DEMO", "1")
        )
    elif wish == "test":
        if not rest or "browser" in rest or "long" in rest:
            install_chromium()
        hand_over([str(PYTHON), str(ROOT / ".ci" / "check.py"), *rest])
    else:
        say("Ready: make run starts it")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except SetupError as error:
        sys.exit(f"\n{error}")
    except KeyboardInterrupt:
        sys.exit("\nStopped. The next call goes on from here.")
