"""The demo: connections to the imitated systems and their ready flows, laid on the table as drafts.

Everything is done through the HTTP API of the running installation, as a person would: so every connection has
been tested against its system before it is kept. Each step looks first whether it was done before.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests

from designer.config import Config
from engine.errors import EngineError

SYSTEMS = ("creatio", "intacct")
BUTTON = "closed-won-to-intacct-invoice"
"""The flow that the button on Creatio's pages starts; a page has one."""
SEEDED = {"n": 40, "seed": 1}
TIMEOUT = 60.0  # seconds for one call


def is_installed(data: Path, url: str, sandboxes: dict[str, str]) -> bool:
    """Whether the demo was set up for these addresses; a Heddle that moved to other ports needs it again."""
    try:
        return bool(json.loads(_memory(data).read_text()) == _addresses(url, sandboxes))
    except (OSError, ValueError):
        return False


def install(config: Config, url: str, token: str, logins: dict[str, Login]) -> Iterator[str]:
    """Sets the demo up at ``url`` and says what it did, line by line.

    token   of the role editor or higher
    logins  how to sign in to each imitated system
    Raises EngineError, with what the product answered, when a step fails.
    """
    heddle = Api(url, token)
    had = heddle.get("/api/connections")
    bound: dict[str, str] = {}
    for system, address in config.sandboxes.items():
        sandbox = Api(address)
        if not _exists(had, system):
            sandbox.post("/_sandbox/seed", SEEDED)
            yield f"{logins[system].title}: made believable data"
        bound[system] = _connect(heddle, had, system, logins[system])
        yield f"{logins[system].title}: connected"
    known = {flow["slug"] for flow in heddle.get("/api/flows")}
    for template in heddle.get("/api/templates"):
        if not set(template["systems"]) <= set(bound):
            continue
        if template["slug"] not in known:
            # the demo is for one person, who could never publish what needs two
            slug = heddle.post("/api/flows", {"template": template["slug"], "four_eyes": False})["slug"]
            yield f"Flow «{template['name']}»: ready to be looked at and published"
        else:
            slug = template["slug"]
        flow = heddle.get(f"/api/flows/{slug}")
        slots = {slot: bound[of["system"]] for slot, of in flow["document"]["slots"].items()}
        heddle.put(f"/api/flows/{slug}/bindings", slots)
        if template["slug"] == BUTTON:
            Api(config.sandboxes["creatio"]).post("/_sandbox/button", {"url": url + flow["hook"]["url"]})
            yield f"Creatio: the button on its pages starts «{template['name']}»"
    _memory(config.data).write_text(json.dumps(_addresses(url, config.sandboxes)))


@dataclass(frozen=True)
class Login:
    """How to reach an imitated system: its title and its connection's settings, secrets apart."""

    title: str
    settings: dict[str, Any]
    secrets: dict[str, str]


class Api:
    """Calls one HTTP API with JSON. Raises EngineError with the answer's own words when it is refused."""

    def __init__(self, url: str, token: str = "") -> None:
        self.url = url
        self.session = requests.Session()
        self.session.trust_env = False  # a proxy has no business between processes of one machine
        if token:
            self.session.headers["Authorization"] = f"Bearer {token}"

    def get(self, path: str) -> Any:
        return self._call("GET", path, None)

    def post(self, path: str, body: dict[str, Any]) -> Any:
        return self._call("POST", path, body)

    def put(self, path: str, body: dict[str, Any]) -> Any:
        return self._call("PUT", path, body)

    def patch(self, path: str, body: dict[str, Any]) -> Any:
        return self._call("PATCH", path, body)

    def _call(self, method: str, path: str, body: dict[str, Any] | None) -> Any:
        try:
            answer = self.session.request(method, self.url + path, json=body, timeout=TIMEOUT)
        except requests.RequestException as error:
            raise EngineError(f"{self.url} does not answer.", code="E-DEMO", detail=str(error)) from error
        if not answer.ok:
            raise EngineError(
                f"{method} {path} was refused ({answer.status_code}): {answer.text[:1000]}", code="E-DEMO"
            )
        return answer.json() if answer.content else None


def _connect(heddle: Api, had: list[dict[str, Any]], system: str, login: Login) -> str:
    """The id of the connection to a system: found, moved to its new address, or made."""
    body = {"settings": login.settings, "secrets": login.secrets}
    for connection in had:
        if _exists([connection], system):
            if any(connection["settings"].get(name) != value for name, value in login.settings.items()):
                heddle.patch(f"/api/connections/{connection['id']}", body)
            return str(connection["id"])
    made = heddle.post("/api/connections", {"system": system, "name": f"{login.title} (demo)", **body})
    return str(made["id"])


def _exists(connections: list[dict[str, Any]], system: str) -> bool:
    return any(one["system"] == system and one["name"].endswith("(demo)") for one in connections)


def hosts(data: Path) -> list[str]:
    """Where the demo's systems were when it was set up: on this machine, where calls may not go otherwise."""
    try:
        known = json.loads(_memory(data).read_text())["sandboxes"]
    except FileNotFoundError:
        return []
    return [urlsplit(url).netloc for url in known.values()]


def _memory(data: Path) -> Path:
    return data / "demo.json"


def _addresses(url: str, sandboxes: dict[str, str]) -> dict[str, Any]:
    return {"url": url, "sandboxes": sandboxes}
