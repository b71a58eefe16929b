"""What is wrong with typed settings is told in the words of their form."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from engine.complaint import complaints
from nodes.systems.http.settings import HttpSettings

READ = {"path": "/customers", "paging": {"kind": "page"}}


@pytest.mark.parametrize(
    ("wrong", "path", "said"),
    [
        ({"name": ""}, "entities.0.name", "Object 1 › Name is needed"),
        ({"read": {}}, "entities.0.read.path", "Object 1 › Reading › Path is needed"),
        (
            {"read": {**READ, "paging": {"kind": "page", "size": 0}}},
            "entities.0.read.paging.size",
            "Object 1 › Reading › Paging › Page size must be 1 or more",
        ),
        (
            {"read": {**READ, "query": [{"name": "a"}, {"value": "b"}]}},
            "entities.0.read.query.1.name",
            "Object 1 › Reading › Parameter 2 › Name is needed",
        ),
        (
            {"write": {"create": {"path": "https://elsewhere.example"}}},
            "entities.0.write.create.path",
            "Object 1 › Writing › Create › Path is wrong. Give the part behind the connection's address, like /customers",
        ),
        ({"colour": "red"}, "entities.0.colour", "Object 1 › colour is not known here"),
    ],
)
def test_a_place_deep_within(wrong: Any, path: str, said: str) -> None:
    given = {"url": "https://api.example.com", "entities": [{"name": "customers", **wrong}]}
    with pytest.raises(ValidationError) as found:
        HttpSettings.model_validate(given)
    (one,) = complaints(HttpSettings, found.value)
    assert (one.path, f"{one.place} {one.reason}") == (path, said)


def test_the_branch_of_a_way_in_is_no_part_of_the_path() -> None:
    given = {"url": "https://api.example.com", "auth": {"kind": "basic", "user": ""}}
    with pytest.raises(ValidationError) as found:
        HttpSettings.model_validate(given)
    told = complaints(HttpSettings, found.value)
    assert [(one.path, one.reason) for one in told] == [
        ("auth.user", "is needed"),
        ("auth.password", "is needed"),
    ]
