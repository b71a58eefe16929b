"""The web side and the command line. ``create_app`` is all there is to import."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from designer.config import Config

if TYPE_CHECKING:
    from designer.app import create_app

__all__ = ["Config", "create_app"]


def __getattr__(name: str) -> Any:
    """Loads the application when it is asked for: the supervisor and the sandboxes must stay small and quick."""
    if name == "create_app":
        from designer.app import create_app  # noqa: PLC0415 - see above

        return create_app
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
