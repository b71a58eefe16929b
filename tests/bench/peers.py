"""Who is compared: Heddle as its users start it, a plain script, and Node-RED where it is installed.

Node-RED is looked for in ``$PEERS`` (``npm install --prefix $PEERS node-red``); nothing is installed from here.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from designer.demo import Api
from engine.guard import VARIABLE
from tests import tree
from tests.bench import nodered
from tests.durability.processes import family, free_ports
from tests.durability.tree import new_token

FOLDER = Path(__file__).parent / "opportunities"
ROOT = Path(__file__).resolve().parents[2]
WORKERS = 2


@dataclass
class Peer:
    """One that does the job. ``begin`` starts it once; ``pids`` are the processes whose memory counts.

    part  it gets one record in so many, because it would take minutes for all
    """

    name: str
    begin: Callable[[], None]
    pids: Callable[[], set[int]]
    part: int = 1


@contextmanager
def heddle(service: str, folder: Path) -> Iterator[list[Peer]]:
    """The product with everything on: web server, two workers and one for bulk, queue, SQLite, full ledger."""
    door = service.removeprefix("http://")
    env = {"HEDDLE_DEMO": "0", VARIABLE: door}
    data = folder / "heddle"
    with tree.running(data, workers=WORKERS, bulk_workers=1, **env) as running:
        api = Api(running.url, new_token(tree.environment(data, **env)))
        hook = _publish(api, service, "in-bulk")

        def begin() -> None:
            requests.post(running.url + hook, json={"at": time.time()}, timeout=60).raise_for_status()

        yield [Peer(f"Heddle, drawn, {WORKERS} + 1 workers", begin, lambda: set(running.pids("worker")))]


def _publish(api: Api, service: str, name: str) -> str:
    """Connections, drawing and bindings of one flow; answers the path of its hook."""
    known: Mapping[str, Any] = json.loads((FOLDER / "connections.json").read_text().replace("{url}", service))
    slots = {
        slot: api.post("/api/connections", {**one, "name": slot, "secrets": {}, "force": True})["id"]
        for slot, one in known.items()
    }
    document = json.loads((FOLDER / f"{name}.json").read_text())
    slug = api.post("/api/flows", {"document": document})["slug"]
    api.put(f"/api/flows/{slug}/bindings", slots)
    flow = api.get(f"/api/flows/{slug}")
    api.post(f"/api/flows/{slug}/publish", {"revision": flow["revision"], "note": ""})
    return str(api.get(f"/api/flows/{slug}")["hook"]["url"])


@contextmanager
def script(service: str, folder: Path) -> Iterator[list[Peer]]:
    """The plain script, started anew for each run."""
    running: list[subprocess.Popen[bytes]] = []

    def begin() -> None:
        running.append(subprocess.Popen([sys.executable, "-m", "tests.bench.script", service], cwd=ROOT))

    try:
        yield [Peer("Plain script (requests)", begin, lambda: family(running[-1].pid))]
    finally:
        for one in running:
            one.wait(60)


def find_node_red() -> tuple[str, Path] | None:
    """(node, red.js) where Node-RED is installed."""
    base = Path(os.environ.get("PEERS", ""))
    if not base.name:
        return None
    own = base / "node24" / "node_modules" / ".bin" / "node"
    node = str(own) if own.exists() else shutil.which("node")
    for red in (base / one / "node_modules" / "node-red" / "red.js" for one in (".", "nodered")):
        if node and red.exists():
            return node, red
    return None


@contextmanager
def node_red(service: str, folder: Path) -> Iterator[list[Peer]]:
    """Both flows that write in bulk, in one Node-RED. Yields nothing where it is not installed."""
    with node_red_at(service, folder) as found:

        def peer(flow: str, words: str) -> Peer:
            assert found is not None
            url, pids = found

            def begin() -> None:
                requests.post(f"{url}/{flow}", json={}, timeout=60).raise_for_status()

            return Peer(f"Node-RED, {words}", begin, pids)

        yield [peer("function", "JavaScript function"), peer("drawn", "drawn")] if found else []


@contextmanager
def node_red_at(service: str, folder: Path) -> Iterator[tuple[str, Callable[[], set[int]]] | None]:
    """The address of a Node-RED with the flows of the comparison, and its processes. None where it is not installed."""
    found = find_node_red()
    if found is None:
        yield None
        return
    home, port = folder / "nodered", free_ports(1)
    home.mkdir()
    (home / "flows.json").write_text(json.dumps(nodered.flows(service)))
    (home / "settings.js").write_text(nodered.settings(port))
    url = f"http://127.0.0.1:{port}"
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            [found[0], str(found[1]), "-s", str(home / "settings.js"), "-u", str(home)],
            cwd=home, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        _wait(lambda: requests.options(f"{url}/function", timeout=5).status_code < 500, process)
        time.sleep(3)  # its flows begin a moment after its door opens
        yield url, lambda: family(process.pid)
    finally:
        process.terminate()
        process.wait(30)


def _wait(ready: Callable[[], bool], process: subprocess.Popen[bytes], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        assert process.poll() is None, "it has ended"
        try:
            if ready():
                return
        except requests.ConnectionError:
            pass
        time.sleep(0.1)
    raise AssertionError("it does not answer")


def rest(pids: Callable[[], set[int]], seconds: float = 60) -> None:
    """Waits, so long at most, until these processes have hardly anything left to do: what one still writes down
    afterwards is no burden to the next."""
    before, until = cpu(pids()), time.monotonic() + seconds
    while time.monotonic() < until:
        time.sleep(1)
        now = cpu(pids())
        if now - before < 0.1:
            return
        before = now


def cpu(pids: set[int]) -> float:
    """Seconds of processor time that processes have used so far."""
    total = 0.0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


def memory(pids: set[int]) -> tuple[float, float]:
    """(all together, the largest) of the memory that processes hold now, in MB."""
    held = []
    for pid in pids:
        try:
            found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
        except OSError:
            continue
        held.append(int(found[1]) / 1024 if found else 0.0)
    return sum(held), max(held, default=0.0)
