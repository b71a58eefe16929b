"""axe-core over every screen, light and dark: no serious or critical violation, no word in the browser's console."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser import screens
from tests.tree import ADMIN, Tree

pytestmark = pytest.mark.browser
TREE = "common"

GRAVE = ("serious", "critical")
OF_COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
FLOW = "/flows/closed-won-to-intacct-invoice"


@pytest.fixture
def console(page: Page) -> Iterator[list[str]]:
    """What the browser complains about while the test runs; there must be nothing."""
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(f"{page.url}: {error}"))
    page.on(
        "console",
        lambda message: (
            said.append(f"{page.url}: {message.text}") if message.type in {"error", "warning"} else None
        ),
    )
    yield said
    assert said == []


def violations(page: Page, screen: str) -> list[str]:
    """The grave ones, one line for each element; in the dark those of colours, since all else is the same there."""
    found = []
    for scheme, asked in (("light", {}), ("dark", {"runOnly": OF_COLOURS})):
        page.emulate_media(color_scheme=scheme)
        screens.drawn(page)
        options = {"resultTypes": ["violations"], **asked}
        answer: dict[str, Any] = Axe().run(page, options=options).response
        found += [
            f"{screen}, {scheme}: {one['id']} ({one['impact']}) at {node['target']}: {node['html'][:160]}"
            for one in answer["violations"]
            if one["impact"] in GRAVE
            for node in one["nodes"]
        ]
    return found


def first_run(page: Page, tree: Tree) -> tuple[str, str]:
    """A run that is over, and the address of the first record that it read."""
    page.goto(f"{tree.url}/runs")
    link = page.locator("main a[href^='/runs/']").first
    expect(link).to_be_visible(timeout=screens.SLOW)
    address = str(link.get_attribute("href"))
    page.goto(tree.url + address)
    expect(page.locator("main a[href*='/records/']").first).to_be_visible(timeout=screens.SLOW)
    return address, str(page.locator("main a[href*='/records/']").first.get_attribute("href"))


def test_every_screen_in_light_and_dark(page: Page, tree: Tree, console: list[str]) -> None:
    page.goto(tree.url)
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    found = violations(page, "sign-in")
    screens.sign_in(page, tree)
    screens.make_live(page)
    page.goto(tree.url)
    started = page.evaluate(START)
    assert started == 202
    screens.newest_run(page, tree, "15 records read")
    run, record = first_run(page, tree)
    connection = page.evaluate("fetch('/api/connections').then(answer => answer.json())")[0]["id"]
    heading = "main h1"
    shown = [
        *((path, heading) for path in ("/", "/flows", "/runs", "/inbox", "/connections")),
        *((path, heading) for path in ("/connections/new", f"/connections/{connection}", "/sandboxes")),
        *(
            (path, heading)
            for path in ("/settings", "/settings/audit", "/settings/workers", "/nowhere", run, record)
        ),
        *((path, "[data-testid=node-invoice]") for path in (FLOW, f"{FLOW}{run}")),
        *(
            (f"{FLOW}?node={node}", "[data-panel]")
            for node in ("customer-fields", "checks", "invoice", "button")
        ),
    ]
    for path, sign in shown:
        page.goto(tree.url + path)
        expect(page.locator(sign).first).to_be_visible()
        page.wait_for_load_state("networkidle")
        found += violations(page, path)
        assert overflow(page) <= 0, f"{path} is wider than the window"
    assert found == []


@pytest.mark.parametrize(
    ("key", "sign"),
    [
        ("n", "palette"),
        ("?", "dialog"),
        ("Control+k", "dialog"),
        ("Control+Shift+Enter", "dialog"),
        ("t", "sample-bar"),
    ],
)
def test_what_opens_over_the_canvas(page: Page, tree: Tree, console: list[str], key: str, sign: str) -> None:
    screens.sign_in(page, tree)
    page.goto(tree.url + FLOW)
    expect(screens.step(page, "invoice")).to_be_visible()
    page.keyboard.press(key)
    opened = page.get_by_role("dialog") if sign == "dialog" else page.get_by_test_id(sign)
    expect(opened.first).to_be_visible(timeout=screens.SLOW)
    assert violations(page, f"after {key}") == []


def test_the_bar_fits_with_changes_that_are_not_published(page: Page, tree: Tree, console: list[str]) -> None:
    screens.sign_in(page, tree)
    screens.make_live(page)
    page.get_by_label("Name of the flow").fill(
        "Closed Won opportunity → Sage Intacct invoice, with a long name"
    )
    expect(page.get_by_test_id("save-state")).to_have_text("Saved")
    try:
        for width in (1100, 1280, 1440, 1920):
            page.set_viewport_size({"width": width, "height": 900})
            assert overflow(page) <= 0, width
            more = page.get_by_role("button", name="More", exact=True).bounding_box()
            assert more is not None
            assert more["x"] + more["width"] <= width, f"at {width} px the last button is outside"
    finally:
        page.get_by_label("Name of the flow").fill(screens.FLOW)
        expect(page.get_by_test_id("save-state")).to_have_text("Saved")


def test_a_phone_reaches_every_place(page: Page, tree: Tree, console: list[str]) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    screens.sign_in_by_form(page, tree, ADMIN, tree.password)
    bar = page.get_by_role("navigation", name="Main")
    assert bar.evaluate("bar => bar.scrollWidth - bar.clientWidth") <= 0, "the bar scrolls sideways"
    at_hand = {link.inner_text() for link in bar.get_by_role("link").all() if link.is_visible()}
    assert at_hand == {"Home", "Flows", "Runs", "Inbox"}
    menu = page.get_by_role("dialog")
    for title, heading in (("Rules", "Rules"), ("References", "Cross references"), ("Settings", "Settings")):
        bar.get_by_role("button", name="Menu").click()
        menu.get_by_role("link", name=title).click()
        expect(page.get_by_role("heading", name=heading, level=1)).to_be_visible()
        expect(menu).to_have_count(0)
    bar.get_by_role("button", name="Menu").click()
    expect(menu.get_by_role("link", name="Settings")).to_have_attribute("aria-current", "page")
    assert violations(page, "menu of a phone") == []
    menu.get_by_role("button", name="Find a record").click()
    expect(page.get_by_role("dialog", name="Find a record")).to_be_visible()
    page.keyboard.press("Escape")
    bar.get_by_role("button", name="Menu").click()
    menu.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def test_screens_come_at_once_and_a_large_flow_opens_quickly(
    page: Page, tree: Tree, console: list[str]
) -> None:
    screens.sign_in(page, tree)
    large = page.evaluate(LARGE)
    page.goto(f"{tree.url}/flows")  # the files of the editor are in the browser from now on
    best: dict[str, float] = {}
    for path, sign, limit in (("/", "main h1", 1.0), (f"/flows/{large}", ".react-flow__node", 2.0)):
        best[path] = min(_effort(page, tree.url + path, sign) for _ in range(3))
        assert 0 < best[path] < limit, best
    assert requests.get(f"{tree.url}/readyz", timeout=5).ok


def _effort(page: Page, url: str, sign: str) -> float:
    """Seconds of processor time that the page takes until it is there: whoever else is at work does not count."""
    tools = page.context.new_cdp_session(page)
    tools.send("Performance.enable")

    def spent() -> float:
        told = tools.send("Performance.getMetrics")["metrics"]
        return float(next(one["value"] for one in told if one["name"] == "ProcessTime"))

    before = spent()
    page.goto(url, wait_until="commit")
    page.locator(sign).first.wait_for(state="attached")
    after = spent()
    tools.detach()
    return after - before if after >= before else after  # the browser may have begun a new process


def overflow(page: Page) -> int:
    """Pixels by which the page is wider than the window."""
    screens.drawn(page)
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


START = """async () => {
  const { csrf } = await (await fetch('/api/session')).json();
  const answer = await fetch('/api/flows/closed-won-to-intacct-invoice/runs', {
    method: 'POST', headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': csrf },
    body: JSON.stringify({ mode: 'live' }),
  });
  return answer.status;
}"""

LARGE = """async () => {
  const { csrf } = await (await fetch('/api/session')).json();
  const nodes = [{ id: 'hand', type: 'manual' }], edges = [], layout = { hand: { x: -300, y: 0 } };
  for (let n = 0; n < 200; n += 1) {
    nodes.push({ id: `n${n}`, type: 'filter', title: `Step ${n}` });
    edges.push({ source: n ? `n${n - 1}` : 'hand', target: `n${n}` });
    layout[`n${n}`] = { x: (n % 20) * 320, y: Math.floor(n / 20) * 180 };
  }
  const answer = await fetch('/api/flows', {
    method: 'POST', headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': csrf },
    body: JSON.stringify({ document: { heddle: 1, name: 'Two hundred steps', nodes, edges, layout } }),
  });
  return (await answer.json()).slug;
}"""
