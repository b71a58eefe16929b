"""Imports every room with tables, so that migrations see all of them."""

import importlib
import pkgutil

import engine.store

for _room in pkgutil.iter_modules(engine.store.__path__):
    if _room.name not in {"migrations", "tables", "database"}:
        importlib.import_module(f"engine.store.{_room.name}")
