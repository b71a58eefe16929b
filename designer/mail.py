"""The mail room: takes letters from the outbox and hands them to an SMTP server.

A letter is settled after the server has taken it, so a crash in between sends it twice (with the same
Message-ID) and never not at all. What is no longer true when its turn comes is dropped.
"""

from __future__ import annotations

import logging
import smtplib
import ssl
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import unquote, urlsplit

from designer import consents, links
from designer.config import Config
from engine import approvals
from engine.alarm import TABS
from engine.clock import utcnow
from engine.errors import DefinitionError, Problem, RequestError, Unavailable
from engine.store import accounts, alerts, flows, letters, publications
from engine.store import approvals as store
from engine.store.alerts import Alert
from engine.store.approvals import Approval
from engine.store.database import Database, Session
from engine.store.letters import Letter
from engine.store.publications import Publication
from engine.store.seal import Seal

EVERY = 2.0
CLAIM = 180.0
"""Seconds for which a sender has its letters to itself."""

SHOWN = 20
TIMEOUT = 30.0
OPENING = {
    "asked": "Your approval is asked for",
    "reminder": "This still waits for your approval",
    "escalation": "Nobody has decided this yet, so you are asked too",
    "delegated": "This has been handed to you",
}
TELLING = {
    "failed": "Records have failed, and will not be tried again by themselves",
    "held": "Records wait for an answer",
    "outage": "A system cannot be reached",
    "answers": "A system answers again",
}
MANY = {
    "failed": "Records fail for {} reasons",
    "held": "Records wait for {} answers",
    "outage": "{} systems are down",
    "answers": "{} systems answer again",
}
"""Subjects of letters about several things."""

PUBLISHING = {
    "publish": "You are asked to look at it and publish it",
    "published": "It has been published",
    "returned": "It was sent back to you",
}
log = logging.getLogger("heddle.mail")


@dataclass(frozen=True)
class MailRoom:
    """One a process; several do no harm."""

    database: Database
    seal: Seal
    config: Config

    def run(self, stop: threading.Event) -> None:
        """Sends what is due, until told to stop."""
        while not stop.wait(EVERY):
            try:
                self.send_due()
            except Unavailable as error:
                log.warning("the mail room waits: %s", error)

    def send_due(self) -> int:
        """Sends the letters whose turn has come, one mail a person; answers how many mails went out."""
        with self.database.write() as session:
            claimed = letters.claim(session, CLAIM)
        bundles: dict[tuple[str, str], list[Letter]] = {}
        for letter in claimed:
            bundles.setdefault((letter.user_id, letter.kind), []).append(letter)
        sent = 0
        waiting = list(bundles.values())
        while waiting:
            bundle = waiting.pop(0)
            with self.database.read() as session:
                mail = self._write(session, bundle)
            if mail is None:
                self._settle(bundle, "dropped")
                continue
            try:
                with server(self.config) as smtp:
                    smtp.send_message(mail)
            except OSError as error:  # SMTPException is one too
                log.warning("a letter to %s could not be sent: %s", mail["To"], error)
                # no answer at all: the others need not wait for it one by one
                unsent = [bundle] if isinstance(error, smtplib.SMTPException) else [bundle, *waiting]
                waiting = waiting if len(unsent) == 1 else []
                with self.database.write() as session:
                    letters.postpone(session, [letter for one in unsent for letter in one], str(error))
                continue
            self._settle(bundle, "sent")
            sent += 1
        return sent

    def _settle(self, bundle: Sequence[Letter], state: str) -> None:
        with self.database.write() as session:
            letters.settle(session, bundle, state)

    def _write(self, session: Session, bundle: Sequence[Letter]) -> EmailMessage | None:
        """The mail for letters of one kind to one person; None when nothing of it is true any more."""
        user = accounts.user(session, bundle[0].user_id)
        if bundle[0].kind in TELLING:
            told = [alert for letter in bundle if (alert := _still_so(session, letter))]
            if user is None or not user.active or not told:
                return None
            title = (
                _title(bundle[0].kind, told[0]) if len(told) == 1 else MANY[bundle[0].kind].format(len(told))
            )
            return self._mail(user, bundle[0], title, self._telling(user, bundle[0], told))
        if bundle[0].kind in PUBLISHING:
            asked = [one for letter in bundle if user and (one := _still_due(session, letter, user))]
            if user is None or not asked:
                return None
            names = flows.names(session, {one.flow_id for one in asked})
            title = f"{names[asked[0].flow_id][1]}: {PUBLISHING[bundle[0].kind].lower()}"
            if len(asked) > 1:
                title = f"{len(asked)} flows: {PUBLISHING[bundle[0].kind].lower()}"
            return self._mail(user, bundle[0], title, self._publishing(user, bundle[0], asked, names))
        rows = [row for letter in bundle if user and (row := _still_asked(session, letter.about, user))]
        if user is None or not rows:
            return None
        title = rows[0].question if len(rows) == 1 else f"{len(rows)} approvals wait for you"
        if bundle[0].kind == "reminder":
            title = f"Reminder: {title}"
        shown = [(row, consents.circumstances(session, row)) for row in rows[:SHOWN]]
        return self._mail(user, bundle[0], title, self._words(user, bundle[0], shown, len(rows)))

    def _mail(self, user: accounts.User, letter: Letter, title: str, lines: Iterable[str]) -> EmailMessage:
        mail = EmailMessage()
        mail["From"] = self.config.mail_from
        mail["To"] = user.email
        mail["Subject"] = _line(title)
        mail["Date"] = format_datetime(utcnow())
        host = self.config.mail_from.rpartition("@")[2].strip("> ") or "heddle"
        mail["Message-ID"] = f"<letter-{letter.id}-{letter.created_at:.0f}@{host}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content("\n".join(lines))
        return mail

    def _telling(self, user: accounts.User, letter: Letter, rows: Sequence[Alert]) -> Iterator[str]:
        yield from (f"Hello {user.name},", "", f"{TELLING[letter.kind]}:", "")
        for row in rows[:SHOWN]:
            yield from (_title(letter.kind, row), *_text(letter.kind, row), "")
        if len(rows) > SHOWN:
            yield f"and {len(rows) - SHOWN} more."
        shut = "connections" if len(rows) > 1 else f"connections/{rows[0].cause}"
        tab = f"inbox?tab={TABS[letter.kind]}" if letter.kind in TABS else shut
        yield f"See {base_of(self.config)}/{tab}"

    def _publishing(
        self,
        user: accounts.User,
        letter: Letter,
        rows: Sequence[Publication],
        names: Mapping[str, tuple[str, str]],
    ) -> Iterator[str]:
        yield from (f"Hello {user.name},", "", f"{PUBLISHING[letter.kind]}:", "")
        for row in rows[:SHOWN]:
            by = f"asked for by {row.asked_email}" if letter.kind == "publish" else f"by {row.decided_by}"
            version = f", version {row.number}" if letter.kind == "published" else ""
            said = row.note if letter.kind == "publish" else row.comment
            yield f"  {names[row.flow_id][1]}, {by}{version}"
            yield from (f"  {line}" for line in said.splitlines())
            yield ""
        if len(rows) > SHOWN:
            yield f"and {len(rows) - SHOWN} more."
        tab = "inbox?tab=publications" if letter.kind == "publish" else f"flows/{names[rows[0].flow_id][0]}"
        yield f"See {base_of(self.config)}/{tab}"

    def _words(
        self, user: accounts.User, letter: Letter, asked: Sequence[tuple[Approval, str]], many: int
    ) -> Iterator[str]:
        by = f" by {letter.note}" if letter.note else ""
        yield from (f"Hello {user.name},", "", f"{OPENING[letter.kind]}{by}:", "")
        for row, circumstances in asked:
            yield f"  {row.question}{f'  ({row.amount})' if row.amount else ''}"
            yield f"  {circumstances}"
            yield f"  {base_of(self.config)}/approve/{links.token(self.seal, row.number, user)}"
            yield ""
        if many > len(asked):
            yield f"and {many - len(asked)} more."
        yield f"All that waits for you: {base_of(self.config)}/inbox?tab=approvals"
        yield ""
        yield "A link is for you alone, works once and for a week. Opening it decides nothing yet."


def base_of(config: Config) -> str:
    """Where people reach Heddle, as letters and tasks say it."""
    return config.url.rstrip("/") or f"http://{config.host}:{config.port}"


def _title(kind: str, alert: Alert) -> str:
    """An alert in one line, as it is when the letter is written."""
    return alert.title.removesuffix(" is down") + " answers again" if kind == "answers" else alert.title


def _text(kind: str, alert: Alert) -> list[str]:
    """What an alert says below its title."""
    if kind == "answers":
        until = _moment(alert.closed_at or alert.opened_at)
        return [f"It was down from {_moment(alert.opened_at)} until {until}. Runs that waited for it go on."]
    told = alert.text.splitlines()[1:]
    return [f"Since {_moment(alert.opened_at)}.", *told] if kind == "outage" else told


def _moment(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%a %d %b %Y, %H:%M} UTC"


def _still_so(session: Session, letter: Letter) -> Alert | None:
    """The alert, unless it was over before anybody was told of it."""
    row = alerts.get(session, letter.about)
    return row if row is not None and (row.state == "open" or letter.kind == "answers") else None


def _still_due(session: Session, letter: Letter, user: accounts.User) -> Publication | None:
    """The publication, unless nobody needs to look at it any more."""
    try:
        row = publications.get(session, letter.about)
    except RequestError:
        return None
    waits = row.state == "open" and publications.may_decide(user, row.asked_by)
    return row if waits or letter.kind != "publish" else None


def _still_asked(session: Session, approval_id: int, user: accounts.User) -> Approval | None:
    try:
        row = store.get(session, approval_id)
    except RequestError:
        return None
    voted = any(vote.person == user.email for vote in store.votes(session, row.number))
    return row if row.state == "open" and not voted and approvals.deciders(row, [user]) else None


def _line(text: str) -> str:
    return " ".join(text.split())[:200]


@contextmanager
def server(config: Config) -> Iterator[smtplib.SMTP]:
    """The SMTP server named in HEDDLE_SMTP_URL, signed in to. Raises OSError or SMTPException."""
    parts = urlsplit(config.smtp_url.get_secret_value())
    context = ssl.create_default_context()
    host = parts.hostname or "localhost"
    smtp: smtplib.SMTP
    if parts.scheme == "smtps":
        smtp = smtplib.SMTP_SSL(host, parts.port or 465, timeout=TIMEOUT, context=context)
    else:
        smtp = smtplib.SMTP(host, parts.port or 25, timeout=TIMEOUT)
    with smtp:
        smtp.ehlo()
        if parts.scheme == "smtp" and smtp.has_extn("starttls"):
            smtp.starttls(context=context)
            smtp.ehlo()
        elif parts.username and parts.scheme == "smtp":
            raise smtplib.SMTPException(
                "The mail server offers no encryption, so the password was not sent."
                " Use smtps://, or a server with STARTTLS."
            )
        if parts.username:
            smtp.login(unquote(parts.username), unquote(parts.password or ""))
        yield smtp


def check(config: Config) -> None:
    """Raises DefinitionError when mail is switched on but cannot be sent like this."""
    url = config.smtp_url.get_secret_value()
    if url and urlsplit(url).scheme not in ("smtp", "smtps"):
        raise _unusable(
            "HEDDLE_SMTP_URL does not start with smtp:// or smtps://.", "Such as smtp://mail.example.org:587."
        )
    if url and not config.mail_from:
        raise _unusable("HEDDLE_MAIL_FROM is missing.", "Name the address that letters come from.")


def _unusable(message: str, cure: str) -> DefinitionError:
    return DefinitionError([Problem("E-MAIL", message, cure)])
