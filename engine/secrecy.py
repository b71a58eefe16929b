"""Settings taken apart: where a settings model keeps its secrets, however deep, and how they come out and in.

A secret is a ``SecretStr`` anywhere in the model: in a nested model, a branch of a union, a list or a mapping. It
is named by its dotted path in the JSON of the settings (``auth.password``, ``headers.0.value``; a dot inside a
key is written ``~1``, a tilde ``~0``). A secret in a list leaves None behind, so that its neighbours keep their places.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, JsonValue, SecretStr
from pydantic.fields import FieldInfo

HARMLESS: dict[str, JsonValue] = {"harmless": True}
"""``json_schema_extra`` of a setting that can lead neither elsewhere nor to another account: a page size, a path
below the address. It may change without the secrets being typed again."""

_HOLE = object()
_FIXED = (bool, int, float, Decimal)


def take_out(model: type[BaseModel], settings: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """The settings without their secrets, and the secrets by path (empty ones included, to tell them erased).

    Where a union leaves open which branch is meant, a value that one of them keeps secret is a secret.
    """
    secrets: dict[str, str] = {}
    plain: dict[str, Any] = _without([model], dict(settings), (), secrets)
    return plain, secrets


def put_back(settings: Mapping[str, Any], secrets: Mapping[str, str]) -> dict[str, Any]:
    """The settings with their secrets; what has lost its place is left out, for the model to complain about."""
    whole: dict[str, Any] = _copy(settings)
    for path, secret in secrets.items():
        *way, last = _steps(path)
        place: Any = whole
        for step in way:
            place = _at(place, step)
        if isinstance(place, dict):
            place[last] = secret
        elif isinstance(place, list) and last.isdigit() and int(last) < len(place):
            place[int(last)] = secret
    return whole


def has_place(model: type[BaseModel], settings: Mapping[str, Any], path: str) -> bool:
    """Whether these settings keep a secret at ``path``: in the branch of a union, for instance, that they take."""
    kinds: list[Any] = [model]
    value: Any = settings
    steps = _steps(path)
    for at, step in enumerate(steps):
        if at and not isinstance(value, dict | list):
            return False
        if isinstance(value, list) and not (step.isdigit() and int(step) < len(value)):
            return False
        kinds = _below(_fitting(kinds, value), step)
        value = _at(value, step)
    return SecretStr in kinds


def leading(model: type[BaseModel], settings: Mapping[str, Any]) -> Any:
    """What of the settings could lead to another system or account: all but numbers, switches, fixed choices,
    secrets and what is marked HARMLESS."""
    return _leading([model], dict(settings))


def _without(kinds: list[Any], value: Any, way: tuple[str, ...], secrets: dict[str, str]) -> Any:
    if SecretStr in kinds and (value is None or isinstance(value, str)):
        if value is not None:
            secrets[".".join(way)] = value
        return _HOLE
    if isinstance(value, dict):
        parts = {
            key: _without(_below(kinds, str(key)), item, (*way, _escaped(str(key))), secrets)
            for key, item in value.items()
        }
        return {key: part for key, part in parts.items() if part is not _HOLE}
    if isinstance(value, list):
        parts_of = (
            _without(_below(kinds, str(at)), item, (*way, str(at)), secrets) for at, item in enumerate(value)
        )
        return [None if part is _HOLE else part for part in parts_of]
    return value


def _leading(kinds: list[Any], value: Any) -> Any:
    fitting = _fitting(kinds, value)
    if isinstance(value, dict):
        parts = {
            key: _leading(_below(fitting, str(key)), item)
            for key, item in value.items()
            if not all(_harmless(field) for field in _declared(fitting, str(key)))
            or not _declared(fitting, str(key))
        }
        return {key: part for key, part in parts.items() if part is not _HOLE}
    if isinstance(value, list):
        return [_leading(_below(fitting, str(at)), item) for at, item in enumerate(value)]
    if kinds and all(kind in _FIXED or _is_choice(kind) or kind is SecretStr for kind in kinds):
        return _HOLE
    return value


def _harmless(field: FieldInfo) -> bool:
    extra = field.json_schema_extra
    return isinstance(extra, dict) and extra.get("harmless") is True


def _is_choice(kind: Any) -> bool:
    return get_origin(kind) is Literal and len(get_args(kind)) > 1


def _declared(kinds: Iterable[Any], name: str) -> list[FieldInfo]:
    """The fields of that name (or alias) in those of the kinds that are models."""
    return [
        field
        for kind in kinds
        if isinstance(kind, type) and issubclass(kind, BaseModel)
        for own, field in kind.model_fields.items()
        if name in (own, field.alias, field.validation_alias)
    ]


def _below(kinds: Iterable[Any], step: str) -> list[Any]:
    """What may stand at a key or an index of a value of these kinds."""
    kinds = list(kinds)
    found = [one for field in _declared(kinds, step) for one in _alternatives(field.annotation)]
    for kind in kinds:
        origin, arguments = get_origin(kind), get_args(kind)
        if not isinstance(origin, type) or not arguments:
            continue
        if issubclass(origin, Mapping):
            found += _alternatives(arguments[1])
        elif issubclass(origin, Sequence | frozenset | set):
            found += [one for part in arguments if part is not ... for one in _alternatives(part)]
    return found


def _alternatives(annotation: Any) -> Iterator[Any]:
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _alternatives(get_args(annotation)[0])
    elif origin in (Union, UnionType):
        for part in get_args(annotation):
            yield from _alternatives(part)
    elif annotation is not NoneType:
        yield annotation


def _fitting(kinds: list[Any], value: Any) -> list[Any]:
    """Of several models those whose fixed values (``kind``) the value has; all of them when none fits."""
    if not isinstance(value, dict):
        return kinds
    fitting = [kind for kind in kinds if _fits(kind, value)]
    return fitting or kinds


def _fits(kind: Any, value: dict[str, Any]) -> bool:
    if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
        return True
    return all(
        value.get(name, field.default) in get_args(field.annotation)
        for name, field in kind.model_fields.items()
        if get_origin(field.annotation) is Literal and len(get_args(field.annotation)) == 1
    )


def _at(value: Any, step: str) -> Any:
    if isinstance(value, dict):
        return value.get(step)
    if isinstance(value, list) and step.isdigit() and int(step) < len(value):
        return value[int(step)]
    return None


def _copy(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _copy(item) for key, item in value.items()}
    return [_copy(item) for item in value] if isinstance(value, list) else value


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace(".", "~1")


def _steps(path: str) -> list[str]:
    return [step.replace("~1", ".").replace("~0", "~") for step in path.split(".")]
