"""Who may decide, in words."""

from __future__ import annotations

from collections.abc import Sequence


def named(roles: Sequence[str], people: Sequence[str], quorum: int = 1) -> str:
    """``an editor or Ann Lee``; ``2 of the editors, Ann Lee`` where more than one must agree; empty for nobody."""
    if quorum < 2 or not (roles or people):
        return " or ".join([*(f"an {role}" for role in roles), *people])
    return f"{quorum} of {', '.join([*(f'the {role}s' for role in roles), *people])}"
