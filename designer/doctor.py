"""What is well and what is not with this installation, in words."""

from __future__ import annotations

import http.client
import shutil
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from designer import valkey
from designer.config import Config
from designer.web import ROOT
from engine import queue, registry
from engine.errors import HeddleError
from engine.store import seal
from engine.store.database import Database

LOW_DISK = 1_000_000_000  # bytes


@dataclass(frozen=True)
class Finding:
    """One thing looked at. ``cure`` is empty when all is well with it."""

    what: str
    text: str
    cure: str = ""


def examine(config: Config) -> Iterator[Finding]:
    """Looks at everything that an installation stands on. Changes nothing."""
    yield Finding("Python", sys.version.split()[0])
    yield _rules()
    yield _editor()
    yield from _extensions()
    yield from _data(config)
    yield _database(config)
    yield _queue(config)
    yield _web(config)


def _rules() -> Finding:
    try:
        __import__("durable_rules_engine")
    except ImportError as error:
        return Finding(
            "Rules engine",
            f"durable-rules does not load: {error}",
            "Build it anew: CPPFLAGS=-DPyEval_CallObject=PyObject_CallObject pip install"
            " --force-reinstall --no-cache-dir durable-rules",
        )
    return Finding("Rules engine", "loads")


def _editor() -> Finding:
    if (ROOT / "static" / "dist" / "index.html").is_file():
        return Finding("Editor", "is built")
    return Finding("Editor", "has not been built", "make build")


def _extensions() -> Iterator[Finding]:
    try:
        yield Finding("Node types", str(len(registry.node_types())))
        yield Finding("Systems", ", ".join(sorted(registry.connectors())) or "none")
    except Exception as error:  # in whatever way: that is what we look for
        yield Finding(
            "Extensions",
            f"one does not load: {type(error).__name__}: {error}",
            "Remove it, or ask whoever made it.",
        )


def _data(config: Config) -> Iterator[Finding]:
    if not config.data.is_dir():
        yield Finding("Data", f"{config.data.absolute()} is not there yet; the first start makes it")
        return
    free = shutil.disk_usage(config.data).free
    place = f"{config.data.absolute()}, {free / 1e9:.1f} GB free"
    yield Finding("Data", place, "Free some space." if free < LOW_DISK else "")
    key = config.data / seal.KEY_FILE
    if config.secret_key.get_secret_value():
        yield Finding("Secret key", "is given by HEDDLE_SECRET_KEY")
    elif not key.exists():
        yield Finding("Secret key", "is not there yet; the first start makes it")
    elif key.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield Finding("Secret key", f"others may read {key}", f"chmod 600 {key}")
    else:
        yield Finding("Secret key", "only its owner may read it")


def _database(config: Config) -> Finding:
    if not config.database_url and not (config.data / "heddle.db").exists():
        return Finding("Database", "is not there yet; the first start makes it")
    database = Database(config.database)
    try:
        database.ping()
    except HeddleError as error:
        return Finding("Database", f"{error.message} {error.detail}".strip(), error.cure)
    finally:
        database.close()
    return Finding("Database", "SQLite, answers" if database.is_sqlite else "PostgreSQL, answers")


def _queue(config: Config) -> Finding:
    url = config.redis_url or valkey.url(config.data)
    try:
        queue.Doorbell(url).ping()
    except HeddleError as error:
        if config.redis_url:
            return Finding("Job queue", error.message, f"Start the server at {config.redis_url}.")
        try:
            return Finding("Job queue", f"not running now; `heddle up` starts {valkey.program()}")
        except HeddleError as missing:
            return Finding("Job queue", missing.message, missing.cure)
    return Finding("Job queue", "answers")


def _web(config: Config) -> Finding:
    host = "127.0.0.1" if config.host in {"0.0.0.0", "::"} else config.host  # noqa: S104 - compared, not bound
    connection = http.client.HTTPConnection(host, config.port, timeout=3)
    try:
        connection.request("GET", "/readyz")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return Finding("Web server", f"not running at port {config.port} now")
    finally:
        connection.close()
    if status == http.client.OK:
        return Finding("Web server", f"ready at http://{host}:{config.port}")
    return Finding(
        "Web server",
        f"what answers at port {config.port} says {status}, not that it is ready",
        f"Look at {config.data / 'logs'}; if it is another program, choose another HEDDLE_PORT.",
    )
