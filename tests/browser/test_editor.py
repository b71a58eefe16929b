"""The gestures of the editor in a real browser; what they drew is read back from the server."""

from __future__ import annotations

import re
from itertools import count
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser import screens
from tests.tree import Tree

pytestmark = pytest.mark.browser
TREE = "common"

NUMBER = count(1)
MAKE = """async name => {
  const { csrf } = await (await fetch('/api/session')).json();
  const nodes = [
    { id: 'hand', type: 'manual', title: 'Start here' }, { id: 'one', type: 'filter', title: 'First' },
    { id: 'two', type: 'filter', title: 'Second' }, { id: 'three', type: 'filter', title: 'Third' },
  ];
  const edges = [{ source: 'hand', target: 'one' }, { source: 'one', target: 'two' }];
  const layout = { hand: { x: 0, y: 0 }, one: { x: 320, y: 0 }, two: { x: 640, y: 0 }, three: { x: 640, y: 224 } };
  const answer = await fetch('/api/flows', {
    method: 'POST', headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': csrf },
    body: JSON.stringify({ document: { heddle: 1, name, nodes, edges, layout } }),
  });
  return (await answer.json()).slug;
}"""


@pytest.fixture
def slug(page: Page, tree: Tree) -> str:
    """A small flow of its own for each test, open in the editor."""
    screens.sign_in(page, tree)
    made = str(page.evaluate(MAKE, f"Drawing {next(NUMBER)}"))
    open_editor(page, tree, made)
    return made


def open_editor(page: Page, tree: Tree, slug: str) -> None:
    page.goto(f"{tree.url}/flows/{slug}")
    expect(screens.step(page, "three")).to_be_visible()


def saved(page: Page, slug: str) -> dict[str, Any]:
    """The document as the server has it, once the editor says so. What was done must be on the screen by now."""
    expect(page.get_by_test_id("save-state")).to_have_text("Saved")
    found: dict[str, Any] = page.evaluate(
        "slug => fetch('/api/flows/' + slug).then(answer => answer.json())", slug
    )["document"]
    return found


def titles(document: dict[str, Any]) -> list[str]:
    return [node["title"] for node in document["nodes"]]


def wires(document: dict[str, Any]) -> set[tuple[str, str]]:
    return {(edge["source"], edge["target"]) for edge in document["edges"]}


def pick(page: Page, node: str) -> Locator:
    card = screens.step(page, node)
    card.click(position={"x": 90, "y": 20})
    return card


def test_an_empty_canvas_invites(page: Page, tree: Tree) -> None:
    screens.sign_in(page, tree)
    made = screens.call(page, tree, "POST", "/api/flows", {"document": {"heddle": 1, "name": "Nothing yet"}})
    page.goto(f"{tree.url}/flows/{made['slug']}")
    expect(page.get_by_role("heading", name="What starts this flow?")).to_be_visible()
    expect(page.get_by_test_id("save-state")).to_have_text("Saved")
    expect(page.get_by_role("button", name=re.compile("problem"))).to_have_count(0)
    page.get_by_role("button", name="Publish", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Nothing is drawn yet. Start with a trigger")
    expect(dialog.get_by_role("button", name="Publish", exact=True)).to_be_disabled()


def test_a_run_of_a_drawing_that_a_program_made_is_shown(page: Page, tree: Tree) -> None:
    """It has no places for its steps: they are found as in the editor."""
    screens.sign_in(page, tree)
    drawn = screens.call(page, tree, "GET", "/api/flows/closed-won-to-intacct-invoice")["document"]
    document = {**drawn, "name": "Drawn by a program", "layout": {}}
    made = screens.call(page, tree, "POST", "/api/flows", {"document": document})["slug"]
    run = screens.call(page, tree, "POST", f"/api/flows/{made}/runs", {"mode": "dry-run"})["run"]
    page.goto(f"{tree.url}/flows/{made}/runs/{run}")
    expect(page.locator(".react-flow__node")).to_have_count(len(drawn["nodes"]))
    places = page.locator(".react-flow__node").evaluate_all(
        "cards => cards.map(card => card.style.transform)"
    )
    assert len(set(places)) == len(places)


def test_a_step_is_added_behind_the_chosen_one(page: Page, slug: str) -> None:
    pick(page, "two")
    page.keyboard.press("n")
    page.get_by_role("combobox", name="Add a step").fill("decision")  # others speak of decisions
    expect(page.get_by_role("option", selected=True)).to_contain_text("Decision table")
    page.get_by_role("combobox", name="Add a step").fill("map")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("palette")).to_be_hidden()
    expect(page.get_by_role("complementary", name="Step Map fields")).to_be_visible()  # to be filled in
    drawn = saved(page, slug)
    added = next(node for node in drawn["nodes"] if node["id"] not in {"hand", "one", "two", "three"})
    assert added["type"] == "map"
    assert ("two", added["id"]) in wires(drawn)


def test_steps_are_joined_by_dragging(page: Page, slug: str) -> None:
    source = screens.step(page, "one").locator("[data-handleid=out]")
    if source.count() == 0:  # a filter has an output for what passes, by another name
        source = screens.step(page, "one").locator(".source[data-handlepos=right]").first
    target = screens.step(page, "three").locator(".target").first
    begin, end = source.bounding_box(), target.bounding_box()
    assert begin is not None
    assert end is not None
    page.mouse.move(begin["x"] + begin["width"] / 2, begin["y"] + begin["height"] / 2)
    page.mouse.down()
    page.mouse.move(end["x"] - 40, end["y"] + 10, steps=6)
    page.mouse.move(end["x"] + end["width"] / 2, end["y"] + end["height"] / 2, steps=4)
    page.mouse.up()
    expect(page.locator(".react-flow__edge")).to_have_count(3)
    assert wires(saved(page, slug)) == {("hand", "one"), ("one", "two"), ("one", "three")}


def test_undo_and_redo_by_both_keys(page: Page, slug: str) -> None:
    card = pick(page, "three")
    page.keyboard.press("Delete")
    expect(card).to_be_hidden()
    for back, again in (("Control+z", "Control+Shift+z"), ("Control+z", "Control+y")):
        page.keyboard.press(back)
        expect(card).to_be_visible()
        page.keyboard.press(again)
        expect(card).to_be_hidden()
    assert titles(saved(page, slug)) == ["Start here", "First", "Second"]


def test_copy_and_paste(page: Page, slug: str) -> None:
    pick(page, "one")
    page.keyboard.press("Shift+ArrowRight")  # and what follows
    page.keyboard.press("Control+c")
    page.keyboard.press("Control+v")
    expect(page.locator(".react-flow__node")).to_have_count(6)
    drawn = saved(page, slug)
    assert sorted(titles(drawn)) == ["First", "First", "Second", "Second", "Start here", "Third"]
    assert len(wires(drawn)) == 3, "the copies are joined as the originals are"


def test_a_step_is_deleted_and_its_neighbours_are_joined(page: Page, slug: str) -> None:
    pick(page, "one")
    page.keyboard.press("Control+Delete")
    expect(screens.step(page, "one")).to_be_hidden()
    assert wires(saved(page, slug)) == {("hand", "two")}


def test_a_step_is_renamed_in_place(page: Page, slug: str) -> None:
    pick(page, "two")
    page.keyboard.press("F2")
    page.get_by_label("Name of the step").fill("Only large ones")
    page.keyboard.press("Enter")
    expect(screens.step(page, "two")).to_contain_text("Only large ones")
    assert "Only large ones" in titles(saved(page, slug))


def test_changes_survive_a_reload(page: Page, tree: Tree, slug: str) -> None:
    pick(page, "three")
    page.keyboard.press("Delete")
    expect(screens.step(page, "three")).to_be_hidden()
    saved(page, slug)
    page.reload()
    expect(screens.step(page, "two")).to_be_visible()
    expect(screens.step(page, "three")).to_be_hidden()
    # and a change that did not reach the server before the tab was gone
    page.route("**/draft", lambda route: route.abort())
    pick(page, "two")
    page.keyboard.press("Delete")
    expect(page.get_by_role("alert").filter(has_text="kept in this browser")).to_be_visible()
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    expect(screens.step(page, "one")).to_be_visible()
    expect(screens.step(page, "two")).to_be_hidden()
    page.unroute("**/draft")
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(page.get_by_test_id("save-state")).to_have_text("Saved")
    assert titles(saved(page, slug)) == ["Start here", "First"]


@pytest.mark.parametrize("answer", ["Keep mine", "Take theirs"])
def test_two_people_change_the_same_flow(
    browser: Browser, page: Page, tree: Tree, slug: str, answer: str
) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    other = context.new_page()
    try:
        screens.sign_in(other, tree)
        open_editor(other, tree, slug)
        pick(other, "three")
        other.keyboard.press("Delete")
        expect(screens.step(other, "three")).to_be_hidden()
        saved(other, slug)
        pick(page, "two")
        page.keyboard.press("Delete")
        expect(page.get_by_role("alert").filter(has_text="Somebody else changed")).to_be_visible()
        page.get_by_role("button", name=re.compile(f"^{answer}")).click()
        kept = titles(saved(page, slug))
        mine, theirs = ["Start here", "First", "Third"], ["Start here", "First", "Second"]
        assert kept == (mine if answer == "Keep mine" else theirs)
    finally:
        context.close()
