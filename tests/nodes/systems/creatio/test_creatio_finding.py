"""Creatio finds objects by what they match: in bulk, hard to quote, and with or without batches."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from engine.errors import RecordRejected
from nodes.systems.creatio.connector import CreatioConnector
from nodes.systems.creatio.sandbox import CreatioSandbox
from tests.nodes.systems.creatio.conftest import journal
from tests.nodes.systems.creatio.test_creatio_writing import NOBODY, create, first


def test_finding_in_bulk(creatio: CreatioConnector, sandbox: CreatioSandbox) -> None:
    creatio.model()
    rows = sandbox.all("Account")
    sandbox.journal.clear()
    matches: list[dict[str, Any]] = [{"Name": row["Name"].upper()} for row in rows]
    matches += [{"Name": f"nobody {n}"} for n in range(90)]
    found = creatio.find("Account", matches, ["Code", "Country.Name"])
    assert [[remote.id for remote in one] for one in found] == [[row["Id"]] for row in rows] + [[]] * 90
    assert found[1][0].data["Code"] == "C10001"
    assert found[1][0].data["Country"]["Name"]
    assert len(journal(sandbox, "odata")) == 1  # one batch for all of it
    assert not sandbox.journal[0]["mutating"]


def test_finding_by_several_fields_and_kinds(creatio: CreatioConnector, sandbox: CreatioSandbox) -> None:
    deal = first(sandbox)
    lines = [row for row in sandbox.all("OpportunityProductInterest") if row["OpportunityId"] == deal["Id"]]
    found = creatio.find(
        "OpportunityProductInterest",
        [
            {"OpportunityId": deal["Id"], "ProductId": lines[1]["ProductId"]},
            {"Opportunity.Title": deal["Title"], "Quantity": Decimal("12.0")},
            {"OpportunityId": deal["Id"]},
            {"OpportunityId": deal["Id"], "OfferDate": "2026-01-01"},
            {},
        ],
    )
    assert [sorted(remote.id for remote in one) for one in found] == [
        [lines[1]["Id"]],
        [lines[0]["Id"]],
        sorted(line["Id"] for line in lines),
        [],
        [],
    ]


@pytest.mark.parametrize(
    "name", ["O'Hara & Sons", "100% + “x” #1?", "東京 & 大阪", "a/b\\c", "(x) or (y)", "x" * 250]
)
def test_finding_what_is_hard_to_quote(creatio: CreatioConnector, sandbox: CreatioSandbox, name: str) -> None:
    sandbox.put("Account", NOBODY, {"Name": name})
    found = creatio.find("Account", [{"Name": name}, {"Name": name + "!"}])
    assert NOBODY in [remote.id for remote in found[0]]
    assert found[1] == []


def test_finding_more_than_one_answer_holds(creatio: CreatioConnector, sandbox: CreatioSandbox) -> None:
    sandbox.active["row_cap"] = {"rows": 7}
    found = creatio.find("Opportunity", [{"OwnerId": sandbox.all("Contact")[0]["Id"]}])
    assert len(found[0]) == 40


def test_a_site_without_batches_is_served_one_by_one(
    creatio: CreatioConnector, sandbox: CreatioSandbox
) -> None:
    sandbox.active["no_batch"] = {}
    changes = [create("Single 1"), create("Single 2", OwnerId=NOBODY), create("Single 3")]
    assert [one.outcome.value for one in creatio.write("Account", changes)] == [
        "created",
        "failed",
        "created",
    ]
    matches = [{"Name": f"Single {n}"} for n in range(120)]
    found = creatio.find("Account", matches)
    assert [len(one) for one in found] == [1 if n in {1, 3} else 0 for n in range(120)]
    assert max(len(call["query"]) for call in sandbox.journal) < 2048


def test_finding_by_what_is_not_there(creatio: CreatioConnector) -> None:
    assert creatio.find("Account", []) == []
    assert len(creatio.find("Account", [{"Code": ""}])[0]) == 1
    with pytest.raises(RecordRejected, match="has no field"):
        creatio.find("Account", [{"Nope": 1}])
