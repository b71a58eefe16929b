"""What OData services may do that the sandbox does not: several schemas, every primitive type, cut lists, error details."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from msgspec import Raw
from msgspec.structs import replace
from requests import Response

from engine.batch import pack, unpack
from engine.connector import Filter, Query
from engine.errors import DefinitionError
from engine.http import Http
from engine.record import Change, from_json, to_json
from nodes.systems.http.line import said
from nodes.systems.odata.connector import ODataConnector
from nodes.systems.odata.csdl import parse
from nodes.systems.odata.filtering import condition
from nodes.systems.odata.settings import ODataSettings

ROOT = "https://erp.example.com/odata"
METADATA = b"""<edmx:Edmx xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx" Version="4.0">
<edmx:Reference Uri="x"><edmx:Include Namespace="Org.OData.Core.V1" Alias="Core"/></edmx:Reference><edmx:DataServices>
<Schema xmlns="http://docs.oasis-open.org/odata/ns/edm" Namespace="Trade.Types" Alias="T">
  <EnumType Name="Color"><Member Name="Red"/><Member Name="Blue"/></EnumType>
  <TypeDefinition Name="Weight" UnderlyingType="Edm.Decimal"/>
  <ComplexType Name="Place"><Property Name="City" Type="Edm.String"/></ComplexType>
</Schema>
<Schema xmlns="http://docs.oasis-open.org/odata/ns/edm" Namespace="Trade" Alias="Self">
  <EntityType Name="Base" Abstract="true"><Property Name="ModifiedOn" Type="Edm.DateTimeOffset" Nullable="false"/></EntityType>
  <EntityType Name="Customer" BaseType="Self.Base" OpenType="true"><Key><PropertyRef Name="Code"/></Key>
    <Property Name="Code" Type="Edm.String" Nullable="false"/><Property Name="Name" Type="Edm.String" Nullable="false"/>
    <Property Name="Color" Type="T.Color" Nullable="false" DefaultValue="Red"/><Property Name="Weight" Type="T.Weight"/>
    <Property Name="Ratio" Type="Edm.Double"/><Property Name="At" Type="Edm.TimeOfDay"/><Property Name="Span" Type="Edm.Duration"/>
    <Property Name="Photo" Type="Edm.Stream"/><Property Name="Tags" Type="Collection(Edm.String)" Nullable="false"/>
    <Property Name="Place" Type="T.Place"/></EntityType>
  <EntityType Name="Order" BaseType="Trade.Base"><Key><PropertyRef Name="No"/></Key>
    <Property Name="No" Type="Edm.Int32" Nullable="false"/><Property Name="Total" Type="Edm.Decimal"/>
    <Property Name="CustomerCode" Type="Edm.String"/><Property Name="Currency" Type="Edm.String"/>
    <NavigationProperty Name="Customer" Type="Self.Customer"><ReferentialConstraint Property="CustomerCode" ReferencedProperty="Code"/></NavigationProperty>
    <NavigationProperty Name="Lines" Type="Collection(Self.Line)" ContainsTarget="true"/></EntityType>
  <EntityType Name="Line"><Key><PropertyRef Name="No"/></Key><Property Name="No" Type="Edm.Int32"/></EntityType>
  <EntityContainer Name="All"><EntitySet Name="Customers" EntityType="Self.Customer"/><EntitySet Name="Orders" EntityType="Trade.Order"/></EntityContainer>
  <Annotations Target="Self.Base/ModifiedOn"><Annotation Term="Core.Computed"/></Annotations>
  <Annotations Target="Trade.Order/Total"><Annotation Term="Core.Permissions"><EnumMember>Core.Permission/Read</EnumMember></Annotation></Annotations>
  <Annotations Target="Trade.Order/Currency"><Annotation Term="Org.OData.Core.V1.Immutable" Bool="true"/></Annotations>
</Schema></edmx:DataServices></edmx:Edmx>"""
MODEL = parse(METADATA)

Answer = Callable[[str, str, Any], tuple[int, Any]]


def connect(monkeypatch: pytest.MonkeyPatch, answer: Answer, **settings: Any) -> ODataConnector:
    """A connection to the service above; ``answer``: method, address below the root and body → status and body."""
    connector = ODataConnector(ODataSettings.model_validate({"url": ROOT, **settings}), Http())
    connector._model = MODEL

    def call(method: str, path: str, **more: Any) -> Response:
        url = connector.line.address(path)
        response = Response()
        body = from_json(to_json(more["body"])) if more.get("body") else None
        response.status_code, told = answer(method, url.removeprefix(f"{ROOT}/"), body)
        response.url, response._content = url, to_json(told)
        return response

    monkeypatch.setattr(connector.line, "call", call)
    return connector


def test_names_are_made_whole_and_annotations_found_wherever_they_stand() -> None:
    customer, order = MODEL.entity("Customers"), MODEL.entity("Orders")
    assert {one.name: one.type for one in customer.fields} == {
        "ModifiedOn": "datetime", "Code": "id", "Name": "text", "Color": "choice", "Weight": "number", "Ratio": "number",
        "At": "text", "Span": "text", "Tags": "any", "Place": "object",
    }  # fmt: skip
    assert [one.name for one in customer.fields if one.required] == ["Name"]
    assert [one.name for one in customer.fields if one.read_only] == ["ModifiedOn"]
    assert (customer.open, order.open) == (True, False)
    told = {one.name: (one.read_only, one.create_only, one.refers_to) for one in order.fields}
    assert told["Total"] == (True, False, None)
    assert told["Currency"] == (False, True, None)
    assert told["CustomerCode"] == (False, False, "Customers")
    referred = order.field("Customer")
    assert referred is not None
    assert not any(one.required for one in referred.fields)  # its key alone will do


@pytest.mark.parametrize(
    ("field", "op", "value", "said_so"),
    [
        ("Color", "eq", "Blue", "Color eq Trade.Types.Color'Blue'"),
        ("Color", "empty", None, "Color eq null"),
        ("Weight", "gt", "1.50", "Weight gt 1.50"),
        ("At", "eq", "13:20:00", "At eq 13:20:00"),
        ("Span", "lt", "PT5M", "Span lt duration'PT5M'"),
        ("Place.City", "eq", "Basel", "Place/City eq 'Basel'"),
        ("Unheard", "eq", "x", "Unheard eq 'x'"),
    ],
)
def test_values_are_said_by_their_types(field: str, op: Any, value: Any, said_so: str) -> None:
    assert condition(MODEL, "Customers", Filter(field=field, op=op, value=value)) == said_so


@pytest.mark.parametrize(
    ("key", "address"),
    [
        ("A/B", "Customers('A%2FB')"), ("A#1?b", "Customers('A%231%3Fb')"), ("50% x", "Customers('50%25%20x')"),
        ("O'Hara", "Customers('O''Hara')"), ("Zürich", "Customers('Z%C3%BCrich')"),
    ],
)  # fmt: skip
def test_a_key_stands_in_one_segment_of_the_address(key: str, address: str) -> None:
    assert MODEL.address("Customers", key) == address


def test_lists_that_were_cut_off_are_read_to_their_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A link is relative to the context, where the answer names one."""
    context = {"@odata.context": f"{ROOT}/$metadata#Orders"}
    pages: dict[str, Any] = {
        "Orders": {
            **context,
            "value": [
                {"No": 7, "Lines": [{"No": 1}], "Lines@odata.nextLink": "Orders(7)/Lines?$skip=1"},
                {"No": 8, "Lines": [], "Lines@odata.count": 0},
                {"No": 10, "Lines@odata.nextLink": "Orders(10)/Lines?$skip=0"},
            ],
            "@odata.nextLink": "Orders?$skiptoken=2",
        },
        "Orders(7)/Lines?$skip=1": {
            **context,
            "value": [{"No": 2}],
            "@odata.nextLink": "Orders(7)/Lines?$skip=2",
        },
        "Orders(7)/Lines?$skip=2": {"value": [{"No": 3}]},
        "Orders(10)/Lines?$skip=0": {"value": [{"No": 5}]},
        "Orders?$skiptoken=2": {"value": [{"No": 9, "Lines": [{"No": 1}]}]},
    }
    connector = connect(
        monkeypatch, lambda method, path, body: (200, pages[path if "skip" in path else "Orders"])
    )
    query = Query(entity="Orders", lines=("Lines",))
    first = connector.read(query, None, 10)
    rest = connector.read(query, first.cursor, 10)
    told = {
        record.key: [line["No"] for line in record.data["Lines"]] for record in first.records + rest.records
    }
    assert (told, rest.cursor) == ({"7": [1, 2, 3], "8": [], "10": [5], "9": [1]}, None)


@pytest.mark.parametrize("more", [{}, {"@odata.etag": "W/1"}], ids=["plain", "annotated"])
def test_rows_that_are_only_put_by_stay_as_they_came(
    monkeypatch: pytest.MonkeyPatch, more: dict[str, str]
) -> None:
    """Where nothing is known of them that would change them: what is staged is what reading them whole would stage."""
    moments = ["2026-11-20T10:00:00Z", "2026-11-20T12:30:00+02:00"]
    rows = [
        {**more, "Id": at, "ModifiedOn": moments[at % 2], "Total": Decimal("1.10"), "é": [{"N": at}]}
        for at in range(4)
    ]
    page = {"@odata.count": 9, "value": rows, "@odata.nextLink": "Orders?$skiptoken=4"}
    connector = connect(
        monkeypatch,
        lambda method, path, body: (200, page),
        entities=[{"name": "Orders", "key": "Id"}],
        stamp="ModifiedOn",
    )
    connector._model = None
    read = [
        connector.read(Query(entity="Orders", since=moments[0], skim=one), None, 10) for one in (False, True)
    ]
    whole, skimmed = read
    assert [type(record.data) for record in skimmed.records] == [dict if more else Raw] * 4
    assert unpack(pack({"read": skimmed.records})) == {"read": whole.records}
    assert replace(skimmed, records=[]) == replace(whole, records=[])


LINES = "Lines@odata.nextLink"
ROUND: list[dict[str, Any]] = [
    {"again": {"value": [{"No": 2}], "@odata.nextLink": "again"}},
    {"one": {"value": [], "@odata.nextLink": "two"}, "two": {"value": [], "@odata.nextLink": "one"}},
    {"within": {"value": [{"No": 2, LINES: "within"}]}},
]


@pytest.mark.parametrize("pages", ROUND, ids=["one page", "two empty pages", "within itself"])
@pytest.mark.parametrize("inside", [True, False], ids=["list of a row", "found rows"])
def test_links_that_lead_in_a_circle_are_noticed(
    monkeypatch: pytest.MonkeyPatch, pages: dict[str, Any], inside: bool
) -> None:
    first = next(iter(pages))
    row = {"No": 7, **({"Lines": [{"No": 1}], LINES: first} if inside else {})}
    begin = {"value": [row], **({} if inside else {"@odata.nextLink": first})}
    connector = connect(monkeypatch, lambda method, path, body: (200, pages.get(path, begin)))
    query = Query(entity="Orders", lines=("Lines",), keys=None if inside else ("7",))
    with pytest.raises(DefinitionError) as told:
        connector.read(query, None, 10)
    assert told.value.problems[0].code == "E-PAGING"


def test_a_list_may_go_on_at_one_address_with_other_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """The service keeps by itself how far it is."""
    left = list(range(2, 8))

    def answer(method: str, path: str, body: Any) -> tuple[int, Any]:
        if path != "more":
            return 200, {"value": [{"No": 7, "Lines": [{"No": 1}], LINES: "more"}]}
        page = {"value": [{"No": left.pop(0)}]}
        return 200, {**page, "@odata.nextLink": "more"} if left else page

    connector = connect(monkeypatch, answer)
    (record,) = connector.read(Query(entity="Orders", lines=("Lines",)), None, 10).records
    assert [line["No"] for line in record.data["Lines"]] == [1, 2, 3, 4, 5, 6, 7]


def test_numbers_that_are_none_stay_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"Code": f"C{at}", "Ratio": one} for at, one in enumerate(["INF", "-INF", "NaN", "0.10", 2])]
    connector = connect(monkeypatch, lambda *_: (200, {"value": rows}))
    told = [record.data["Ratio"] for record in connector.read(Query(entity="Customers"), None, 10).records]
    assert told == ["INF", "-INF", "NaN", Decimal("0.10"), Decimal(2)]


def test_a_batch_that_is_not_understood_goes_singly(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, Any]] = []

    def answer(method: str, path: str, body: Any) -> tuple[int, Any]:
        seen.append((path, body))
        return (400, {"error": {"message": "multipart/mixed, please"}}) if path == "$batch" else (201, body)

    connector = connect(monkeypatch, answer)
    changes = [Change(f"k{at}", "create", {"Code": f"C{at}", "Own": at}) for at in range(2)]
    assert [one.remote_id for one in connector.write("Customers", changes)] == ["C0", "C1"]
    assert [path for path, _ in seen] == ["$batch", "Customers", "Customers"]
    assert seen[1][1] == {"Code": "C0", "Own": 0}  # an open type takes what it does not know


def test_a_reference_told_by_its_key_is_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Any] = []
    connector = connect(
        monkeypatch, lambda method, path, body: (sent.append(body), (201, {"No": 1}))[1], batch="never"
    )
    for customer in ({"Code": "A/B"}, {"Code": None}, {"Code": "N", "Name": "New"}):
        connector.write("Orders", [Change("k", "create", {"Customer": customer})])
    assert sent == [
        {"Customer@odata.bind": f"{ROOT}/Customers('A%2FB')"},
        {"Customer": None},
        {"Customer": {"Code": "N", "Name": "New"}},
    ]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"error": {"message": "Invalid.", "details": [{"message": "Name is needed."}, {"message": "No is taken"}]}},
         "Invalid: Name is needed; No is taken"),
        ({"error": {"message": "An error has occurred.", "innererror": {"message": "Field 'Group' must be filled in."}}},
         "An error has occurred: Field 'Group' must be filled in."),
        ({"title": "Not valid.", "status": 400, "errors": {"Name": ["Too long.", "Odd"], "No": ["Taken."]}},
         "Not valid: Name: Too long; No: Taken"),
        ({"errors": [{"detail": "Too long"}]}, "Too long"),
        ({"message": "Plain."}, "Plain."),
        ([{"message": "First"}], "First"),
        ("text", "text"),
        ({"code": 7}, ""),
    ],
)  # fmt: skip
def test_an_error_is_told_with_its_particulars(body: Any, words: str) -> None:
    assert said(body) == words
