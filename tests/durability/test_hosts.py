"""Heddle spread over hosts: one of them is cut off while invoices are written, and comes back."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from designer.demo import Api
from engine.errors import InDoubt, Unavailable
from engine.http import Http
from tests import tree as product
from tests.durability.hosts import SUBNET, Network, services, stop
from tests.durability.tree import FLOW, Installation, new_token

PORT = 8600
SANDBOXES = {"creatio": 8601, "intacct": 8602}
PATIENT = """
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # lines are kept open
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
    do_POST = do_GET
ThreadingHTTPServer(("", 8080), Handler).serve_forever()
"""


@contextmanager
def spread(network: Network, folder: Path) -> Iterator[Installation]:
    """Database and doorbell on ``base``, the imitated systems on ``systems``, web and scheduler on ``web``, and a worker
    each on ``one`` and ``two``."""
    with services(network, "base") as (database, redis):
        sandboxes = {name: f"http://{network.address('systems')}:{port}" for name, port in SANDBOXES.items()}
        env = product.environment(
            folder / "data",
            HEDDLE_DATABASE_URL=database,
            HEDDLE_REDIS_URL=redis,
            HEDDLE_SECRET_KEY="the same on every host",
            HEDDLE_HOST="0.0.0.0",
            HEDDLE_PORT=str(PORT),
            HEDDLE_DEMO="1",
            HEDDLE_SANDBOXES=json.dumps(sandboxes),
            HEDDLE_ALLOW_HOSTS=f"{SUBNET}.0/24",
            HEDDLE_LEASE="3",
        )
        started: list[subprocess.Popen[bytes]] = []

        def run(host: str, *words: str) -> None:
            with network.inside(host), (folder / f"{host}-{words[0]}.log").open("wb") as log:
                started.append(
                    subprocess.Popen(
                        [sys.executable, "-m", "designer.cli", *words], cwd=product.ROOT, env=env,
                        stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                    )
                )  # fmt: skip

        try:
            for name, port in SANDBOXES.items():
                run("systems", "sandbox", name, "--host", network.address("systems"), "--port", str(port))
            with network.inside("web"):
                command = [sys.executable, "-m", "designer.cli", "prepare"]
                subprocess.run(command, cwd=product.ROOT, env=env, check=True, capture_output=True)
                token = new_token(env)
            run("web", "serve")
            run("web", "scheduler")
            run("one", "worker")
            run("two", "worker")
            url = f"http://{network.address('web')}:{PORT}"
            heddle = Api(url, token)
            with network.inside("web"):
                _await(heddle, "/readyz")
                command = [sys.executable, "-m", "designer.cli", "demo", "--url", url]
                subprocess.run(command, cwd=product.ROOT, env=env, check=True)
                found = Installation(heddle, *(Api(address) for address in sandboxes.values()))
                flow = heddle.get(f"/api/flows/{FLOW}")
                policy = {**flow["document"]["policy"], "lanes": 4, "batch_size": 20}
                document = {**flow["document"], "policy": policy}
                heddle.put(f"/api/flows/{FLOW}/draft", {"document": document, "revision": flow["revision"]})
                found.publish()
                yield found
        finally:
            stop(started)


def _await(api: Api, path: str) -> None:
    until = time.monotonic() + 180  # five processes start at once
    while True:
        try:
            api.get(path)
        except Exception:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)
        else:
            return


@pytest.mark.long
@pytest.mark.durability
@pytest.mark.parametrize(
    ("cut", "seconds"), [("one", 15.0), ("base", 12.0), ("systems", 12.0), ("web", 12.0)]
)
def test_a_host_is_cut_off_and_comes_back(tmp_path: Path, cut: str, seconds: float) -> None:
    """Whichever host the cable is pulled from: once it is back, nothing is lost and nothing is there twice."""
    with Network("base", "systems", "web", "one", "two") as network, spread(network, tmp_path) as heddle:
        heddle.seed(1500)
        run = heddle.start()
        while heddle.run(run)["counts"]["created"] < 40:
            time.sleep(0.1)
        network.cut(cut)
        time.sleep(seconds)
        network.mend(cut)
        heddle.judge(heddle.wait(run, 240))


@pytest.mark.long
@pytest.mark.durability
def test_what_was_given_up_does_not_arrive_later(tmp_path: Path) -> None:
    """A request on a line that is cut is not delivered when the line is mended: somebody may have sent it again."""
    with Network("systems", "one") as network:
        log = tmp_path / "server.log"
        with network.inside("systems"), log.open("wb") as out:
            server = subprocess.Popen(
                [sys.executable, "-c", PATIENT],
                stdout=out,
                stderr=out,
            )
        try:
            url = f"http://{network.address('systems')}:8080/"
            with network.inside("one"), pytest.MonkeyPatch.context() as patch:
                patch.setenv("HEDDLE_ALLOW_HOSTS", f"{SUBNET}.0/24")
                http = Http(timeout=2)
                _reach(http, url)
                network.cut("systems")
                with pytest.raises(InDoubt):
                    http.request("POST", url, mutating=True, data=b"once")
                time.sleep(1)
                network.mend("systems")
                _reach(Http(timeout=20), url + "mended")
                time.sleep(8)
            assert "/mended" in log.read_text()
            assert "POST" not in log.read_text()
        finally:
            stop([server])


def _reach(http: Http, url: str) -> None:
    until = time.monotonic() + 30
    while True:
        try:
            http.request("GET", url, mutating=False)
        except Unavailable:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)
        else:
            return
