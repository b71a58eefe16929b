"""What those need who keep Heddle running: health, metrics, sandboxes, the editor's files, the key."""

from __future__ import annotations

import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from werkzeug.serving import make_server

from designer import Config, accounts, create_app, web
from engine.errors import DefinitionError, RequestError
from engine.store import seal
from nodes.systems.sandbox import Sandbox
from tests.designer.conftest import Desk, exact, installation_of
from tests.designer.test_runs import UNKNOWN, WIDGET, run


class Toy(Sandbox):
    system, title = "ledger", "Ledger"

    def routes(self) -> None:
        """The control endpoints are enough."""

    def seed(self, n: int, seed: int) -> dict[str, Any]:
        for number in range(n):
            self.put("invoice", str(number), {"seed": seed})
        return {"invoice": n}


@pytest.fixture
def toy() -> Iterator[tuple[Toy, str]]:
    sandbox = Toy()
    server = make_server("127.0.0.1", 0, sandbox.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield sandbox, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
    sandbox.db.close()


def test_sandboxes_are_shown_and_told(tmp_path: Path, toy: tuple[Toy, str]) -> None:
    sandbox, url = toy
    app = create_app(
        Config(
            data=tmp_path, redis_url="", demo=True, sandboxes={"ledger": url, "gone": "http://127.0.0.1:1"}
        )
    )
    desk = Desk(app.test_client())
    password = accounts.create_user(installation_of(app).database, "a@example.org")
    desk.sign_in("a@example.org", password)
    desk.post("/api/session/password", {"old": password, "new": "a long enough one"})
    gone, shown = exact(desk.get("/api/sandboxes"))
    assert (gone["vices"], "cannot be reached" in gone["message"]) == ([], True)
    assert {vice["name"] for vice in shown["vices"]} >= {"latency", "lost_answer"}
    answer = desk.post("/api/sandboxes/ledger/vices", {"latency": {"ms": 5}})
    assert exact(answer) == {"latency": {"ms": 5}}
    assert sandbox.active == {"latency": {"ms": 5}}
    assert exact(desk.post("/api/sandboxes/ledger/seed", {"n": 3})) == {"invoice": 3}
    refused = desk.post("/api/sandboxes/ledger/vices", {"kindness": True})
    assert (refused.status_code, exact(refused)["code"]) == (422, "E-SANDBOX")
    assert desk.post("/api/sandboxes/ledger/reset").status_code == 200
    assert (sandbox.active, sandbox.all("invoice")) == ({}, [])
    assert desk.post("/api/sandboxes/none/reset").status_code == 404
    assert desk.post("/api/sandboxes/gone/reset").status_code == 503
    installation_of(app).database.close()


def test_there_are_no_sandboxes_outside_the_demo(admin: Desk) -> None:
    refused = admin.get("/api/sandboxes")
    assert (refused.status_code, exact(refused)["code"]) == (404, "E-NO-DEMO")


def test_metrics_count_runs_and_held_records(app: Any, nobody: Desk, editor: Desk, live: str) -> None:
    run(editor, live, app, [WIDGET, UNKNOWN])
    families = {family.name: family for family in text_string_to_metric_families(nobody.get("/metrics").text)}
    assert [(sample.labels, sample.value) for sample in families["heddle_runs"].samples] == [
        ({"state": "done"}, 1)
    ]
    assert families["heddle_held_records"].samples[0].value == 1


def test_readiness_says_what_is_missing(tmp_path: Path, database_url: str) -> None:
    app = create_app(Config(data=tmp_path, database_url=database_url, redis_url="redis://127.0.0.1:1/0"))
    client = app.test_client()
    answer = client.get("/readyz")
    checks = exact(answer)["checks"]
    assert (answer.status_code, checks["database"], checks["migrations"]) == (503, "ok", "ok")
    assert "queue" in checks["redis"]
    database = installation_of(app).database
    with database.write() as session:
        session.connection().exec_driver_sql("UPDATE alembic_version SET version_num = 'older'")
    assert "older schema" in exact(client.get("/readyz"))["checks"]["migrations"]
    assert client.get("/healthz").status_code == 200
    database.close()


def test_everything_there_is_ready(nobody: Desk) -> None:
    answer = nobody.get("/readyz")
    assert (answer.status_code, exact(answer)["ok"]) == (200, True)


def test_the_editor_is_served_and_hardened(app: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "root"
    dist = root / "static" / "dist"
    (dist / "assets").mkdir(parents=True)
    (dist / "index.html").write_text("<title>Heddle</title>")
    (dist / "assets" / "app-1a2b.js").write_text("1")
    (root / "static" / "secret.txt").write_text("no")
    monkeypatch.setattr(web, "ROOT", root)
    client = create_app(
        Config(data=tmp_path / "data", redis_url=""), database=installation_of(app).database
    ).test_client()
    for path in ("/", "/flows/orders", "/runs/abc"):
        with client.get(path) as page:
            assert (page.status_code, page.text) == (200, "<title>Heddle</title>")
            assert page.headers["Cache-Control"] == "no-cache"
            assert "script-src 'self'" in page.headers["Content-Security-Policy"]
            assert page.headers["X-Content-Type-Options"] == "nosniff"
    with client.get("/assets/app-1a2b.js") as asset:
        assert "immutable" in asset.headers["Cache-Control"]
    for missing in ("/assets/app-none.js", "/favicon.png", "/api/none", "/hooks/a"):
        with client.get(missing) as answer:
            assert answer.status_code == 404, missing
    for outside in ("/../secret.txt", "/%2e%2e/secret.txt", "/assets/..%2f..%2fsecret.txt"):
        with client.get(outside) as answer:
            assert answer.text != "no"
    assert client.get("/api/session").headers["Cache-Control"] == "no-store"


def test_the_key_file_belongs_to_its_owner_alone(tmp_path: Path) -> None:
    first = seal.load(tmp_path / "data")
    path = tmp_path / "data" / seal.KEY_FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    sealed = first.close({"password": "x"})
    assert seal.load(tmp_path / "data").open(sealed) == {"password": "x"}
    assert list((tmp_path / "data").iterdir()) == [path]
    other = seal.load(tmp_path, "another key of enough length")
    with pytest.raises(Exception, match="cannot be opened"):
        other.open(sealed)
    with pytest.raises(DefinitionError, match="shorter than 16"):
        seal.load(tmp_path, "short")


def test_the_command_line_makes_users_and_tokens(app: Any) -> None:
    database = installation_of(app).database
    desk = Desk(app.test_client())
    password = accounts.create_user(database, "cli@example.org", "operator")
    assert exact(desk.sign_in("cli@example.org", password))["user"]["must_change_password"] is True
    again = accounts.reset_password(database, "cli@example.org")
    assert again is not None
    assert desk.get("/api/session").get_json()["user"] is None
    assert desk.sign_in("cli@example.org", again).status_code == 200
    assert accounts.reset_password(database, "none@example.org") is None
    text = accounts.create_token(database, "cron", "viewer")
    headers = {"Authorization": f"Bearer {text}"}
    assert app.test_client().get("/api/flows", headers=headers).status_code == 200
    with pytest.raises(RequestError, match="role"):
        accounts.create_token(database, "x", "king")


def test_the_catalog_is_cached_by_its_etag(editor: Desk) -> None:
    answer = editor.get("/api/catalog")
    catalog = exact(answer)
    assert {node["type"] for node in catalog["nodes"]} >= {"manual", "webhook", "map", "write"}
    assert "ledger" in {system["system"] for system in catalog["systems"]}
    assert catalog["functions"]
    assert catalog["operators"]
    same = editor.get("/api/catalog", headers={"If-None-Match": answer.headers["ETag"]})
    assert (same.status_code, same.get_data()) == (304, b"")
