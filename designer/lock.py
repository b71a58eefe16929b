"""One Heddle a data directory: a file lock that the kernel lets go of when its holder dies."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Self

from engine.errors import EngineError


class DataLock:
    """Holds a data directory while it is used by ``heddle up`` or ``heddle restore``.

    note  what to tell whoever comes second, such as the address
    """

    def __init__(self, data: Path, note: str) -> None:
        self.path = data / "heddle.lock"
        self.note = note

    def __enter__(self) -> Self:
        """Raises EngineError when somebody else holds it."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(self.file, 1000).decode(errors="replace").strip()
            os.close(self.file)
            raise EngineError(
                f"The data in {self.path.parent} is in use by another Heddle: {holder}.",
                code="E-IN-USE",
                cure="Use that one, stop it with Ctrl-C, or give this one a data directory of its own:"
                " HEDDLE_DATA=… HEDDLE_PORT=…",
            ) from None
        os.ftruncate(self.file, 0)
        os.write(self.file, f"process {os.getpid()}, {self.note}\n".encode())
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.file)
