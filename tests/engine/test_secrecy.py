"""Secrets are found wherever a settings model keeps them, and come back to exactly where they were."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from engine.secrecy import HARMLESS, has_place, leading, put_back, take_out


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Password(Part):
    kind: Literal["password"] = "password"
    user: str = ""
    password: SecretStr | None = None


class Key(Part):
    kind: Literal["key"] = "key"
    place: Literal["header", "query"] = "header"
    key: Annotated[SecretStr, Field(title="Key")]


class Header(Part):
    name: str = ""
    value: SecretStr | None = None


class Settings(Part):
    url: str = ""
    page: int = 10
    note: str = Field("", json_schema_extra=HARMLESS)
    auth: Annotated[Password | Key, Field(discriminator="kind")] | None = None
    headers: list[Header] = []
    tokens: list[SecretStr | None] = []
    named: dict[str, SecretStr] = {}
    pair: tuple[Header, Header] | None = None


def revealed(model: BaseModel) -> Any:
    def open(value: Any) -> Any:
        if isinstance(value, SecretStr):
            return value.get_secret_value()
        if isinstance(value, BaseModel):
            return {name: open(getattr(value, name)) for name in type(value).model_fields}
        if isinstance(value, dict):
            return {name: open(item) for name, item in value.items()}
        return [open(item) for item in value] if isinstance(value, list | tuple) else value

    return open(model)


SECRETS = st.text("abcdé.~/\"'", max_size=4).map(lambda text: f"§{text}§")
HEADERS = st.fixed_dictionaries(
    {"name": st.text(st.characters(exclude_characters="§"), max_size=3)}, optional={"value": SECRETS}
)
SETTINGS = st.fixed_dictionaries(
    {"url": st.text("xyz", max_size=3)},
    optional={
        "auth": st.one_of(
            st.fixed_dictionaries({"kind": st.just("password"), "user": st.text("xyz"), "password": SECRETS}),
            st.fixed_dictionaries({"kind": st.just("key"), "key": SECRETS}),
        ),
        "headers": st.lists(HEADERS, max_size=3),
        "tokens": st.lists(SECRETS, max_size=3),
        "named": st.dictionaries(st.text("ab.~01", max_size=4), SECRETS, max_size=3),
        "pair": st.lists(HEADERS, min_size=2, max_size=2),
    },
)


@given(SETTINGS)
def test_what_is_taken_out_comes_back(settings: dict[str, Any]) -> None:
    plain, secrets = take_out(Settings, settings)
    assert "§" not in repr(plain)
    assert len(secrets) == repr(settings).count("§") // 2
    assert all(has_place(Settings, plain, path) for path in secrets)
    whole = put_back(plain, secrets)
    assert revealed(Settings.model_validate(whole)) == revealed(Settings.model_validate(settings))


def test_paths_are_dotted() -> None:
    settings = {
        "auth": {"kind": "password", "user": "me", "password": "one"},
        "headers": [{"name": "A"}, {"name": "B", "value": "two"}],
        "named": {"x.y": "three"},
        "tokens": ["four", None],
    }
    plain, secrets = take_out(Settings, settings)
    assert secrets == {
        "auth.password": "one", "headers.1.value": "two", "named.x~1y": "three", "tokens.0": "four",
    }  # fmt: skip
    assert plain["tokens"] == [None, None]
    assert settings["auth"] == {"kind": "password", "user": "me", "password": "one"}


def test_a_secret_has_a_place_only_in_the_branch_that_is_taken() -> None:
    assert has_place(Settings, {"auth": {"kind": "password"}}, "auth.password")
    for settings, path in (
        ({"auth": {"kind": "key"}}, "auth.password"),
        ({}, "auth.password"),
        ({"auth": None}, "auth.password"),
        ({"headers": [{}]}, "headers.1.value"),
        ({"headers": [{}]}, "headers.x.value"),
        ({"headers": [{}]}, "headers.0.name"),
        ({}, "url"),
        ({}, ""),
    ):
        assert not has_place(Settings, settings, path), (settings, path)


def test_a_secret_in_the_wrong_branch_or_an_undecided_one_is_still_taken_out() -> None:
    for auth in ({"password": "hidden"}, {"kind": "key", "password": "hidden"}, {"kind": 7, "key": "hidden"}):
        plain, secrets = take_out(Settings, {"auth": auth})
        assert "hidden" not in repr(plain)
        assert list(secrets.values()) == ["hidden"]


def test_what_could_lead_elsewhere() -> None:
    base = {"url": "u", "page": 1, "auth": {"kind": "key", "place": "header"}, "headers": [{"name": "a"}]}
    harmless: list[dict[str, Any]] = [
        {"page": 2}, {"note": "n"}, {"auth": {"kind": "key", "place": "query"}},
    ]  # fmt: skip
    for change in harmless:
        assert leading(Settings, {**base, **change}) == leading(Settings, base), change
    leads: list[dict[str, Any]] = [
        {"url": "v"}, {"auth": {"kind": "password", "user": "x"}}, {"auth": None}, {"headers": []},
        {"headers": [{"name": "b"}]}, {"unknown": "x"},
    ]  # fmt: skip
    for change in leads:
        assert leading(Settings, {**base, **change}) != leading(Settings, base), change
