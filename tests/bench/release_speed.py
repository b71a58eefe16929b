"""What it costs to release 10,000 held documents with one answer: CPU of this process, everything stored on disk.

Run it by hand: ``python -m tests.bench.release_speed [documents]``.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from engine import releases
from engine.store import reviews
from engine.store.database import Database
from tests.durability.releasing import answer
from tests.engine.held import Holding
from tests.engine.toys import toys

DOCUMENTS = 10_000


def figures(documents: int = DOCUMENTS) -> list[tuple[str, float]]:
    """[(what, seconds of CPU)]"""
    with tempfile.TemporaryDirectory() as folder, toys():
        database = Database(f"sqlite:///{Path(folder) / 'held.db'}")
        database.migrate()
        bench = Holding(database, documents, batch_size=200)
        bench.run()
        start = time.process_time()
        with database.read() as session:
            (group,) = reviews.groups(session)
        listed = time.process_time() - start
        number = answer(database, bench.flow_id)
        start = time.process_time()
        started = releases.advance(database, bench.plans, number, seconds=3_600)
        released = time.process_time() - start
        bench.work_off([one.run for one in started])
        database.close()
        if group.count != documents or len(bench.world.target) != documents:
            raise RuntimeError(f"{len(bench.world.target)} of {documents} documents went out")
    name = f"{documents:,} held documents"
    return [(f"{name}: listed in the inbox", listed), (f"{name}: released by one answer", released)]


if __name__ == "__main__":
    for what, seconds in figures(int(sys.argv[1]) if len(sys.argv) > 1 else DOCUMENTS):
        print(f"{what}: {seconds:.2f} s of CPU")
