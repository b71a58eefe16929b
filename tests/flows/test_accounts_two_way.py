"""The ready two-way flow over imitated systems: an edit here arrives there, and the other way round."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from engine import launch, registry
from engine.flow import Flow
from engine.http import Http
from engine.launch import Cause
from engine.plan import check
from engine.record import Change, from_json
from engine.secrecy import take_out
from engine.store import conflicts, flows
from tests.conftest import Clock
from tests.designer.conftest import Desk, exact, installation_of, work

FLOW = Path(__file__).resolve().parents[2] / "flows" / "creatio-intacct" / "accounts-two-way.json"
PHONE, SITE = "DISPLAYCONTACT.PHONE1", "DISPLAYCONTACT.URL1"


class Company:
    """Both systems, with the flow published between them, and somebody who works in each."""

    def __init__(self, app: Any, editor: Desk, serve: Callable[..., Any]) -> None:
        self.served: dict[str, Any] = {}
        self.app, self.editor = app, editor
        self.numbers = itertools.count(1)
        self.last = ""
        self.connectors: dict[str, Any] = {}
        bindings = {}
        document = json.loads(FLOW.read_text())
        for node in document["nodes"]:
            if node["type"] == "read":
                node["settings"]["sweep_hours"] = 0  # what is gone is noticed in every run
            if node["type"] == "sync":
                mark = {"field": "STATUS", "value": "inactive"}
                node["settings"]["right"].update(surplus="mark", mark=mark)
        for slot, of in document["slots"].items():
            kind, sandbox = registry.connector_type(of["system"]), registry.sandbox_type(of["system"])
            served = self.served[slot] = serve(of["system"])
            given = sandbox.connection(served.url)
            self.connectors[slot] = kind(kind.Settings.model_validate(given), Http())
            settings, secrets = take_out(kind.Settings, given)
            body = {"system": of["system"], "name": slot, "settings": settings, "secrets": secrets}
            bindings[slot] = exact(editor.post("/api/connections", body))["id"]
        flow = exact(editor.post("/api/flows", {"document": document}))
        self.slug = flow["slug"]
        editor.put(f"/api/flows/{self.slug}/bindings", bindings)
        published = editor.post(f"/api/flows/{self.slug}/publish", {"revision": flow["revision"], "note": ""})
        assert published.status_code == 200, published.text
        self.bindings = bindings

    def told(self, key: str) -> dict[str, Any]:
        """The sync step of a record of the last run, as its page shows it."""
        page = exact(self.editor.get(f"/api/runs/{self.last}/records/{key}"))
        found: dict[str, Any] = next(step for step in page["steps"] if step["node"] == "in-step")
        return found

    def run(self, mode: str = "live") -> dict[str, Any]:
        started = self.editor.post(f"/api/flows/{self.slug}/runs", {"mode": mode})
        assert started.status_code == 202, started.text
        work(self.app)
        self.last = exact(started)["run"]
        run: dict[str, Any] = exact(self.editor.get(f"/api/runs/{self.last}"))
        assert run["state"] == "done", run
        return {name: count for name, count in run["counts"].items() if count}

    def edit(self, slot: str, key: str | None = None, **values: Any) -> str:
        """A person creates or changes an object; dots of a path are written as two underscores."""
        data: dict[str, Any] = {}
        for path, value in values.items():
            *parents, last = path.split("__")
            inner = data
            for name in parents:
                inner = inner.setdefault(name, {})
            inner[last] = value
        entity = {"crm": "Account", "erp": "CUSTOMER"}[slot]
        operation = "update" if key else "create"
        change = Change(f"{next(self.numbers):040d}", operation, data, key)
        (result,) = self.connectors[slot].write(entity, [change])
        assert result.outcome in ("created", "updated"), result.message
        return str(result.remote_id)

    def see(self, slot: str, name: str) -> dict[str, Any]:
        """The one object of that name."""
        entity, field = {"crm": ("Account", "Name"), "erp": ("CUSTOMER", "NAME")}[slot]
        more = ["Phone", "Web"] if slot == "crm" else ["DISPLAYCONTACT"]
        (found,) = self.connectors[slot].find(entity, [{field: name}], more)[0]
        return {"id": found.id, **found.data}


@pytest.fixture
def company(app: Any, editor: Desk, sandbox: Callable[..., Any]) -> Company:
    return Company(app, editor, sandbox)


def test_the_live_systems_have_all_its_fields(company: Company) -> None:
    drawn = Flow.model_validate(json.loads(FLOW.read_text()))
    checked = check(drawn, lambda slot, name: company.connectors[slot].entity(name))
    assert [(problem.code, problem.field, problem.message) for problem in checked.problems] == []


def test_an_edit_arrives_on_the_other_side_once_and_a_conflict_is_decided(company: Company) -> None:
    account = company.edit("crm", Name="Harbour Foods", Phone="100", Web="harbour.example")
    company.edit("erp", NAME="Oak Tools", DISPLAYCONTACT__PRINTAS="Oak Tools", DISPLAYCONTACT__PHONE1="200")
    assert company.run()["created"] == 2
    customer = company.see("erp", "Harbour Foods")
    assert customer["DISPLAYCONTACT"]["PHONE1"] == "100"
    oak = company.see("crm", "Oak Tools")
    assert oak["Phone"] == "200"
    later = company.run()
    assert (later["echo"], later.get("updated", 0)) == (2, 0)

    # there → here, and here → there, both at once, on one pair
    company.edit("erp", customer["id"], DISPLAYCONTACT__PHONE1="101")
    company.edit("crm", account, Web="www.harbour.example")
    assert company.run("dry-run")["updated"] >= 1
    assert company.see("crm", "Harbour Foods")["Phone"] == "100"
    company.run()
    crm, erp = sorted(company.told(account)["writes"], key=lambda one: str(one["slot"]))
    assert [(one["field"], one["old"], one["new"]) for one in crm["fields"]] == [("Phone", "100", "101")]
    assert crm["fields"][0]["why"][0]["reason"] == "Changed in Sage Intacct only."
    assert [(one["title"], one["new"]) for one in erp["fields"]] == [
        ("Contact · Web site", "www.harbour.example")
    ]
    assert company.see("crm", "Harbour Foods")["Phone"] == "101"
    assert company.see("erp", "Harbour Foods")["DISPLAYCONTACT"]["URL1"] == "www.harbour.example"
    company.run()
    assert "updated" not in company.run()

    # both change the same field
    company.edit("erp", customer["id"], DISPLAYCONTACT__URL1="erp.example")
    company.edit("crm", account, Web="crm.example", Phone="102")
    assert company.run()["held"] == 2
    assert company.see("erp", "Harbour Foods")["DISPLAYCONTACT"]["PHONE1"] == "102"
    database = installation_of(company.app).database
    with database.write() as session:
        (row,) = conflicts.open_conflicts(session)
        (field,) = row.rows()
        assert (field["left_value"], field["right_value"]) == ("crm.example", "erp.example")
        assert field["agreed"] == {"left": "www.harbour.example", "right": "www.harbour.example"}
        assert field["left_at"]
        assert (field["left_by"], field["right_by"]) == ("Supervisor", "xmluser")
        assert row.right_link
        decided = conflicts.decide(session, row.id or 0, {field["field"]: {"take": "right"}}, "Eve")
        flow = flows.get(session, row.flow_id)
        assert flow is not None
        started = launch.start_inside(
            session, flow_id=row.flow_id, version_id=flow.live_version_id or 0, bindings=company.bindings,
            mode="live", cause=Cause("conflict", "Eve", f"conflict/{row.id}"),
            entries={row.node: [decided.signal()]}, parent=row.run_id,
        )  # fmt: skip
    work(company.app)
    run = exact(company.editor.get(f"/api/runs/{started.run}"))
    assert (run["counts"]["updated"], run["state"]) == (1, "done")
    assert company.see("crm", "Harbour Foods")["Web"] == "erp.example"
    assert from_json(decided.decision or "") == {field["field"]: {"take": "right"}}
    company.run()
    assert "updated" not in company.run()


def test_a_merge_in_creatio_reaches_the_ledger(company: Company, clock: Clock) -> None:
    old = company.edit("crm", Name="Harbour Foods", Phone="100")
    double = company.edit("crm", Name="Harbour Foods Ltd", Web="harbour.example")
    assert company.run()["created"] == 2
    company.run()
    lost = company.see("erp", "Harbour Foods Ltd")["id"]
    page = f"{company.served['crm'].url}/0/page/Account/{double}"
    assert requests.post(f"{page}/merge", data={"with": old}, timeout=10).url.endswith(f"/Account/{old}")
    assert requests.get(page, timeout=10).status_code == 404

    clock.advance(30)  # until searches show what was written: only then is it gone
    company.run()
    kept = company.see("erp", "Harbour Foods")
    assert kept["DISPLAYCONTACT"]["URL1"] == "harbour.example", "what the survivor has got goes on"
    asked = exact(company.editor.get("/api/reviews"))["groups"]
    (group,) = [one for one in asked if one["question"]["kind"] == "gone"]
    assert "Harbour Foods Ltd was deleted in Creatio. What is to become of" in group["message"]
    assert group["form"]["choices"] == ["merged", "delete", "mark", "keep"]
    where = f"connection={group['form']['connection']}&entity=Account&q=harbour%20foods"
    answered = company.editor.get(f"/api/references/objects?{where}")
    assert answered.status_code == 200, answered.text
    found = exact(answered)["objects"]
    assert [(one["id"], one["title"]) for one in found] == [(old, "Harbour Foods")]
    answer = {"question": group["question"], "answer": {"choice": "merged", "id": old}}
    assert company.editor.post("/api/reviews/answer", answer).status_code == 200
    work(company.app)
    (left,) = company.connectors["erp"].find("CUSTOMER", [{"CUSTOMERID": lost}], ["STATUS"])[0]
    assert left.data["STATUS"] == "inactive"
    told = exact(company.editor.get(f"/api/records/{company.bindings['erp']}/CUSTOMER/{lost}/timeline"))
    assert any(f"{double} was merged into {old}" in event["detail"] for event in told["events"])
    company.run()
    assert "updated" not in company.run()
