"""Letters about systems that are down: what they say, and where they lead."""

from __future__ import annotations

from typing import Any

import pytest

from designer.mail import MailRoom
from engine.alarm import Alarm
from engine.clock import now
from engine.store import outages
from tests.conftest import Clock
from tests.designer.conftest import installation_of
from tests.designer.post_office import Post


@pytest.mark.usefixtures("desks")
def test_an_outage_is_told_with_its_reason_and_its_end_with_its_length(
    app: Any,
    connection: str,
    post: Post,
    room: MailRoom,
    clock: Clock,
) -> None:
    runtime = installation_of(app).runtime
    alarm = Alarm(room.database, runtime.plan, runtime.open)
    with room.database.write() as session:
        outages.shut(
            session, connection, "E-UNREACHABLE", "Books cannot be reached.", "Check it.", now() + 60
        )
    alarm.look()
    alarm.look()
    assert room.send_due() == len(post.mails) > 0
    told = post.mails.pop()
    post.mails.clear()
    assert told["Subject"] == "«Books» is down"
    assert "Since " in told.get_content()
    assert "Books cannot be reached. Check it.\r\nRuns that need it wait" in told.get_content()
    assert f"See https://heddle.example.org/connections/{connection}" in told.get_content()
    clock.advance(1800)
    with room.database.write() as session:
        assert outages.open_again(session, connection)
    alarm.look()
    room.send_due()
    over = post.mails.pop()
    assert over["Subject"] == "«Books» answers again"
    assert "is down" not in over.get_content()
    assert "It was down from " in over.get_content()
