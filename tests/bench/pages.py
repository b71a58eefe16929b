"""Writes measured figures into a page of the documentation, between its markers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
EMPTY = f"""# Benchmarks

What `make bench` measured last, and where. The figures are never asserted: run it on your machine and compare
with itself. Other work on the machine at the same time makes them worse.

{BEGIN}
{END}

- *Button → …*: the whole product as `make run` starts it; one press at a time, from the POST that the button
  sends to the moment at which the called system has the object. Both imitated systems run on the same machine.
- *In bulk*: the ready flow from Creatio to Sage Intacct with customers, invoices and the write-back, all of it
  over HTTP; the imitated systems share the processor with Heddle.
- *Heddle alone*: reading, staging, mapping, claiming, writing and settling in one process, over a system in
  memory that answers at once. Nothing is left out: claims, cross references and the full ledger are committed
  to disk.
"""


def write(page: Path, machine: str, rows: Sequence[tuple[str, str]]) -> None:
    """Replaces what stands between the markers; makes the page if there is none."""
    text = page.read_text() if page.exists() else EMPTY
    before, _, rest = text.partition(BEGIN)
    table = "\n".join(f"| {name} | {value} |" for name, value in rows)
    after = rest.partition(END)[2]
    page.parent.mkdir(exist_ok=True)
    page.write_text(
        f"{before}{BEGIN}\n\n{machine}\n\n| what | measured |\n|---|---|\n{table}\n\n{END}{after}"
    )
