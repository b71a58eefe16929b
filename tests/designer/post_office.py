"""A real SMTP server, and the mail room that sends to it."""

from __future__ import annotations

from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from pydantic import SecretStr

from designer.config import Config
from designer.installation import Installation
from designer.mail import MailRoom

PORT = 8847


class Post:
    """What a real SMTP server took in."""

    def __init__(self) -> None:
        self.mails: list[Any] = []
        self.refuse = False

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        if self.refuse:
            return "451 try again later"
        self.mails.append(message_from_bytes(envelope.content, policy=default))
        return "250 taken"

    def open(self) -> None:
        self.server = Controller(self, hostname="127.0.0.1", port=PORT)
        self.server.start()

    def close(self) -> None:
        self.server.stop()


@pytest.fixture
def post() -> Iterator[Post]:
    made = Post()
    made.open()
    yield made
    made.close()


@pytest.fixture
def room(app: Any) -> MailRoom:
    installation: Installation = app.extensions["heddle"]
    config = Config(
        smtp_url=SecretStr(f"smtp://127.0.0.1:{PORT}"),
        mail_from="heddle@example.org",
        url="https://heddle.example.org",
    )
    return MailRoom(installation.database, installation.seal, config)
