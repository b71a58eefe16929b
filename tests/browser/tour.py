"""The way through docs/tutorial.md, step by step: for the test that holds the page, and for its pictures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser import screens
from tests.tree import ADMIN, PASSWORD, Tree


def tour(page: Page, tree: Tree) -> Iterator[tuple[int, str]]:
    """Does what the page says. Stops at each screen with the number of the step and the picture to take there, if any."""
    main = page.get_by_role("navigation", name="Main")
    page.goto(tree.url)
    page.get_by_label("E-mail").fill(ADMIN)
    page.get_by_role("textbox", name="Password").fill(tree.password)
    yield 1, ""
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Choose your own password")).to_be_visible()
    yield 2, ""
    screens.own_password(page, tree.password)
    tree.password = PASSWORD
    expect(page.get_by_text("Sage Intacct (demo)")).to_be_visible()
    yield 3, "home"
    main.get_by_role("link", name="Flows").click()
    expect(page.get_by_role("heading", name="Flows", level=1)).to_be_visible()
    yield 4, ""
    screens.open_flow(page)
    yield 4, ""
    page.get_by_role("button", name="Try on a sample").click()
    expect(page.get_by_test_id("sample-bar")).to_be_visible(timeout=screens.SLOW)
    yield 5, "canvas"
    screens.step(page, "invoice").dblclick()
    expect(page.get_by_label("What comes out")).to_contain_text("Would be created")
    yield 5, "preview"
    page.get_by_role("button", name="Close the panel").click()
    page.get_by_role("button", name="Publish", exact=True).click()
    page.get_by_label("What is new?").fill("First version")
    yield 6, ""
    page.get_by_role("dialog").get_by_role("button", name="Publish", exact=True).click()
    expect(page.get_by_text("Live v1")).to_be_visible()
    yield 6, ""
    main.get_by_role("link", name="Sandboxes").click()
    expect(page.get_by_role("link", name="Open it").first).to_be_visible()
    yield 7, ""
    yield from _press(page, tree, 7, "Warehouse rollout, Northgate Instruments")
    screens.invoice_number(page)
    yield 7, ""
    page.goto(f"{tree.url}/runs")
    expect(page.get_by_text("1 record read: 1 created.")).to_be_visible()
    yield 8, ""
    screens.newest_run(page, tree, "1 record read: 1 created.")
    yield 8, ""
    page.get_by_role("link", name="On the canvas").click()
    expect(page.get_by_role("button", name="1 passed: show these records").first).to_be_visible()
    yield 8, "run"
    yield from _press(page, tree, 9, "Process review, Kestrel Logistics")
    screens.newest_run(page, tree, "1 record read: 1 held.")
    main.get_by_role("link", name=re.compile("^Inbox")).click()
    expect(page.get_by_role("button", name="Release it")).to_be_visible()
    yield 9, "inbox"
    page.get_by_role("combobox", name="Ledger account for Consulting").click()
    expect(page.get_by_role("option", name="4200 · Consulting revenue")).to_be_visible()
    yield 9, ""
    page.get_by_role("option", name="4200 · Consulting revenue").click()
    page.get_by_role("button", name="Release it").click()
    expect(page.get_by_role("link", name="Watch them go out")).to_be_visible()
    yield 9, ""
    with screens.misbehaving(page, tree, "Sage Intacct", "The books of a month are closed"):
        yield 10, "sandboxes"
        yield from _press(page, tree, 10, "Yard management, O'Hara & Sons")
        screens.newest_run(page, tree, "1 record read: 1 held.")
        expect(page.get_by_text("Intacct has closed the period")).to_be_visible()
        yield 10, ""
        run = page.url
    page.goto(run)
    screens.retry(page, "1 held record")
    screens.says(page, "1 record read: 1 created.")
    yield 10, ""


def _press(page: Page, tree: Tree, step: int, title: str) -> Iterator[tuple[int, str]]:
    screens.open_deal(page, tree, title)
    yield step, ""
    screens.raise_invoice(page)


LIMITS = {
    "rules": [
        {
            "id": "big",
            "title": "Large orders are a risk",
            "when": {
                "left": {"kind": "path", "path": "$.Amount"},
                "op": ">",
                "right": {"kind": "constant", "value": 10000},
            },
            "then": [{"do": "conclude", "fact": "risk", "value": "high"}],
        },
        {
            "id": "cfo",
            "title": "High risk waits for the CFO",
            "when": {"fact": "risk", "op": "is", "right": "high"},
            "then": [{"do": "hold", "message": "{Customer}: {Amount} needs the CFO."}],
        },
    ]
}
ENTITIES = {
    "hit_policy": "first",
    "inputs": [
        {"id": "c", "title": "Country", "type": "text", "value": {"kind": "path", "path": "$.Country"}},
        {"id": "a", "title": "Amount", "type": "number", "value": {"kind": "path", "path": "$.Amount"}},
    ],
    "outputs": [{"id": "e", "title": "Entity", "type": "text", "target": "Entity"}],
    "rows": [
        {"id": "1", "when": ['"DE", "AT"', ">= 10000"], "then": ['"EU large"'], "note": "asked for by audit"},
        {"id": "2", "when": ['"DE", "AT"', "< 10000"], "then": ['"EU"']},
        {"id": "3", "when": ['"US", "CA"', "-"], "then": ['"US"']},
    ],
}
RATES = {
    "columns": ["From", "To", "Since", "Rate"],
    "rows": [["USD", "EUR", "2026-01-01", "0.92155"], ["USD", "EUR", "2026-07-01", "0.9012"]],
    "valid_from": "Since",
    "rates": {"to": "To", "rate": "Rate", "digits": {"JPY": 0}},
}
ORDERS = (("Kestrel Logistics", 4_200), ("Northgate Instruments", 7_900), ("O'Hara & Sons", 12_500))


def deciding(page: Page, tree: Tree) -> Iterator[str]:
    """Shared rules and tables: stops at each screen with the name of its picture. Somebody is signed in."""
    csrf = page.request.get(f"{tree.url}/api/session").json()["csrf"]

    def send(path: str, body: Any) -> Any:
        answer = page.request.post(f"{tree.url}/api/{path}", data=body, headers={"X-CSRF-Token": csrf})
        assert answer.ok, answer.text()
        return answer.json()

    for kind, title, document in (
        ("rules", "Order risk", LIMITS), ("decision", "Which entity books it", ENTITIES), ("lookup", "Currency rates", RATES)
    ):  # fmt: skip
        send("library", {"kind": kind, "title": title, "document": document})
    drawing = {
        "heddle": 1, "name": "Orders",
        "nodes": [
            {"id": "call", "type": "webhook", "title": "An order arrives"},
            {"id": "judge", "type": "rules", "title": "Judge the risk", "settings": {"rule_set": "shared:order-risk"}},
        ],
        "edges": [{"source": "call", "target": "judge"}],
        "layout": {"call": {"x": 0, "y": 0}, "judge": {"x": 300, "y": 0}},
    }  # fmt: skip
    flow = send("flows", {"document": {**drawing, **send("library/order-risk/take", {"document": drawing})}})
    send(f"flows/{flow['slug']}/publish", {"revision": 1})
    orders = ({"id": customer, "Customer": customer, "Amount": amount} for customer, amount in ORDERS)
    screens.bring(page, tree, flow["hook"]["url"], *orders)
    page.goto(f"{tree.url}/rules/order-risk")
    page.get_by_role("button", name=re.compile("Large orders are a risk")).first.click()
    yield "rules"
    page.get_by_role("button", name=re.compile("^Compared with")).click()
    page.get_by_role("textbox", name="Compared with").fill("5000")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Save as version 2 …").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("What is new?").fill("Large begins at 5,000")
    dialog.get_by_role("button", name="What would it change?").click()
    expect(dialog.get_by_role("status")).to_contain_text("Of the 3 records")
    dialog.get_by_text("Northgate Instruments", exact=True).click()
    yield "impact"
    dialog.get_by_role("button", name="Go on editing").click()
    page.goto(f"{tree.url}/rules/which-entity-books-it")
    expect(page.get_by_text("No row fits when").first).to_be_visible()
    yield "decision-table"
    page.goto(f"{tree.url}/rules/currency-rates")
    expect(page.get_by_text("These are currency rates")).to_be_visible()
    yield "rates"
