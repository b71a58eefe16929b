"""Python source that is written for a drawing: lines of our own words, and names for everything else.

What people drew (field names, texts, numbers, patterns) never becomes source: it is handed over by name (``K0``,
``K1``…) in the namespace of the function. There are no builtins but those listed here.
"""

from __future__ import annotations

from typing import Any

_BUILTINS = {
    "type": type,
    "str": str,
    "bool": bool,
    "int": int,
    "dict": dict,
    "list": list,
    "len": len,
    "enumerate": enumerate,
}


class Script:
    """The lines of one module and the values they name."""

    def __init__(self, **names: Any) -> None:
        self.lines: list[str] = []
        self.names: dict[str, Any] = names
        self._known: dict[int, str] = {}

    def name(self, value: Any, letter: str = "K") -> str:
        """A name for a value in the function's namespace."""
        if id(value) not in self._known:
            self._known[id(value)] = f"{letter}{len(self._known)}"
            self.names[self._known[id(value)]] = value
        return self._known[id(value)]

    def function(self, name: str) -> Any:
        """Compiles what has been written and answers the function of that name."""
        namespace = {"__builtins__": _BUILTINS, **self.names}
        exec(compile("\n".join(self.lines), "<drawing>", "exec"), namespace)  # noqa: S102 - see module docstring
        return namespace[name]
