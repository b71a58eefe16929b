"""What is wrong with typed settings, in the words of their form: «Object 1 › Reading › Path», not ``entities.0.read.path``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel, ValidationError


@dataclass(frozen=True, slots=True)
class Complaint:
    """One wrong place.

    path   the dotted path of the field, as the form names it       kind  pydantic's name of the mistake
    place  the titles that lead there, as people see them           reason  what is wrong with it: «is needed»
    """

    path: str
    place: str
    kind: str
    reason: str


def complaints(model: type[BaseModel], error: ValidationError) -> list[Complaint]:
    """Every wrong place. Values are left out: they may be secret."""
    return [_complaint(model, one) for one in error.errors(include_input=False, include_url=False)]


def _complaint(model: type[BaseModel], told: Mapping[str, Any]) -> Complaint:
    path, titles = _walk(model, told["loc"])
    return Complaint(".".join(path), " › ".join(titles), told["type"], _reason(told))


def _walk(model: type[BaseModel], loc: Sequence[str | int]) -> tuple[list[str], list[str]]:
    """The path without the branches of unions, which pydantic names and documents do not have; and its titles."""
    path: list[str] = []
    titles: list[str] = []
    among: list[type[BaseModel]] = [model]
    for at, part in enumerate(loc):
        if isinstance(part, int):
            path.append(str(part))
            titles[-1:] = [f"{_singular(titles[-1]) if titles else ''} {part + 1}".strip()]
            continue
        info = next((cls.model_fields[part] for cls in among if part in cls.model_fields), None)
        if info is not None:
            path.append(part)
            titles.append(info.title or part.replace("_", " ").capitalize())
            among = list(_models(info.annotation)) or among
        elif at == len(loc) - 1:
            path.append(part)
            titles.append(part)
    return path, titles


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models(inner)


def _singular(title: str) -> str:
    """«Objects» → «Object», as the form calls one of a list."""
    if title.endswith("ies"):
        return f"{title[:-3]}y"
    if title.endswith(("ches", "sses")):
        return title[:-2]
    return title[:-1] if title.endswith("s") and not title.endswith("ss") else title


def _reason(told: Mapping[str, Any]) -> str:
    bounds = told.get("ctx") or {}
    match told["type"]:
        case "missing" | "union_tag_not_found":
            return "is needed"
        case "string_too_short" if bounds.get("min_length") == 1:
            return "is needed"
        case "too_short" if bounds.get("min_length") == 1:
            return "needs at least one"
        case "string_too_short":
            return f"needs {bounds['min_length']} characters or more"
        case "string_too_long":
            return f"has room for {bounds['max_length']} characters"
        case "string_pattern_mismatch":
            return "is not written as it has to be"
        case "greater_than_equal":
            return f"must be {bounds['ge']} or more"
        case "less_than_equal":
            return f"must be {bounds['le']} or less"
        case "int_type" | "int_parsing" | "int_from_float":
            return "must be a whole number"
        case "literal_error":
            return f"must be {bounds['expected']}"
        case "extra_forbidden":
            return "is not known here"
    said = str(told["msg"]).removeprefix("Value error, ").removeprefix("Input ").rstrip(".")
    return f"is wrong: {said[:1].lower()}{said[1:]}" if told["type"] != "value_error" else f"is wrong. {said}"
