"""How fast both sides are decided on and brought in step.

``python -m tests.bench.two_way_speed [PAIRS] [TIMES]`` prints precedence decisions a second on records of 30
fields, and the time from a change in one system to the other side equal, over two systems in memory.
"""

from __future__ import annotations

import logging
import secrets
import statistics
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import Any

from werkzeug.serving import make_server

from engine import registry
from engine.agreement import FieldPair
from engine.connector import Connector
from engine.flow import Flow
from engine.http import Http
from engine.precedence import Facts, Standing, decide
from engine.record import Change
from engine.store.database import Database
from tests.engine.two_systems import Office, two_way

FIELDS = 30
POLICIES = ("left", "right", "newest", "first_filled_left", "ask")


def decisions(seconds: float = 1.0) -> float:
    """Decisions a second on one core; one field in ten was changed on one side, one in twenty on both."""
    dice = Random(1)
    pairs = [
        FieldPair(left=f"f{at}", right=f"F{at}", policy=POLICIES[at % len(POLICIES)]) for at in range(FIELDS)
    ]
    records = [[_standing(dice, pair) for pair in pairs] for _ in range(200)]
    facts = Facts(left_name="CRM", right_name="ERP")
    done, began = 0, time.process_time()
    while time.process_time() - began < seconds:
        for record in records:
            for pair, at in zip(pairs, record, strict=True):
                decide(pair, at, facts)
        done += FIELDS * len(records)
    return done / (time.process_time() - began)


def _standing(dice: Random, pair: FieldPair) -> Standing:
    chance = dice.random()
    left = "new" if chance < 0.15 else "old"
    right = "other" if 0.1 < chance < 0.2 else "old"
    return Standing(left, right, ("old", "old"), pair.same(left, right), 1000.0, 5000.0)


def latency(pairs: int = 50, times: int = 40) -> tuple[float, float]:
    """(p50, p95) milliseconds from an edit on one side to the other side equal, by a run that is started at once."""
    with tempfile.TemporaryDirectory(prefix="heddle-two-way-") as folder:
        database = Database(f"sqlite:///{Path(folder) / 'heddle.db'}")
        database.migrate()
        office = Office(database, two_way())
        for number in range(1, pairs + 1):
            office.crm.edit(f"A{number}", code=str(number), name="One")
        office.sync()
        took = []
        for number in range(times):
            key = 1 + number % pairs
            began = time.perf_counter()
            if number % 2:
                office.crm.edit(f"A{key}", phone=f"{number}")
            else:
                office.erp.edit(f"B{key}", phone=f"{number}")
            office.sync()
            took.append((time.perf_counter() - began) * 1000)
        database.close()
    parts = statistics.quantiles(took, n=20)
    return parts[9], parts[18]


class Served(Office):
    """The imitated Creatio and Sage Intacct behind real HTTP, with the ready flow between them."""

    def __init__(self, database: Database, stack: ExitStack) -> None:
        drawn = Path(__file__).parents[2] / "flows" / "creatio-intacct" / "accounts-two-way.json"
        super().__init__(database, Flow.model_validate_json(drawn.read_text()))
        self.made = {"CRM": self._serve("creatio", stack), "ERP": self._serve("intacct", stack)}

    def _serve(self, system: str, stack: ExitStack) -> Connector[Any]:
        sandbox = registry.sandbox_type(system)()
        server = make_server("127.0.0.1", 0, sandbox.app, threaded=True)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        stack.callback(server.shutdown)
        kind = registry.connector_type(system)
        given = sandbox.connection(f"http://127.0.0.1:{server.server_port}")
        return kind(kind.Settings.model_validate(given), Http())

    def open(self, connection_id: str, *, read_only: bool, journal: Any = None) -> Connector[Any]:
        return self.made[connection_id]

    def write(self, name: str, entity: str, data: dict[str, Any], key: str | None = None) -> str:
        change = Change(secrets.token_hex(20), "update" if key else "create", data, key)
        (result,) = self.made[name].write(entity, [change])
        assert result.remote_id is not None, result.message
        return result.remote_id

    def pair(self) -> tuple[str, str]:
        """An account and its customer."""
        account = self.write("CRM", "Account", {"Name": "Harbour Foods", "Phone": "1"})
        self.sync()
        ((customer,),) = self.made["ERP"].find("CUSTOMER", [{"NAME": "Harbour Foods"}])
        return account, customer.id


def over_http(times: int = 40) -> tuple[float, float]:
    """The same over the imitated systems: (p50, p95) milliseconds from the edit to the end of the run."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory(prefix="heddle-two-way-") as folder, ExitStack() as stack:
        database = Database(f"sqlite:///{Path(folder) / 'heddle.db'}")
        database.migrate()
        served = Served(database, stack)
        account, customer = served.pair()
        took = []
        for number in range(2, times + 2):
            began = time.perf_counter()
            if number % 2:
                served.write("CRM", "Account", {"Phone": f"{number}"}, account)
            else:
                served.write("ERP", "CUSTOMER", {"DISPLAYCONTACT": {"PHONE1": f"{number}"}}, customer)
            served.sync()
            took.append((time.perf_counter() - began) * 1000)
        ((there,),) = served.made["ERP"].find(
            "CUSTOMER", [{"CUSTOMERID": customer}], ["DISPLAYCONTACT.PHONE1"]
        )
        ((here,),) = served.made["CRM"].find("Account", [{"Id": account}], ["Phone"])
        assert here.data["Phone"] == there.data["DISPLAYCONTACT"]["PHONE1"] == f"{times + 1}"
        database.close()
    parts = statistics.quantiles(took, n=20)
    return parts[9], parts[18]


def figures() -> list[tuple[str, str]]:
    """Rows for the page of benchmarks."""
    memory, http = latency(), over_http()
    return [
        (f"Precedence alone, records of {FIELDS} fields", f"{decisions():,.0f} decisions/s"),
        ("Change on one side → other side equal, systems in memory", _told(memory)),
        ("… Creatio and Sage Intacct over HTTP", _told(http)),
    ]


def _told(took: tuple[float, float]) -> str:
    return f"p50 {took[0]:.0f} ms, p95 {took[1]:.0f} ms"


if __name__ == "__main__":
    print(f"{decisions():,.0f} decisions/s")
    print(f"change → equal: {_told(latency(*map(int, sys.argv[1:3])))}; over HTTP: {_told(over_http())}")
