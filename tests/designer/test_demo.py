"""The demo is set up as its user expects it, whatever else lies on the table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from designer import demo
from designer.config import Config

CREATIO = "http://127.0.0.1:8601"


def template(slug: str) -> dict[str, Any]:
    return {"slug": slug, "name": slug, "systems": ["creatio"]}


class Played:
    """Answers as an installation whose flows all have an address to call; remembers what buttons were told."""

    def __init__(self, slugs: list[str]) -> None:
        self.slugs, self.buttons = slugs, list[str]()

    def __call__(self, url: str, token: str = "") -> Played:
        return self

    def get(self, path: str) -> Any:
        if path == "/api/templates":
            return [template(slug) for slug in self.slugs]
        if path.startswith("/api/flows/"):
            slug = path.rsplit("/", 1)[-1]
            return {"document": {"slots": {}}, "hook": {"url": f"/hooks/{slug}/key"}}
        return []

    def post(self, path: str, body: dict[str, Any]) -> Any:
        if path == "/_sandbox/button":
            self.buttons.append(body["url"])
        return {"id": "c1", "slug": body.get("template", "")}

    def put(self, path: str, body: dict[str, Any]) -> Any:
        return None


@pytest.mark.parametrize("order", [1, -1])
def test_the_button_starts_the_invoice_flow_whatever_other_flows_are_called(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, order: int
) -> None:
    played = Played(["accounts-by-call", demo.BUTTON, "zones-by-call"][::order])
    monkeypatch.setattr(demo, "Api", played)
    config = Config(data=tmp_path, sandboxes={"creatio": CREATIO})
    said = list(demo.install(config, "http://heddle", "token", {"creatio": demo.Login("Creatio", {}, {})}))
    assert played.buttons == [f"http://heddle/hooks/{demo.BUTTON}/key"]
    assert sum("button" in line for line in said) == 1


def test_the_flow_of_the_button_is_shipped() -> None:
    shipped = {path.stem for path in (Path(__file__).resolve().parents[2] / "flows").glob("*/*.json")}
    assert demo.BUTTON in shipped
