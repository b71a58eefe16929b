"""Two systems that people work in, a flow that keeps them in step, and the screens that tell what happened."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from engine import registry
from engine.http import Http
from engine.record import Change
from tests.browser import screens
from tests.browser.screens import call
from tests.tree import Tree

FLOW = Path(__file__).resolve().parents[2] / "flows" / "creatio-intacct" / "accounts-two-way.json"
ENTITIES = {"creatio": "Account", "intacct": "CUSTOMER"}


class Clerks:
    """People who work in both systems, past Heddle."""

    def __init__(self, tree: Tree) -> None:
        self.connectors: dict[str, Any] = {}
        for system in ENTITIES:
            kind = registry.connector_type(system)
            given = registry.sandbox_type(system).connection(tree.sandbox(system).url)
            self.connectors[system] = kind(kind.Settings.model_validate(given), Http())

    def edit(self, system: str, key: str | None, data: dict[str, Any]) -> str:
        """Creates or changes an object; answers its id."""
        change = Change(secrets.token_hex(20), "update" if key else "create", data, key)
        (result,) = self.connectors[system].write(ENTITIES[system], [change])
        assert result.outcome in ("created", "updated"), result.message
        return str(result.remote_id)

    def partner(self, name: str) -> dict[str, Any]:
        """The customer in the ledger with this name."""
        (found,) = self.partners(name)
        return {"id": found.id, **found.data}

    def partners(self, name: str) -> list[Any]:
        """The customers with this name; empty while there is none."""
        found: list[Any] = self.connectors["intacct"].find("CUSTOMER", [{"NAME": name}], ["DISPLAYCONTACT"])[
            0
        ]
        return found

    def account(self, name: str) -> dict[str, Any]:
        (found,) = self.connectors["creatio"].find("Account", [{"Name": name}], ["Web", "Fax", "Phone"])[0]
        return {"id": found.id, **found.data}


def keep_in_step(page: Page, tree: Tree) -> str:
    """The ready two-way flow, live between the demo systems; answers its slug. It is made once."""
    flows = page.request.get(f"{tree.url}/api/flows").json()
    known = next((flow["slug"] for flow in flows if flow["name"] == "Customers in step"), None)
    if known is not None:
        return str(known)
    document = json.loads(FLOW.read_text())
    document["name"] = "Customers in step"
    for node in document["nodes"]:
        if node["type"] == "read":
            node["settings"]["sweep_hours"] = 0  # what was deleted is noticed at once
    # only what somebody starts runs here: the clock would come between a test's steps
    document["nodes"] = [node for node in document["nodes"] if node["type"] != "changes"]
    document["edges"] = [edge for edge in document["edges"] if edge["source"] != "now-and-then"]
    made = call(page, tree, "POST", "/api/flows", {"document": document})
    published = call(
        page,
        tree,
        "POST",
        f"/api/flows/{made['slug']}/publish",
        {"revision": made["revision"], "note": "In step"},
    )
    assert published["version"] == 1
    return str(made["slug"])


def sync(page: Page, tree: Tree, slug: str, mode: str = "live") -> str:
    """One run to its end; answers its id."""
    run = str(call(page, tree, "POST", f"/api/flows/{slug}/runs", {"mode": mode})["run"])
    told = screens.over(page, tree, run)
    assert told["state"] == "done", told
    return run


def sync_until(page: Page, tree: Tree, slug: str, met: Callable[[], bool]) -> None:
    """Runs until it is so: what is written in the very second of a run may belong to the next one."""
    for _ in range(10):
        sync(page, tree, slug)
        if met():
            return
        page.wait_for_timeout(1000)
    raise AssertionError("it does not come to be in step")


def in_conflict(page: Page, tree: Tree, *names: str) -> bool:
    """Whether these records wait in the inbox."""
    rows = page.request.get(f"{tree.url}/api/conflicts").json()["conflicts"]
    return {*names} <= {row["title"] for row in rows}


def disagree(clerks: Clerks, name: str, here: str, there: str) -> None:
    """Both sides give a customer another web site."""
    clerks.edit("creatio", clerks.account(name)["id"], {"Web": here})
    clerks.edit("intacct", clerks.partner(name)["id"], {"DISPLAYCONTACT": {"URL1": there}})


def merge(page: Page, tree: Tree, name: str, into: str) -> None:
    """A clerk merges two accounts on Creatio's own screen; the older one stays."""
    clerks = Clerks(tree)
    page.goto(f"{tree.sandbox('creatio').url}/0/page/Account/{clerks.account(name)['id']}")
    page.get_by_label("Merge with").select_option(clerks.account(into)["id"])
    page.get_by_role("button", name="Merge").click()
    expect(page.get_by_role("heading", name=into)).to_be_visible()


def find(page: Page, text: str) -> None:
    """Opens the first record that the search finds for ``text``, by keyboard alone."""
    page.keyboard.press("Control+K")
    dialog = page.get_by_role("dialog", name="Find a record")
    dialog.get_by_label("Number, id or name").fill(text)
    expect(dialog.get_by_role("link").first).to_be_visible()
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)


def pictures(page: Page, tree: Tree) -> Iterator[str]:
    """Goes where pictures of the docs are taken, signed in already; stops there with the name of each."""
    clerks = Clerks(tree)
    for name in ("Harbour Foods", "Oak Tools"):
        clerks.edit("creatio", None, {"Name": name, "Web": "www.old.example", "Address": "1 Harbour Way"})
    slug = keep_in_step(page, tree)
    sync_until(
        page, tree, slug, lambda: bool(clerks.partners("Harbour Foods") and clerks.partners("Oak Tools"))
    )
    disagree(clerks, "Oak Tools", "www.oak.example", "www.oak-tools.example")
    disagree(clerks, "Harbour Foods", "www.harbour.example", "www.harbour-foods.example")
    sync_until(page, tree, slug, lambda: in_conflict(page, tree, "Harbour Foods", "Oak Tools"))
    page.goto(f"{tree.url}/inbox?tab=conflicts")
    card = page.get_by_role("article", name="Conflict about Oak Tools")
    card.get_by_role("radio", name=re.compile("Creatio")).check()
    card.scroll_into_view_if_needed()
    yield "conflicts"
    card.get_by_role("button", name="Decide").click()
    expect(card).to_have_count(0)
    clerks.edit("creatio", None, {"Name": "Harbour Foods Ltd", "Web": "www.harbour-foods.example"})
    sync_until(page, tree, slug, lambda: bool(clerks.partners("Harbour Foods Ltd")))
    merge(page, tree, "Harbour Foods Ltd", "Harbour Foods")
    sync(page, tree, slug)
    page.goto(f"{tree.url}/inbox?tab=held")
    card = page.get_by_role("article", name=re.compile("Harbour Foods Ltd was deleted in Creatio"))
    card.get_by_role("radio", name=re.compile("It was merged into another one")).check()
    card.get_by_role("combobox", name=re.compile("Which one is left")).fill("Harbour")
    expect(page.get_by_role("option", name="Harbour Foods")).to_be_visible()
    yield "gone"
    size = page.viewport_size
    page.set_viewport_size({"width": 1280, "height": 760})
    page.goto(f"{tree.url}/flows/{slug}?node=in-step")
    expect(page.get_by_role("table", name="Pairs of fields")).to_be_visible(timeout=screens.SLOW)
    yield "matrix"
    page.set_viewport_size(size or {"width": 1440, "height": 900})
    page.goto(tree.url)
    expect(page.get_by_role("heading", name="Home")).to_be_visible()
    find(page, "Oak Tools")
    written = page.get_by_role("listitem").filter(has_text="was updated in Sage Intacct (demo)").first
    written.get_by_role("button", name=re.compile("field")).click()
    written.get_by_role("button", name=re.compile("why is")).first.click()
    expect(page.get_by_role("dialog")).to_contain_text("Version 1")
    yield "timeline"
