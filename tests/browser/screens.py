"""The product's screens as its user goes through them: each function is one thing a person does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.tree import ADMIN, PASSWORD, Tree

FLOW = "Closed Won opportunity → Sage Intacct invoice"
SLOW = 90_000  # ms; for what other processes must do first


def sign_in(page: Page, tree: Tree) -> None:
    """The administrator is signed in already, or does so now."""
    if tree.cookies:
        page.context.add_cookies(tree.cookies)
        page.goto(tree.url)
        expect(page.get_by_role("heading", name="Home")).to_be_visible()
    else:
        sign_in_by_form(page, tree, ADMIN, tree.password)
        tree.password, tree.cookies = PASSWORD, page.context.cookies()


def sign_in_by_form(page: Page, tree: Tree, email: str, password: str) -> None:
    """With any password but PASSWORD for the first time, when another one must be chosen at once: that one."""
    page.goto(tree.url)
    page.get_by_label("E-mail").fill(email)
    page.get_by_role("textbox", name="Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    if password != PASSWORD:
        own_password(page, password)
    expect(page.get_by_role("heading", name="Home")).to_be_visible()


def own_password(page: Page, password: str) -> None:
    """PASSWORD, in place of the one-time password."""
    expect(page.get_by_role("heading", name="Choose your own password")).to_be_visible()
    page.get_by_label("Password until now").fill(password)
    page.get_by_role("textbox", name=re.compile(r"^New password( \*)?$")).fill(PASSWORD)
    page.get_by_label("New password again").fill(PASSWORD)
    page.get_by_role("button", name="Save and go on").click()


def call(page: Page, tree: Tree, method: str, path: str, body: Any = None) -> Any:
    """What the person's browser gets from the API."""
    csrf = page.request.get(f"{tree.url}/api/session").json()["csrf"]
    given = {} if body is None else {"data": body}
    answer = page.request.fetch(tree.url + path, method=method, headers={"X-CSRF-Token": csrf}, **given)
    assert answer.ok, answer.text()
    return answer.json()


def over(page: Page, tree: Tree, run: str) -> dict[str, Any]:
    """The run as the API tells it, when it has ended."""
    for _ in range(900):
        told: dict[str, Any] = call(page, tree, "GET", f"/api/runs/{run}")
        if told["state"] in ("done", "failed", "cancelled"):
            return told
        page.wait_for_timeout(100)
    raise AssertionError(f"run {run} did not end: {told}")


def bring(page: Page, tree: Tree, address: str, *records: Any) -> list[str]:
    """Sends each record, or its JSON text, to the address of a flow. Answers the runs, which have ended by then."""
    runs = []
    for record in records:
        sent = page.request.post(
            tree.url + address, data=record, headers={"Content-Type": "application/json"}
        )
        assert sent.status == 202, sent.text()
        runs.append(str(sent.json()["run"]))
    for run in runs:
        over(page, tree, run)
    return runs


def drawn(page: Page) -> None:
    """What was done has reached the screen: the second frame from now has begun."""
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def open_flow(page: Page) -> None:
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Flows").click()
    expect(page.get_by_role("heading", name="Flows", level=1)).to_be_visible()
    page.get_by_role("link", name=re.compile(f"^{FLOW}")).click()
    expect(step(page, "invoice")).to_be_visible(timeout=SLOW)


def step(page: Page, node: str) -> Locator:
    """The card of a node on the canvas."""
    return page.get_by_test_id(f"node-{node}")


def make_live(page: Page) -> None:
    """Publishes the ready flow unless that has been done."""
    open_flow(page)
    if page.get_by_text("Draft", exact=True).is_visible():
        publish(page, "First version")


def publish(page: Page, note: str) -> None:
    page.get_by_role("button", name="Publish", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("What is new?").fill(note)
    dialog.get_by_role("button", name="Publish", exact=True).click()
    expect(page.get_by_text(re.compile(r"Version \d+ is live"))).to_be_visible(timeout=SLOW)


def open_deal(page: Page, tree: Tree, title: str) -> None:
    """The page of an opportunity in Creatio, by the beginning of its title."""
    page.goto(tree.sandbox("creatio").url)
    page.get_by_role("link", name=re.compile(f"^{re.escape(title)}")).first.click()
    expect(page.get_by_role("button", name="Raise invoice")).to_be_visible()


def raise_invoice(page: Page) -> None:
    page.get_by_role("button", name="Raise invoice").click()
    expect(page.get_by_role("status").filter(has_text="Sent to Heddle: run")).to_be_visible()


def invoice_number(page: Page) -> str:
    """Waits on the opportunity's page until the number of its invoice appears there."""
    number = page.locator("#number")
    expect(number).to_have_text(re.compile(r"^INV-\d+$"), timeout=SLOW)
    return number.inner_text()


def newest_run(page: Page, tree: Tree, sentence: str | re.Pattern[str]) -> None:
    """Opens the newest run, which must come to say ``sentence``."""
    page.goto(f"{tree.url}/runs")
    page.locator("main a[href^='/runs/']").first.click()
    says(page, sentence)


def says(page: Page, sentence: str | re.Pattern[str], timeout: float = SLOW) -> None:
    """The run that is shown must come to say ``sentence``."""
    expect(page.get_by_role("status").filter(has_text=sentence)).to_be_visible(timeout=timeout)


def choose(page: Page, label: str, option: str | re.Pattern[str]) -> None:
    """Opens a list of choices and takes one."""
    page.get_by_role("combobox", name=label).click()
    page.get_by_role("option", name=option).click()


def retry(page: Page, what: str) -> None:
    """Retries from the page of a run, from the step where it stopped; ends on the page of the new run."""
    address = page.url
    page.get_by_role("button", name=f"Retry {what}").click()
    page.get_by_role("dialog").get_by_role("button", name=f"Retry {what}").click()
    expect(page).not_to_have_url(address)


@contextmanager
def misbehaving(page: Page, tree: Tree, system: str, vice: str, **options: str) -> Iterator[None]:
    """Switches a vice on at the Sandboxes screen, and off again unless it has used itself up."""
    card = _sandbox_card(page, tree, system)
    for label, value in options.items():
        card.get_by_label(f"{vice}: {label.replace('_', ' ')}").fill(value)
    switch = card.get_by_role("switch", name=vice)
    expect(switch).to_be_enabled()
    switch.click()
    expect(switch).to_be_checked()
    yield
    card = _sandbox_card(page, tree, system)
    switch = card.get_by_role("switch", name=vice)
    if switch.is_checked():
        switch.click()
    expect(switch).not_to_be_checked()


def _sandbox_card(page: Page, tree: Tree, system: str) -> Locator:
    page.goto(f"{tree.url}/sandboxes")
    card = page.get_by_role("article").filter(has=page.get_by_role("heading", name=system))
    expect(card.get_by_role("switch").first).to_be_enabled()
    return card
