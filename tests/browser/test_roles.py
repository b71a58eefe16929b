"""Each role sees only what works for it; the server refuses the rest all the same."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser import screens
from tests.tree import Tree

pytestmark = pytest.mark.browser

FLOW = "/flows/closed-won-to-intacct-invoice"
NEEDS = {  # what stands on which screen, and the role it takes
    ("/flows", "New flow"): "editor",
    ("/connections", "Connect a system"): "editor",
    ("/connections/{connection}", "Test now"): "operator",
    ("/connections/{connection}", "Test and save"): "editor",
    ("/sandboxes", "Fill with data"): "editor",
    ("/settings/audit", "CSV"): "admin",
    ("/inbox", "Release all 2"): "operator",
    ("{run}", "Retry 4 held records"): "operator",
    (FLOW, "Run"): "operator",
    (FLOW, "Try on a sample"): "editor",
    (FLOW, "Publish"): "editor",
}
RANKS = ("viewer", "operator", "editor", "admin")
TRY = """async ([method, path, body]) => {
  const { csrf } = await (await fetch('/api/session')).json();
  const answer = await fetch(path, {
    method, headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': csrf }, body: JSON.stringify(body),
  });
  return [answer.status, (await answer.json()).code];
}"""


@pytest.fixture(scope="module")
def admin(browser: Browser, tree: Tree) -> Iterator[Page]:
    """The administrator, with a published flow and a run that holds records."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    screens.sign_in(page, tree)
    screens.make_live(page)
    status, _ = page.evaluate(TRY, ["POST", f"/api{FLOW}/runs", {"mode": "live"}])
    assert status == 202
    screens.newest_run(page, tree, "15 records read")
    yield page
    context.close()


def invite(admin: Page, tree: Tree, role: str) -> str:
    """Through the screen «Settings»; answers the one-time password."""
    admin.goto(f"{tree.url}/settings")
    admin.get_by_role("button", name="Invite", exact=True).click()
    dialog = admin.get_by_role("dialog")
    dialog.get_by_label("E-mail").fill(f"{role}@example.org")
    dialog.get_by_label("Name").fill(role.title())
    dialog.get_by_role("combobox", name="May").or_(dialog.get_by_role("textbox", name="May")).click()
    admin.get_by_role("option").nth(RANKS.index(role)).click()
    dialog.get_by_role("button", name="Invite", exact=False).click()
    password = admin.get_by_role("status").locator("code")
    expect(password).to_be_visible()
    return password.inner_text()


@pytest.mark.parametrize("role", RANKS[:3])
def test_a_role_sees_what_works_for_it(browser: Browser, tree: Tree, admin: Page, role: str) -> None:
    password = invite(admin, tree, role)
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    refused: list[str] = []
    page.on("response", lambda got: refused.append(got.url) if got.status == 403 else None)
    try:
        screens.sign_in_by_form(page, tree, f"{role}@example.org", password)
        connection = page.evaluate("fetch('/api/connections').then(answer => answer.json())")[0]["id"]
        run = page.evaluate("fetch('/api/runs').then(answer => answer.json())")["runs"][0]["id"]
        for (path, name), needed in NEEDS.items():
            address = path.format(connection=connection, run=f"/runs/{run}")
            page.goto(tree.url + address)
            sign = "[data-testid=node-invoice]" if path == FLOW else "main h1"
            expect(page.locator(sign)).to_be_visible()
            page.wait_for_load_state("networkidle")
            there = button(page, name)
            if RANKS.index(role) >= RANKS.index(needed):
                expect(there.first).to_be_visible()
            else:
                expect(there).to_have_count(0)
        if role == "editor":
            return
        # the canvas is to look at; keys that draw, try and publish do nothing
        page.goto(tree.url + FLOW)
        expect(page.get_by_text("To look at only")).to_be_visible()
        cards = page.locator(".react-flow__node").count()
        for key in ("n", "Control+a", "Delete", "t", "Control+Shift+Enter"):
            page.keyboard.press(key)
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(page.locator(".react-flow__node")).to_have_count(cards)
        assert refused == [], "no screen asks for what its reader may not have"
        for method, asked, body in (
            ("PUT", f"/api{FLOW}/draft", {"document": {"heddle": 1, "name": "x"}, "revision": 1}),
            ("POST", f"/api{FLOW}/publish", {"revision": 1}),
            ("POST", "/api/users", {"email": "x@example.org", "name": "x", "role": "admin"}),
        ):
            assert page.evaluate(TRY, [method, asked, body]) == [403, "E-ROLE"]
    finally:
        context.close()


def test_the_audit_tells_who_did_what_and_the_workers_are_there(admin: Page, tree: Tree) -> None:
    admin.goto(f"{tree.url}/settings")
    admin.get_by_role("link", name="Audit").click()
    main = admin.locator("main")
    expect(main.get_by_text("published the flow").first).to_be_visible()
    admin.get_by_role("combobox", name="What it was about").or_(
        admin.get_by_role("textbox", name="What it was about")
    ).click()
    admin.get_by_role("option", name="People", exact=True).click()
    expect(main.get_by_text("published the flow")).to_have_count(0)
    invited = main.get_by_text("invited admin@heddle.local")
    invited.click()
    expect(main.locator("details[open]")).to_contain_text("user.create")
    admin.get_by_label("To", exact=True).fill("2001-01-01")
    expect(main.get_by_text("Nothing like that was noted")).to_be_visible()
    admin.goto(f"{tree.url}/settings/workers")
    expect(main.get_by_text("Everything", exact=True).first).to_be_visible()
    expect(main.get_by_text("Ready").first).to_be_visible()


def test_a_token_is_shown_once_and_revoked_after_a_question(admin: Page, tree: Tree) -> None:
    admin.goto(f"{tree.url}/settings")
    admin.get_by_role("button", name="New token").click()
    dialog = admin.get_by_role("dialog")
    dialog.get_by_label("What is it for?").fill("Nightly export")
    dialog.get_by_role("button", name="Make the token").click()
    shown = admin.get_by_role("status").locator("code")
    token = {"Authorization": f"Bearer {shown.inner_text()}"}
    assert asked(tree, token) == 200
    admin.get_by_role("button", name="Revoke Nightly export").click()
    expect(dialog).to_contain_text("Revoke «Nightly export»?")
    dialog.get_by_role("button", name="Revoke").click()
    expect(dialog).to_have_count(0)
    expect(admin.get_by_text("Nightly export")).to_have_count(0)
    expect(shown).to_have_count(0)
    assert asked(tree, token) == 401


def asked(tree: Tree, headers: dict[str, str]) -> int:
    """The answer's status to a machine that shows this token, and no cookie."""
    return requests.get(f"{tree.url}/api/flows", headers=headers, timeout=30).status_code


def button(page: Page, name: str) -> Locator:
    within = page.locator("main")
    return within.get_by_role("button", name=name, exact=True).or_(
        within.get_by_role("link", name=name, exact=True)
    )
