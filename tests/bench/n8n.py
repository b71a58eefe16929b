"""n8n as its users start it, with the history of its runs kept: as it comes, and with its legacy expression engine.

It is looked for in ``$PEERS`` (``npm install --prefix $PEERS/n8n n8n``, 2.2 GB) and wants a Node of its own
(``npm install --prefix $PEERS/node24 node@24``); nothing is installed from here.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import requests

from tests.bench import n8n_drawing
from tests.bench.peers import Peer
from tests.durability.processes import family, free_ports

OWNER = {"email": "bench@example.com", "password": "Comparison1"}
QUIET = {
    f"N8N_{name}": "false"
    for name in (
        "DIAGNOSTICS_ENABLED", "VERSION_NOTIFICATIONS_ENABLED", "TEMPLATES_ENABLED", "PERSONALIZATION_ENABLED",
        "HIRING_BANNER_ENABLED", "COMMUNITY_PACKAGES_ENABLED", "LICENSE_AUTO_RENEW_ENABLED", "SECURE_COOKIE",
    )
}  # fmt: skip
"""It speaks to nobody but us."""


class Engine(NamedTuple):
    """What calculates its expressions, and how it is asked for.

    part  one record in so many is enough for it
    """

    name: str
    title: str
    part: int
    environment: Mapping[str, str] = {}


ENGINES = (
    Engine("n8n", "n8n, drawn, its history on", 10),
    Engine("n8n-legacy", "n8n, drawn, its history on, its legacy expression engine", 1,
           {"N8N_EXPRESSION_ENGINE": "legacy"}),
)  # fmt: skip


def find() -> tuple[Path, Path] | None:
    """(node, n8n) where they are installed."""
    base = Path(os.environ.get("PEERS", ""))
    node = base / "node24" / "node_modules" / ".bin" / "node"
    for home in (base / "n8n", base):
        program = home / "node_modules" / "n8n" / "bin" / "n8n"
        if base.name and node.exists() and program.exists():
            return node, program
    return None


@contextmanager
def n8n(service: str, folder: Path) -> Iterator[list[Peer]]:
    """The flow in bulk, by each of its two engines for expressions. Yields nothing where it is not installed."""
    with ExitStack() as stack:
        yield [
            _peer(stack.enter_context(n8n_at(service, folder, engine)), engine)
            for engine in (ENGINES if find() else ())
        ]


def _peer(running: tuple[str, Callable[[], set[int]]], engine: Engine) -> Peer:
    url, pids = running

    def begin() -> None:
        requests.post(f"{url}/in-bulk", json={}, timeout=60).raise_for_status()

    return Peer(engine.title, begin, pids, engine.part)


@contextmanager
def n8n_at(service: str, folder: Path, engine: Engine) -> Iterator[tuple[str, Callable[[], set[int]]]]:
    """Where an n8n of its own takes the calls of the comparison's flows, and its processes."""
    found = find()
    assert found is not None
    node, program = found
    home, port, broker = folder / engine.name, free_ports(1), free_ports(1)
    home.mkdir()
    environment = {
        **os.environ, **QUIET, "N8N_USER_FOLDER": str(home), "N8N_PORT": str(port), "N8N_HOST": "127.0.0.1",
        "N8N_LISTEN_ADDRESS": "127.0.0.1", "N8N_RUNNERS_BROKER_PORT": str(broker), "GENERIC_TIMEZONE": "UTC",
        "N8N_ENCRYPTION_KEY": "comparison", "N8N_DISABLED_MODULES": "mcp-registry",
        "PATH": f"{node.parent}{os.pathsep}{os.environ['PATH']}", **engine.environment,
    }  # fmt: skip
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            [str(node), str(program), "start"], cwd=home, env=environment, stdin=subprocess.DEVNULL,
            stdout=log, stderr=log,
        )  # fmt: skip
    try:
        url = f"http://127.0.0.1:{port}"
        _activate(url, _key(url, _signed_in(url, process)), service)
        yield f"{url}/webhook", lambda: family(process.pid)
    finally:
        process.terminate()
        process.wait(60)


def _signed_in(url: str, process: subprocess.Popen[bytes]) -> requests.Session:
    """Waits until it is up, and makes its first user."""
    session, until = requests.Session(), time.monotonic() + 300
    while True:
        assert process.poll() is None, "n8n has ended"
        assert time.monotonic() < until, "n8n does not answer"
        try:
            answer = session.get(f"{url}/rest/settings", timeout=5)
            if answer.ok and "json" in answer.headers.get("Content-Type", ""):
                break
        except requests.RequestException:
            pass
        time.sleep(0.3)
    session.post(f"{url}/rest/owner/setup", json={**OWNER, "firstName": "A", "lastName": "B"}, timeout=60)
    session.post(
        f"{url}/rest/login",
        json={"emailOrLdapLoginId": OWNER["email"], "password": OWNER["password"]},
        timeout=60,
    ).raise_for_status()
    return session


def _key(url: str, session: requests.Session) -> dict[str, str]:
    scopes = session.get(f"{url}/rest/api-keys/scopes", timeout=60).json()["data"]
    made = session.post(
        f"{url}/rest/api-keys", json={"label": "comparison", "scopes": scopes, "expiresAt": None}, timeout=60
    )
    made.raise_for_status()
    return {"X-N8N-API-KEY": made.json()["data"]["rawApiKey"]}


def _activate(url: str, key: dict[str, str], service: str) -> None:
    for name in n8n_drawing.NAMES:
        document = n8n_drawing.flow(name, service)
        added = requests.post(f"{url}/api/v1/workflows", headers=key, json=document, timeout=60)
        added.raise_for_status()
        address = f"{url}/api/v1/workflows/{added.json()['id']}/activate"
        requests.post(address, headers=key, timeout=60).raise_for_status()
    time.sleep(1)
