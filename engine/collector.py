"""Python's collector of circles, kept from walking what it need not.

Records refer to nothing that refers back to them, so they go without it: two batches at hand are some 50,000 objects,
which it would walk again and again. Sessions of the database do leave circles behind, some hundred objects a batch.
They are swept up between two batches, when there is hardly anything else to look at.
"""

from __future__ import annotations

import gc

LITTER = 10_000
"""Objects that have come and not gone since the last sweep, and are worth one: some 20 batches."""

ROUNDS = 20
"""Sweeps of what came since the one before, until all that has outlived one is looked through too."""


def quieten() -> None:
    """Leaves out what lives as long as the process, and what is made while a batch is at hand."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)


def tidy() -> None:
    """Sweeps up, if there is enough to make it worthwhile. To be called between two batches."""
    if gc.get_count()[0] > LITTER:
        gc.collect(2 if gc.get_count()[2] >= ROUNDS else 1)
