"""The ready flow in a running Heddle, driven and judged from outside alone.

Nothing here reaches into Heddle: runs are started by the button and by the API, and what came of them is
read from the imitated systems' own objects.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from designer.demo import Api
from engine.record import COUNTED
from tests import tree as product

ROOT = product.ROOT
FLOW = "closed-won-to-intacct-invoice"
WON = "60d5310c-5be6-df11-971b-001d60e938c6"
BOOKABLE = ("HW-", "SW-", "SV-")
"""Product codes of the categories that have a ledger account in the ready flow; the others are held."""


@dataclass
class Installation:
    """A running Heddle and its two imitated systems, wherever they run: reached by HTTP alone.

    The demo's own few opportunities are invoiced or held like the others.
    """

    heddle: Api
    creatio: Api
    intacct: Api
    hook: str = ""

    def publish(self) -> None:
        """Puts the ready flow live, as it is."""
        flow = self.heddle.get(f"/api/flows/{FLOW}")
        self.heddle.post(f"/api/flows/{FLOW}/publish", {"revision": flow["revision"], "note": ""})
        self.hook = self.heddle.get(f"/api/flows/{FLOW}")["hook"]["url"]

    def seed(self, n: int, seed: int = 2) -> None:
        """Makes about ``n`` opportunities; a good third of them is won."""
        self.creatio.post("/_sandbox/seed", {"n": n, "seed": seed})

    def start(self) -> str:
        """A live run over everything that is won; answers its id."""
        return str(self.heddle.post(f"/api/flows/{FLOW}/runs", {"mode": "live"})["run"])

    def run(self, run_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.heddle.get(f"/api/runs/{run_id}")
        return found

    def wait(self, run_id: str, seconds: float) -> dict[str, Any]:
        """The run when it is over, however often the web server goes away meanwhile."""
        until, run = time.monotonic() + seconds, {}
        while time.monotonic() < until:
            try:
                run = Api(self.heddle.url, self.token).get(f"/api/runs/{run_id}")
            except Exception:
                time.sleep(0.2)
                continue
            if run["ended_at"]:
                return run
            time.sleep(0.2)
        raise AssertionError(f"The run is not over after {seconds} s: {run}")

    @property
    def token(self) -> str:
        return str(self.heddle.session.headers["Authorization"]).removeprefix("Bearer ")

    # what is outside -------------------------------------------------------------------------------------

    def won(self) -> list[dict[str, Any]]:
        return [row for row in self.creatio.get("/_sandbox/objects/Opportunity") if row["StageId"] == WON]

    def bookable(self) -> set[str]:
        """The won opportunities all of whose lines can be booked."""
        codes = {row["Id"]: row["Code"] for row in self.creatio.get("/_sandbox/objects/Product")}
        lines = self.creatio.get("/_sandbox/objects/OpportunityProductInterest")
        held = {row["OpportunityId"] for row in lines if not codes[row["ProductId"]].startswith(BOOKABLE)}
        return {row["Id"] for row in self.won()} - held

    def invoices(self) -> list[dict[str, Any]]:
        """Those that Heddle wrote: the books come with some of their own, which have no description."""
        return [row for row in self.intacct.get("/_sandbox/objects/ARINVOICE") if row["DESCRIPTION"]]

    def judge(self, run: dict[str, Any]) -> None:
        """Nothing lost, nothing twice, every number where it belongs, and the counts add up."""
        won = {row["Id"]: row for row in self.won()}
        bookable, invoices = self.bookable(), self.invoices()
        assert run["state"] == "done", run
        counts = run["counts"]
        assert counts["read"] == sum(counts[name] for name in COUNTED) == len(won), counts
        assert counts["held"] == len(won) - len(bookable), counts
        assert counts["failed"] == 0, counts
        wanted = Counter(won[key]["Title"] for key in bookable)
        assert Counter(row["DESCRIPTION"] for row in invoices) == wanted, "an invoice is missing or doubled"
        marks = [row["EXTERNALID"] for row in invoices]
        assert all(marks), "an invoice does not say where it comes from"
        assert len(set(marks)) == len(marks), "an opportunity has two invoices"
        titles = {row["RECORDID"]: row["DESCRIPTION"] for row in invoices}
        for key, row in won.items():
            number = row["UsrInvoiceNumber"]
            assert bool(number) == (key in bookable), f"{row['Title']}: {number!r}"
            assert not number or titles.pop(number) == row["Title"], f"{row['Title']} shows another's number"
        assert not titles, "an invoice was not written back"


@dataclass
class Tree(Installation):
    """A running ``heddle up``."""

    process: product.Tree = field(kw_only=True)

    @property
    def url(self) -> str:
        return self.process.url

    @property
    def data(self) -> Path:
        return self.process.data

    def pids(self, kind: str) -> list[int]:
        return self.process.pids(kind)


@contextmanager
def up(folder: Path, *, workers: int = 2, **env: str) -> Iterator[Tree]:
    """Starts the tree on free ports with its data below ``folder``, flow published; stops all of it at the end."""
    data = folder / "data"
    with product.running(data, workers=workers, **env) as process:
        token = new_token(product.environment(data, **env))
        creatio, intacct = (Api(process.sandbox(system).url) for system in product.SYSTEMS)
        tree = Tree(Api(process.url, token), creatio, intacct, process=process)
        tree.publish()
        yield tree


def new_token(environment: dict[str, str]) -> str:
    """A key of the role admin for the installation of this environment."""
    return subprocess.run(
        [sys.executable, "-m", "designer.cli", "token", "create", "--role", "admin"],
        cwd=product.ROOT, env=environment, capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip


def press(url: str, opportunity: str, name: str, seconds: float = 60) -> str:
    """Presses the button, again and again until the press is answered; the same ``name`` is the same press."""
    until = time.monotonic() + seconds
    while True:
        try:
            answer = requests.post(
                url, json={"id": opportunity}, headers={"Idempotency-Key": name}, timeout=10
            )
            answer.raise_for_status()
            return str(answer.json()["run"])
        except requests.RequestException:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
