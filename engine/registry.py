"""Finds node types and connectors: the packages ``nodes.*`` plus entry points of installed extensions.

An extension registers itself in its own pyproject under ``heddle.nodes`` or ``heddle.connectors``.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import pkgutil
from functools import cache
from importlib.metadata import entry_points
from types import ModuleType
from typing import Any

from engine.connector import Connector
from engine.errors import EngineError
from engine.node import REJECTED, Node


@cache
def node_types() -> dict[str, type[Node[Any]]]:
    """Every node type by its ``type``."""
    return {cls.type: cls for cls in _classes(Node, "heddle.nodes") if hasattr(cls, "type")}


@cache
def connectors() -> dict[str, type[Connector[Any]]]:
    """Every connector by its ``system``."""
    return {cls.system: cls for cls in _classes(Connector, "heddle.connectors") if hasattr(cls, "system")}


def connector_type(system: str) -> type[Connector[Any]]:
    try:
        return connectors()[system]
    except KeyError:
        raise EngineError(
            f"There is no connector for {system!r} in this installation.",
            code="E-NO-CONNECTOR",
            cure="Install the extension that brings it.",
        ) from None


def card(cls: type[Node[Any]]) -> dict[str, Any]:
    """What the editor, the docs and the API know of a node type."""
    return {
        "type": cls.type,
        "version": cls.version,
        "title": cls.title,
        "group": cls.group,
        "glyph": cls.glyph,
        "help": inspect.cleandoc(cls.__doc__ or ""),
        "editor": cls.editor,
        "inputs": [port.model_dump() for port in cls.inputs],
        "outputs": [port.model_dump() for port in (*cls.outputs, REJECTED)],
        "settings": cls.Settings.model_json_schema(),
    }


def system_card(cls: type[Connector[Any]]) -> dict[str, Any]:
    """What the editor, the docs and the API know of a connector."""
    return {
        "system": cls.system,
        "title": cls.title,
        "help": inspect.cleandoc(cls.__doc__ or ""),
        "settings": cls.Settings.model_json_schema(),
        "capability": cls.capability.model_dump(),
        "task": None if cls.task is None else cls.task.model_dump(),
    }


def sandbox_type(system: str) -> type[Any]:
    """The class of a system's sandbox (``nodes/systems/<system>/sandbox.py``). Raises EngineError without one.

    Its constructor takes the file to keep its objects in, or None for memory.
    """
    name = f"nodes.systems.{system}.sandbox"
    base: type[Any] = importlib.import_module("nodes.systems.sandbox").Sandbox
    known = sandbox_systems()
    if system not in known:
        raise EngineError(
            f"There is no sandbox for {system!r}.",
            code="E-NO-SANDBOX",
            cure=f"There is one for: {', '.join(known)}." if known else "",
        )
    for cls in vars(importlib.import_module(name)).values():
        if inspect.isclass(cls) and issubclass(cls, base) and getattr(cls, "system", None) == system:
            return cls
    raise EngineError(f"{name} has no class whose system is {system!r}.", code="E-NO-SANDBOX")


def sandbox_systems() -> list[str]:
    """The systems that can be imitated."""
    root = importlib.import_module("nodes.systems")
    packages = [info.name for info in pkgutil.iter_modules(root.__path__) if info.ispkg]
    return [name for name in packages if importlib.util.find_spec(f"nodes.systems.{name}.sandbox")]


def serve_sandbox(sandbox: Any, host: str, port: int) -> None:
    """Serves a sandbox over HTTP until the process is stopped."""
    importlib.import_module("nodes.systems.sandbox").serve(sandbox, host, port)


def _classes(base: type[Any], group: str) -> list[type[Any]]:
    found: dict[str, type[Any]] = {}
    for module in _modules("nodes"):
        for cls in vars(module).values():
            if (
                inspect.isclass(cls)
                and issubclass(cls, base)
                and not inspect.isabstract(cls)
                and cls.__module__ == module.__name__
            ):
                found[f"{cls.__module__}.{cls.__qualname__}"] = cls
    for entry in entry_points(group=group):
        found[entry.value] = entry.load()
    return sorted(found.values(), key=lambda cls: f"{cls.__module__}.{cls.__qualname__}")


def _modules(package: str) -> list[ModuleType]:
    root = importlib.import_module(package)
    walked = pkgutil.walk_packages(root.__path__, f"{package}.")
    return [importlib.import_module(info.name) for info in walked if not info.name.endswith(".sandbox")]
