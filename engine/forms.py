"""Small forms that a person fills in on the way: what is asked, and what was answered, checked and exact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from pydantic import Field

from engine.errors import Problem, RequestError
from engine.flow import Document, Identifier

LONGEST = 4000
_NO = {"", "false", "no", "0"}
_YES = {"true", "yes", "1", "on"}


class FormField(Document):
    """One thing to fill in or to correct; ``target`` is the record's field that takes the answer."""

    name: Identifier = Field(title="Name", description="Short name: small letters, digits and -.")
    title: str = Field(default="", title="Label", description="What stands above the field.")
    type: Literal["text", "number", "date", "yes_no", "choice"] = Field(
        default="text", title="Kind", description="What may be filled in."
    )
    required: bool = Field(default=False, title="Required", description="Without it nobody can approve.")
    choices: list[str] = Field(
        default=[], title="Choices", description="For a choice: what there is to choose."
    )
    target: str = Field(
        default="",
        title="Sets the field",
        description="The field of the record that takes the answer, such as Amount or Account.Code.",
    )

    def label(self) -> str:
        return self.title or self.name


def fill(
    fields: Sequence[FormField], given: Mapping[str, Any], *, complete: bool = True
) -> dict[str, str | Decimal | bool | None]:
    """The answers as exact values. ``complete``: what is required must be there.

    Raises RequestError (422) with a Problem for every answer that cannot be taken.
    """
    known = {field.name for field in fields}
    problems = [
        Problem("E-FORM", f"The form has no field «{name}».", "Leave it out.", field=f"form.{name}")
        for name in given
        if name not in known
    ]
    values: dict[str, str | Decimal | bool | None] = {}
    for field in fields:
        try:
            value = _value(field, given.get(field.name))
        except ValueError as error:
            problems.append(
                Problem(
                    "E-FORM",
                    f"«{field.label()}» {error}.",
                    "Correct it, then decide again.",
                    field=f"form.{field.name}",
                )
            )
            continue
        if value is None and field.required and complete:
            problems.append(
                Problem(
                    "E-FORM", f"«{field.label()}» is missing.", "Fill it in, then approve.",
                    field=f"form.{field.name}",
                )
            )  # fmt: skip
        if value is not None:
            values[field.name] = value
    if problems:
        raise RequestError(
            problems[0].message, status=422, code="E-FORM", cure=problems[0].cure, problems=problems
        )
    return values


def apply(fields: Sequence[FormField], values: Mapping[str, Any], data: Any) -> Any:
    """The data with the answers in their target fields; the original is left alone."""
    for field in fields:
        if field.target and field.name in values:
            data = _set(data, field.target.removeprefix("$.").split("."), values[field.name])
    return data


def current(fields: Sequence[FormField], data: Any) -> dict[str, Any]:
    """What the record holds in the fields that a form may correct."""
    found = {}
    for field in fields:
        value = data
        for part in field.target.removeprefix("$.").split("."):
            value = value.get(part) if isinstance(value, dict) else None
        if field.target and value is not None and not isinstance(value, dict | list):
            found[field.name] = value
    return found


def _value(field: FormField, given: Any) -> str | Decimal | bool | None:
    if given is None or (isinstance(given, str) and not given.strip()):
        return None
    if not isinstance(given, str | int | Decimal | bool):
        raise ValueError("is not one value")  # noqa: TRY004 - said to the person, not to a programmer
    text = str(given).strip()
    if len(text) > LONGEST:
        raise ValueError(f"is longer than {LONGEST} characters")
    match field.type:
        case "number":
            return _number(text)
        case "date":
            try:
                return date.fromisoformat(text).isoformat()
            except ValueError:
                raise ValueError("is not a date like 2026-11-20") from None
        case "yes_no":
            if text.lower() not in _NO | _YES:
                raise ValueError("is neither yes nor no")
            return text.lower() in _YES
        case "choice":
            if text not in field.choices:
                raise ValueError(f"is none of {', '.join(field.choices)}")
    return text


def _number(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError("is not a number like 1250.00") from None
    if not number.is_finite():
        raise ValueError("is not a number like 1250.00")
    return number


def _set(data: Any, path: Sequence[str], value: Any) -> Any:
    inside = data if isinstance(data, dict) else {}
    if len(path) == 1:
        return {**inside, path[0]: value}
    return {**inside, path[0]: _set(inside.get(path[0]), path[1:], value)}
