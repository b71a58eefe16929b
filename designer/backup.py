"""Backup and restore of a data directory: the database, the key that opens its secrets, the demo systems.

Valkey is left out: it is only a doorbell, and the sweeper rings again for everything that is open.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from engine.errors import EngineError

LEFT_OUT = {"logs", "valkey", "heddle.lock"}
SQLITE = b"SQLite format 3\0"
MARK = "heddle-backup"


def backup(data: Path, archive: Path) -> list[str]:
    """Writes a consistent copy of ``data`` to ``archive`` (.tar.gz), while Heddle runs; answers the names in it.

    The archive holds the key: whoever has it can read the secrets. Only its owner may read it.
    Raises EngineError when there is nothing to back up or the archive exists.
    """
    if not any(_files(data)):
        raise EngineError(
            f"There is nothing to back up in {data}.",
            code="E-NO-DATA",
            cure="Name the data directory in HEDDLE_DATA.",
        )
    if archive.exists():
        raise EngineError(f"{archive} exists already.", code="E-EXISTS", cure="Choose another name.")
    kept: list[str] = []
    partial = archive.with_name(f"{archive.name}.part")
    with tempfile.TemporaryDirectory(dir=archive.absolute().parent, prefix=".heddle-backup-") as scratch:
        out = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(out, "wb") as file, tarfile.open(fileobj=file, mode="w:gz") as tar:
            for path in _files(data):
                name = path.relative_to(data).as_posix()
                source = _snapshot(path, Path(scratch) / "copy.db") if _is_sqlite(path) else path
                tar.add(source, arcname=f"{MARK}/{name}", recursive=False)
                kept.append(name)
    partial.rename(archive)
    return kept


def restore(archive: Path, data: Path) -> Path | None:
    """Puts a backup in the place of ``data``; answers where the former data went, None if there was none.

    No Heddle may run on ``data``. Raises EngineError when the archive is not one of ours; nothing has changed then.
    """
    stage = data.with_name(f"{data.name}.restoring")
    shutil.rmtree(stage, ignore_errors=True)
    try:
        with tarfile.open(archive, "r:gz") as tar:
            _unpack(tar, stage, archive)
    except (tarfile.TarError, EOFError, OSError) as error:
        shutil.rmtree(stage, ignore_errors=True)
        raise EngineError(f"{archive} cannot be read: {error}", code="E-BACKUP") from error
    former = None
    if data.exists():
        if any(_files(data)):
            former = _free(data)
            data.rename(former)
        else:
            shutil.rmtree(data)
    stage.rename(data)
    return former


def _unpack(tar: tarfile.TarFile, stage: Path, archive: Path) -> None:
    """Only plain files with plain names: an archive from elsewhere must not write outside of ``stage``."""
    members = tar.getmembers()
    for member in members:
        parts = Path(member.name).parts
        if parts[:1] != (MARK,) or len(parts) < 2 or ".." in parts or not member.isreg():
            members = []
            break
    if not members:
        raise EngineError(f"{archive} is not a backup of Heddle.", code="E-BACKUP")
    for member in members:
        path = stage.joinpath(*Path(member.name).parts[1:])
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        content = tar.extractfile(member)
        assert content is not None
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as out:
            shutil.copyfileobj(content, out)


def _files(data: Path) -> Iterator[Path]:
    for path in sorted(data.rglob("*")):
        top = path.relative_to(data).parts[0]
        if (
            top not in LEFT_OUT
            and path.is_file()
            and not path.name.endswith(("-wal", "-shm", "-writers", ".part"))
        ):
            yield path


def _is_sqlite(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(SQLITE)) == SQLITE


def _snapshot(path: Path, copy: Path) -> Path:
    """A copy of a database at one moment, writers notwithstanding."""
    copy.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    return copy


def _free(data: Path) -> Path:
    n = 1
    while (candidate := data.with_name(f"{data.name}.before-restore-{n}")).exists():
        n += 1
    return candidate
