"""``heddle scheduler``: starts what is due by the clock, rings for work that nobody attends, sends letters."""

from __future__ import annotations

import signal
import threading

import click

from designer import feeds, mail
from designer.commands.worker import doorbell_url
from designer.config import Config
from engine import limiter, queue, watch
from engine.alarm import Alarm
from engine.firing import Clockwork
from engine.runtime import Runtime
from engine.store import checkpoints, seal
from engine.store.database import Database


@click.command()
def command() -> None:
    """Start and ring for what is due, until told to stop; one is enough, more do no harm."""
    config = Config()
    database = Database(config.database)
    key = seal.load(config.data, config.secret_key.get_secret_value())
    url = doorbell_url(config)
    runtime = Runtime(database, key, turns=limiter.make_pacer(url, database, patience=5.0))
    clockwork = Clockwork(database, runtime.plan)
    alarm = Alarm(database, runtime.plan, runtime.open, mail.base_of(config))
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    mail.check(config)
    if config.smtp_url.get_secret_value():
        room = mail.MailRoom(database, key, config)
        threading.Thread(target=room.run, args=(stop,), name="mail", daemon=True).start()
    threading.Thread(target=watch.run, args=(runtime, stop), name="watch", daemon=True).start()
    threading.Thread(target=checkpoints.keep, args=(database, stop), name="checkpoints", daemon=True).start()
    threading.Thread(target=feeds.run, args=(runtime, stop), name="feeds", daemon=True).start()
    queue.sweep(database, queue.Doorbell(url), stop, clockwork=clockwork, alarm=alarm)
