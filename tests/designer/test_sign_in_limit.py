"""Guessing passwords is slow, whether Redis is there or not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from designer import Config, create_app
from tests.designer.conftest import Desk, exact, installation_of


@pytest.mark.parametrize("redis_url", ["", "redis://127.0.0.1:1/0"], ids=["without", "away"])
def test_too_many_attempts_are_refused(tmp_path: Path, redis_url: str) -> None:
    app: Any = create_app(Config(data=tmp_path, redis_url=redis_url, sign_in_limit="3 per minute"))
    try:
        desk = Desk(app.test_client())
        answers = [desk.sign_in("guess@example.org", f"guess {n}") for n in range(5)]
        assert [answer.status_code for answer in answers] == [401, 401, 401, 429, 429]
        assert exact(answers[-1])["code"] == "E-TOO-MANY"
        assert int(answers[-1].headers["Retry-After"]) > 0
        assert desk.get("/api/session").status_code == 200
    finally:
        installation_of(app).database.close()


def test_one_account_is_guarded_against_many_addresses(tmp_path: Path) -> None:
    app: Any = create_app(Config(data=tmp_path, redis_url="", sign_in_limit="3 per minute"))
    try:
        codes = []
        for n in range(5):
            desk = Desk(app.test_client())
            desk.client.environ_base["REMOTE_ADDR"] = f"10.0.0.{n}"
            codes.append(desk.sign_in("Guess@Example.org ", f"guess {n}").status_code)
        assert codes == [401, 401, 401, 429, 429]
    finally:
        installation_of(app).database.close()
