"""What a site consists of, custom columns and objects included, and what when it will not say."""

from __future__ import annotations

import pytest

from engine.errors import RecordRejected, Unavailable
from engine.registry import system_card
from nodes.systems.creatio.connector import CreatioConnector
from nodes.systems.creatio.metadata import humane, parse, stock_shapes
from nodes.systems.creatio.sandbox import CreatioSandbox
from tests.nodes.systems.creatio.conftest import LINES, journal


def test_common_entities_come_first_and_custom_ones_are_there(
    creatio: CreatioConnector, sandbox: CreatioSandbox
) -> None:
    entities = creatio.entities()
    assert [one.name for one in entities[:3]] == ["Account", "Contact", "Opportunity"]
    assert all(one.common for one in entities[:12])
    assert not any(one.common for one in entities[12:])
    assert {one.name: one.title for one in entities}["UsrSubscription"] == "Subscription"
    creatio.entity("Account")
    assert len(journal(sandbox, "$metadata")) == 1


def test_the_shape_of_an_opportunity(creatio: CreatioConnector) -> None:
    deal = creatio.entity("Opportunity")
    assert (deal.key, deal.title_field, deal.modified, deal.plural) == (
        "Id",
        "Title",
        "ModifiedOn",
        "Opportunities",
    )
    types = {field.name: field.type for field in deal.fields}
    assert types["Amount"] == "money"
    assert types["DueDate"] == "date"
    assert types["CreatedOn"] == "datetime"
    assert types["Probability"] == "integer"
    assert types["IsPrimary"] == "boolean"
    stage = deal.field("StageId")
    assert stage is not None
    assert (stage.type, stage.refers_to, stage.title) == ("reference", "OpportunityStage", "Stage")
    custom = deal.field("UsrInvoiceNumber")
    assert custom is not None
    assert (custom.title, custom.max_length) == ("Invoice number", 50)
    assert [field.name for field in deal.required()] == ["Title"]
    key = deal.field("Id")
    assert key is not None
    assert key.read_only


def test_lookups_and_lines_show_what_can_be_read_behind_them(creatio: CreatioConnector) -> None:
    deal = creatio.entity("Opportunity")
    account = deal.field("Account")
    assert account is not None
    assert account.type == "object"
    assert {"Name", "Code", "UsrErpCustomerId"} <= {field.name for field in account.fields}
    lines = deal.field(LINES)
    assert lines is not None
    assert (lines.type, lines.title) == ("lines", "Products of the opportunity")
    product = next(field for field in lines.fields if field.name == "Product")
    category = next(field for field in product.fields if field.name == "Category")
    assert [field.name for field in category.fields] == ["Name"]


def test_an_unknown_entity_is_refused(creatio: CreatioConnector) -> None:
    with pytest.raises(RecordRejected, match="Creatio has no objects called 'Opportunities'"):
        creatio.entity("Opportunities")


def test_without_metadata_the_stock_shapes_serve(creatio: CreatioConnector, sandbox: CreatioSandbox) -> None:
    sandbox.active["no_metadata"] = {}
    deal = creatio.entity("Opportunity")
    assert deal.field(LINES) is not None
    assert deal.field("UsrInvoiceNumber") is None
    assert {field.name: field.type for field in deal.fields}["Amount"] == "money"


def test_a_server_that_is_down_has_no_shape_at_all(
    creatio: CreatioConnector, sandbox: CreatioSandbox
) -> None:
    creatio.check()
    sandbox.active["rate_limit"] = {"times": 1, "retry_after": 3}
    with pytest.raises(Unavailable):
        creatio.entity("Account")
    assert creatio.entity("Account").field("UsrErpCustomerId") is not None


def test_stock_shapes_agree_with_the_imitation(creatio: CreatioConnector) -> None:
    """Two independent readings of the same facts: every stock column exists, as the same kind."""
    model = creatio.model()
    for name, shape in stock_shapes().items():
        found = model.type(name)
        for column, stock in shape["fields"].items():
            assert column in found.properties, f"{name}.{column}"
            refers = stock.get("refers_to")
            assert (found.lookups[column.removesuffix("Id")][0] if refers else None) == refers, (
                f"{name}.{column}"
            )
            if "max_length" in stock:
                assert found.properties[column].max_length == stock["max_length"], f"{name}.{column}"


def test_metadata_with_entities_inside_is_harmless() -> None:
    bomb = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>
    <Edmx><Schema><EntityType Name="T"><Property Name="Id" Type="Edm.Guid"/><Property Name="N" Type="&a;"/></EntityType>
    <EntityContainer><EntitySet Name="T" EntityType="X.T"/></EntityContainer></Schema></Edmx>"""
    try:
        types = parse(bomb).type("T").properties
    except ValueError:
        return
    assert "root:" not in types["N"].edm


@pytest.mark.parametrize("text", [b"<html>", b"not xml", b"<Edmx/>"])
def test_what_is_no_metadata(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse(text)


def test_metadata_of_other_builds() -> None:
    """No referential constraints, and real dates: both are tolerated."""
    model = parse(
        b"""<Edmx><Schema><EntityType Name="T"><Property Name="Id" Type="Edm.Guid"/>
        <Property Name="UsrOwnerId" Type="Edm.Guid"/><Property Name="UsrDay" Type="Edm.Date"/>
        <Property Name="UsrSize" Type="Edm.Double"/><Property Name="Data" Type="Edm.Stream"/>
        <NavigationProperty Name="UsrOwner" Type="X.T"/></EntityType>
        <EntityContainer><EntitySet Name="T" EntityType="X.T"/></EntityContainer></Schema></Edmx>"""
    )
    types = {field.name: field.type for field in model.columns("T")}
    assert types == {"Id": "id", "UsrOwnerId": "reference", "UsrDay": "date", "UsrSize": "number"}


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("OpportunityProductInterest", "Opportunity product interest"),
        ("UsrInvoiceNumber", "Invoice number"),
        ("UsrERPCode", "ERP code"),
        ("URL", "URL"),
        ("Usr", "Usr"),
        ("Address2", "Address 2"),
    ],
)
def test_names_become_titles(name: str, title: str) -> None:
    assert humane(name) == title


def test_options_of_a_lookup(creatio: CreatioConnector) -> None:
    stages = creatio.options("Opportunity", "StageId")
    assert ("60d5310c-5be6-df11-971b-001d60e938c6", "Closed won") in stages
    assert len(stages) == 12
    assert creatio.options("Opportunity", "Title") == []


def test_the_card_of_the_catalog() -> None:
    card = system_card(CreatioConnector)
    assert (card["system"], card["title"]) == ("creatio", "Creatio")
    assert card["capability"]["idempotency"] == "client-id"
    assert "OData" in card["help"]
