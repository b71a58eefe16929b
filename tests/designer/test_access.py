"""Who may do what: every endpoint, for every role, with and without the CSRF token, and for machines."""

from __future__ import annotations

import re
from typing import Any

import pytest

from designer.auth import ANYONE, CHANGING
from engine.store import accounts
from tests.designer.conftest import PASSWORD, ROLES, Desk, everything, exact

OPEN = {
    ("GET", "/api/session"), ("POST", "/api/session"), ("GET", "/healthz"), ("GET", "/readyz"), ("GET", "/metrics"),
    ("GET", "/openapi.json"), ("POST", "/hooks/<string:slug>/<string:key>"),
    ("GET", "/hooks/<string:slug>/<string:key>"), ("OPTIONS", "/hooks/<string:slug>/<string:key>"),
    ("GET", "/approve/<string:token>"), ("POST", "/approve/<string:token>"),
}  # fmt: skip
"""What anybody may call; a new endpoint in here is a decision."""

NEEDS = {
    "admin": [r"/api/users", r"/api/tokens", r"/api/audit"],
    "operator": [
        r"/runs POST$", r"/retry$", r"/cancel$", r"/pause$", r"/resume$", r"/allow$", r"/execute$",
        r"/first-load$", r"/matches POST$", r"/reviews/(answer|release|owner)$", r"/conflicts/.*decide$",
        r"/forecast POST$", r"/drift POST$", r"/flows/[^ ]*/rows POST$", r"/reviews/failed/", r"/correct$", r"/catch-up$",
        r"/api/references[^ ]* (POST|PATCH|DELETE)$", r"/api/references/objects$",
        r"/connections/<string:id>/test$",
    ],
    # who decides is named by each approval, whatever their role
    "viewer": [r"/api/session", r"/flows/check$", r"/library/<string:slug>/(check|take)$", r"/api/approvals/"],
}  # fmt: skip
"""Patterns by role; what is not listed needs an editor to change and a viewer to read."""


def endpoints(app: Any) -> list[tuple[str, str, str]]:
    """(method, rule, view name) of everything the app answers."""
    return [
        (method, rule.rule, rule.endpoint)
        for rule in app.url_map.iter_rules()
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"})
    ]


def expected(method: str, rule: str) -> str:
    if (method, rule) in OPEN:
        return ANYONE
    for role, patterns in NEEDS.items():
        if any(re.search(pattern, f"{rule} {method}" if " " in pattern else rule) for pattern in patterns):
            return role
    if rule.endswith("/sample"):
        return "editor"
    return "editor" if method in CHANGING else "viewer"


def address(rule: str) -> str:
    return re.sub(r"<int:[^>]+>", "1", re.sub(r"<(string|path):[^>]+>", "there-is-none", rule))


def test_every_endpoint_names_the_role_it_should(app: Any) -> None:
    assert {
        (method, rule): vars(app.view_functions[view])["allowed"][0] for method, rule, view in endpoints(app)
    } == {(method, rule): expected(method, rule) for method, rule, _ in endpoints(app)}


def test_each_role_is_admitted_exactly_where_it_should(
    app: Any, desks: dict[str, Desk], nobody: Desk
) -> None:
    nobody.csrf = exact(nobody.get("/api/session"))["csrf"]
    for method, rule, _ in endpoints(app):
        role, path = expected(method, rule), address(rule)
        if (method, rule) in OPEN or path == "/api/session":
            continue
        refused = nobody.call(method, path)
        assert (refused.status_code, exact(refused)["code"]) == (401, "E-SIGN-IN"), (method, path)
        for name in ROLES:
            answer = desks[name].call(method, path)
            said = exact(answer)["code"] if answer.status_code >= 400 else ""
            may = ROLES.index(name) >= ROLES.index(role)
            assert (said == "E-ROLE") == (not may), (method, path, name, answer.text)
            assert answer.status_code != 403 or not may, (method, path, name)


def test_a_cookie_without_the_csrf_token_changes_nothing(app: Any, admin: Desk) -> None:
    admin.csrf = "forged"
    for method, rule, _ in endpoints(app):
        if method in CHANGING and not rule.startswith(("/hooks/", "/approve/")):
            answer = admin.call(method, address(rule))
            assert (answer.status_code, exact(answer)["code"]) == (403, "E-CSRF"), (method, rule)


def test_a_foreign_csrf_token_does_not_help(app: Any, desks: dict[str, Desk]) -> None:
    desks["admin"].csrf = desks["editor"].csrf
    assert exact(desks["admin"].post("/api/flows", {"name": "x"}))["code"] == "E-CSRF"


def test_tokens_need_no_csrf_and_keep_to_their_role(app: Any, admin: Desk) -> None:
    for role in ROLES:
        made = exact(admin.post("/api/tokens", {"name": role, "role": role}))
        machine = Desk(app.test_client())
        headers = {"Authorization": f"Bearer {made['token']}"}
        assert machine.get("/api/flows", headers=headers).status_code == 200
        created = machine.post("/api/flows", {"name": "By a machine"}, headers=headers)
        assert created.status_code == (201 if role in {"editor", "admin"} else 403)
        assert "Set-Cookie" not in created.headers
        assert admin.delete(f"/api/tokens/{made['id']}").status_code == 204
        assert machine.get("/api/flows", headers=headers).status_code == 401


def test_a_token_expires_and_is_never_shown_again(
    app: Any, admin: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = exact(admin.post("/api/tokens", {"name": "short", "role": "viewer", "days": 1}))
    assert made["token"] not in admin.get("/api/tokens").text
    headers = {"Authorization": f"Bearer {made['token']}"}
    machine = Desk(app.test_client())
    assert machine.get("/api/flows", headers=headers).status_code == 200
    later = accounts.now() + 2 * 86400
    monkeypatch.setattr(accounts, "now", lambda: later)
    assert machine.get("/api/flows", headers=headers).status_code == 401


def test_signing_in_and_out(app: Any, nobody: Desk) -> None:
    assert nobody.sign_in("viewer@example.org").status_code == 200
    who = exact(nobody.get("/api/session"))
    assert (who["user"]["email"], who["user"]["role"], who["demo"]) == ("viewer@example.org", "viewer", False)
    assert nobody.delete("/api/session").status_code == 200
    assert exact(nobody.get("/api/session"))["user"] is None
    assert nobody.get("/api/flows").status_code == 401


def test_the_session_cookie_is_guarded(nobody: Desk) -> None:
    nobody.csrf = exact(nobody.get("/api/session"))["csrf"]
    answer = nobody.post("/api/session", {"email": "viewer@example.org", "password": PASSWORD})
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_a_wrong_password_and_an_unknown_user_look_alike(app: Any, nobody: Desk) -> None:
    wrong = nobody.sign_in("admin@example.org", "not the password")
    unknown = nobody.sign_in("who@example.org", "not the password")
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.get_data() == unknown.get_data()
    assert exact(wrong)["code"] == "E-CREDENTIALS"


def test_sign_in_needs_the_csrf_token(nobody: Desk) -> None:
    answer = nobody.post("/api/session", {"email": "admin@example.org", "password": PASSWORD})
    assert exact(answer)["code"] == "E-CSRF"


def test_who_got_a_one_time_password_must_change_it_first(app: Any, admin: Desk) -> None:
    made = exact(admin.post("/api/users", {"email": "new@example.org", "role": "editor"}))
    desk = Desk(app.test_client())
    assert exact(desk.sign_in("new@example.org", made["password"]))["user"]["must_change_password"] is True
    refused = desk.get("/api/flows")
    assert (refused.status_code, exact(refused)["code"]) == (403, "E-CHANGE-PASSWORD")
    for new, code in (("short", "E-PASSWORD"), (made["password"], "E-PASSWORD")):
        answer = desk.post("/api/session/password", {"old": made["password"], "new": new})
        assert (answer.status_code, exact(answer)["code"]) == (422, code)
    wrong = desk.post("/api/session/password", {"old": "wrong one", "new": "another long one"})
    assert exact(wrong)["code"] == "E-CREDENTIALS"
    done = desk.post("/api/session/password", {"old": made["password"], "new": "another long one"})
    assert done.status_code == 200
    assert desk.get("/api/flows").status_code == 200


def test_what_changes_a_user_ends_their_sessions(app: Any, admin: Desk, desks: dict[str, Desk]) -> None:
    users = {user["email"]: user["id"] for user in exact(admin.get("/api/users"))}
    for role in ROLES:
        assert desks[role].get("/api/flows").status_code == 200
    changed = admin.patch(f"/api/users/{users['editor@example.org']}", {"role": "viewer"})
    assert exact(changed)["role"] == "viewer"
    assert desks["editor"].get("/api/flows").status_code == 401
    admin.patch(f"/api/users/{users['operator@example.org']}", {"active": False})
    assert desks["operator"].get("/api/flows").status_code == 401
    assert Desk(app.test_client()).sign_in("operator@example.org").status_code == 401
    assert admin.delete(f"/api/users/{users['viewer@example.org']}").status_code == 204
    assert desks["viewer"].get("/api/flows").status_code == 401


def test_the_last_administrator_stays(admin: Desk) -> None:
    own = next(user for user in exact(admin.get("/api/users")) if user["role"] == "admin")
    for answer in (
        admin.delete(f"/api/users/{own['id']}"),
        admin.patch(f"/api/users/{own['id']}", {"role": "editor"}),
        admin.patch(f"/api/users/{own['id']}", {"active": False}),
    ):
        assert (answer.status_code, exact(answer)["code"]) == (409, "E-LAST-ADMIN")


def test_reading_changes_nothing(app: Any, admin: Desk, flow: str, connection: str) -> None:
    """Every GET, as an administrator, leaves every row of the database as it was."""
    before = everything(app)
    for method, rule, _ in endpoints(app):
        if method == "GET" and not rule.endswith("/events"):
            path = rule.replace("<string:slug>", flow).replace("<string:id>", connection)
            admin.get(address(path.replace("<path:entity>", "invoice")))
    assert everything(app) == before
