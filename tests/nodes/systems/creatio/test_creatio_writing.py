"""Writing and finding: nothing twice, nothing lost in silence, every refusal in words."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from engine.errors import AccessError, EngineError, InDoubt, Unavailable
from engine.http import Http
from engine.record import Change, Outcome, Result, idempotency_key
from nodes.systems.creatio.answers import complaint
from nodes.systems.creatio.connector import CreatioConnector
from nodes.systems.creatio.sandbox import CreatioSandbox
from nodes.systems.creatio.writing import object_id
from tests.nodes.systems.creatio.conftest import LINES, Connect, journal

NOBODY = "22222222-2222-4222-8222-222222222222"


def create(name: str, **data: Any) -> Change:
    return Change(idempotency_key(name), "create", {"Name": name, **data}, match={"Name": name})


def update(row: dict[str, Any], **data: Any) -> Change:
    return Change(idempotency_key(row["Id"], str(data)), "update", data, remote_id=row["Id"])


def first(sandbox: CreatioSandbox, entity: str = "Opportunity") -> dict[str, Any]:
    return next(row for row in sandbox.all(entity) if row["CreatedOn"] > "2026")


def named(sandbox: CreatioSandbox, name: str) -> list[dict[str, Any]]:
    return [row for row in sandbox.all("Account") if row["Name"] == name]


def only(results: list[Result]) -> Result:
    assert len(results) == 1
    return results[0]


# creating --------------------------------------------------------------------------------------------


def test_a_new_object_has_the_id_of_its_intent(
    creatio: CreatioConnector, sandbox: CreatioSandbox, url: str
) -> None:
    change = create("Ada & Co", Notes="naïve 東京 '\"\\", Zip="007")
    result = only(creatio.write("Account", [change]))
    assert (result.outcome, result.remote_id, result.number) == (
        Outcome.CREATED,
        object_id(change),
        "Ada & Co",
    )
    assert result.link == f"{url}/0/page/Account/{result.remote_id}"
    assert result.answer["CountryId"] is None
    row = named(sandbox, "Ada & Co")[0]
    assert (row["Notes"], row["Zip"]) == ("naïve 東京 '\"\\", "007")


def test_an_order_answers_the_number_that_creatio_gave_it(creatio: CreatioConnector) -> None:
    change = Change(idempotency_key("o"), "create", {"Amount": Decimal("10.10"), "Date": "2026-11-20"})
    result = only(creatio.write("Order", [change]))
    assert result.number == "ORD-1"
    assert result.answer["Amount"] == Decimal("10.10")
    assert result.answer["Date"] == "2026-11-20T00:00:00Z"


def test_the_same_intent_twice_is_one_object(creatio: CreatioConnector, sandbox: CreatioSandbox) -> None:
    both = [creatio.write("Account", [create("Once")]), creatio.write("Account", [create("Once")])]
    assert [only(each).outcome for each in both] == [Outcome.CREATED, Outcome.CREATED]
    assert len(named(sandbox, "Once")) == 1
    bundle = creatio.write("Account", [create("Once"), create("Twice")])
    assert [one.outcome for one in bundle] == [Outcome.CREATED, Outcome.CREATED]
    assert len(named(sandbox, "Once")) == 1


def test_many_go_in_one_batch_and_each_has_its_own_fate(
    creatio: CreatioConnector, sandbox: CreatioSandbox
) -> None:
    creatio.model()
    sandbox.journal.clear()
    changes = [create(f"Batch {n}") for n in range(100)]
    changes[3] = create("Batch 3", Foo=1)
    changes[5] = create("Batch 5", OwnerId=NOBODY)
    results = creatio.write("Account", changes)
    assert [n for n, one in enumerate(results) if one.outcome is not Outcome.CREATED] == [3, 5]
    assert (results[3].field, results[3].code) == ("Foo", "E-UNKNOWN-FIELD")
    assert results[3].message.startswith("Account has no field 'Foo'. Choose another field")
    assert "a lookup points to an object that Creatio does not have" in results[5].message
    assert "23503" in results[5].detail
    assert [call["path"] for call in sandbox.journal if call["mutating"]] == ["/0/odata/$batch"]
    assert len([row for row in sandbox.all("Account") if row["Name"].startswith("Batch")]) == 98


def test_more_than_a_batch_holds(creatio: CreatioConnector, sandbox: CreatioSandbox) -> None:
    results = creatio.write("Account", [create(f"Many {n}") for n in range(150)])
    assert {one.outcome for one in results} == {Outcome.CREATED}
    assert len([call for call in journal(sandbox, "$batch") if call["mutating"]]) == 2


def test_a_server_that_stops_at_the_first_error_gets_the_rest_again(
    creatio: CreatioConnector, sandbox: CreatioSandbox
) -> None:
    sandbox.active["batch_stops"] = {}
    changes = [create(f"Stop {n}", **({"OwnerId": NOBODY} if n in {1, 2} else {})) for n in range(5)]
    results = creatio.write("Account", changes)
    assert [one.outcome.value for one in results] == ["created", "failed", "failed", "created", "created"]
    assert len([row for row in sandbox.all("Account") if row["Name"].startswith("Stop")]) == 3


# updating --------------------------------------------------------------------------------------------


def test_updating_only_what_is_given(creatio: CreatioConnector, sandbox: CreatioSandbox, url: str) -> None:
    deal = first(sandbox)
    values = {
        "UsrInvoiceNumber": "INV-204",
        "UsrInvoiceLink": "https://erp.example/x?a=1&b=ü",
        "Amount": Decimal("0.10"),
    }
    result = only(creatio.write("Opportunity", [update(deal, **values)]))
    assert (result.outcome, result.remote_id) == (Outcome.UPDATED, deal["Id"])
    assert result.link == f"{url}/0/page/Opportunity/{deal['Id']}"
    now = sandbox.get("Opportunity", deal["Id"])
    assert now is not None
    assert {name: now[name] for name in values} == values
    assert now["Title"] == deal["Title"]


def test_lookups_are_set_and_cleared(creatio: CreatioConnector, sandbox: CreatioSandbox) -> None:
    deal, other = first(sandbox), sandbox.all("Account")[-1]
    creatio.write(
        "Opportunity", [update(deal, AccountId=other["Id"].upper(), ContactId=None, DueDate="2026-12-24")]
    )
    now = sandbox.get("Opportunity", deal["Id"])
    assert now is not None
    assert (now["AccountId"], now["ContactId"], now["DueDate"][:10]) == (other["Id"], None, "2026-12-24")
    creatio.write("Opportunity", [update(deal, DueDate=None, UsrInvoiceNumber=None)])
    now = sandbox.get("Opportunity", deal["Id"])
    assert now is not None
    assert (now["DueDate"], now["UsrInvoiceNumber"]) == (None, "")


@pytest.mark.parametrize(
    ("data", "field", "text"),
    [
        ({"Nonsense": 1}, "Nonsense", "Opportunity has no field 'Nonsense'"),
        ({"Account": NOBODY}, "Account", "what is written is its id, in AccountId"),
        ({LINES: []}, LINES, "Write them as OpportunityProductInterest"),
        ({"ModifiedOn": "2026-01-01T00:00:00Z"}, "ModifiedOn", "set by Creatio itself"),
        (
            {"UsrInvoiceNumber": "x" * 51},
            "UsrInvoiceNumber",
            "Invoice number holds 50 characters; this text has 51",
        ),
        ({"AccountId": "ACME"}, "AccountId", "Account needs the id of an object in Creatio, not 'ACME'"),
        ({"Amount": "NaN"}, "Amount", "Amount needs an amount"),
        ({"Amount": True}, "Amount", "Amount needs an amount"),
        ({"Probability": Decimal("1.5")}, "Probability", "a whole number"),
        ({"DueDate": "24.12.2026"}, "DueDate", "Due date needs a date"),
        ({"IsPrimary": "yes"}, "IsPrimary", "yes or no"),
        ({"Title": ["a"]}, "Title", "needs a text"),
    ],
)
def test_what_creatio_would_ignore_or_refuse_is_refused_before(
    creatio: CreatioConnector, sandbox: CreatioSandbox, data: dict[str, Any], field: str, text: str
) -> None:
    creatio.model()
    sandbox.journal.clear()
    result = only(creatio.write("Opportunity", [update(first(sandbox), **data)]))
    assert (result.outcome, result.field) == (Outcome.FAILED, field)
    assert text in result.message
    assert sandbox.journal == []


def test_without_metadata_a_custom_column_is_not_written_in_silence(
    creatio: CreatioConnector, sandbox: CreatioSandbox
) -> None:
    sandbox.active["no_metadata"] = {}
    result = only(creatio.write("Opportunity", [update(first(sandbox), UsrInvoiceNumber="1")]))
    assert result.outcome is Outcome.FAILED
    assert "Let the user read $metadata" in result.message


def test_updating_what_is_gone(creatio: CreatioConnector) -> None:
    gone = only(creatio.write("Account", [update({"Id": NOBODY}, Name="x")]))
    assert (gone.outcome, gone.code) == (Outcome.FAILED, "E-GONE")
    nowhere = Change("ab", "update", {"Name": "x"})
    assert only(creatio.write("Account", [nowhere])).code == "E-NO-ID"


# what goes wrong -------------------------------------------------------------------------------------


def test_a_dry_run_finds_the_door_shut(connect: Connect, sandbox: CreatioSandbox) -> None:
    with pytest.raises(EngineError):
        connect(http=Http(read_only=True)).write("Account", [create("Never")])
    assert not any(call["mutating"] for call in sandbox.journal)


@pytest.mark.parametrize("count", [1, 3])
def test_a_row_stored_in_spite_of_an_error_is_adopted(
    creatio: CreatioConnector, sandbox: CreatioSandbox, count: int
) -> None:
    sandbox.active["fail_after_storing"] = {"times": 1}
    results = creatio.write("Account", [create(f"Odd {n}") for n in range(count)])
    assert {one.outcome for one in results} == {Outcome.CREATED}
    assert "Stored, but Creatio reported: Error in the after-insert handler." in results[0].message
    assert len(named(sandbox, "Odd 0")) == 1


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("vice", ["lost_answer", "server_error"])
def test_an_unknown_outcome_is_in_doubt_and_can_be_resolved(
    creatio: CreatioConnector, sandbox: CreatioSandbox, vice: str, count: int
) -> None:
    creatio.model()
    sandbox.active[vice] = {"times": 1}
    changes = [create(f"Doubt {n}") for n in range(count)]
    with pytest.raises(InDoubt) as caught:
        creatio.write("Account", changes)
    assert caught.value.sent_at > 0
    found = creatio.resolve("Account", changes)
    stored = [bool(named(sandbox, f"Doubt {n}")) for n in range(count)]
    assert [remote is not None for remote in found] == stored
    assert any(stored) == (vice == "lost_answer")
    again = creatio.write("Account", changes)
    assert {one.outcome for one in again} == {Outcome.CREATED}
    assert [len(named(sandbox, f"Doubt {n}")) for n in range(count)] == [1] * count


def test_an_update_in_doubt_happened_only_if_all_values_are_there(
    creatio: CreatioConnector, sandbox: CreatioSandbox
) -> None:
    deal = first(sandbox)
    values = {"UsrInvoiceNumber": "INV-9", "DueDate": "2026-12-01", "Amount": Decimal("5"), "ContactId": None}
    change = update(deal, **values)
    assert creatio.resolve("Opportunity", [change]) == [None]
    sandbox.active["lost_answer"] = {"times": 1}
    with pytest.raises(InDoubt):
        creatio.write("Opportunity", [change])
    remote = creatio.resolve("Opportunity", [change])[0]
    assert remote is not None
    assert remote.data["UsrInvoiceNumber"] == "INV-9"


def test_when_it_cannot_be_looked_up_the_result_says_so(
    creatio: CreatioConnector, sandbox: CreatioSandbox
) -> None:
    creatio.model()
    sandbox.active["fail_after_storing"] = {"times": 1}
    original = creatio.by_id

    def fails(*args: Any) -> Any:
        raise Unavailable("no")

    creatio.by_id = fails  # type: ignore[method-assign]
    result = only(creatio.write("Account", [create("Open")]))
    assert (result.outcome, result.remote_id) == (Outcome.IN_DOUBT, object_id(create("Open")))
    creatio.by_id = original  # type: ignore[method-assign]
    assert creatio.resolve("Account", [create("Open")])[0] is not None


def test_too_many_requests_is_unavailable_and_nothing_is_written(
    creatio: CreatioConnector, sandbox: CreatioSandbox
) -> None:
    creatio.model()
    for changes in ([create("Busy")], [create("Busy"), create("Busy 2")]):
        sandbox.active["rate_limit"] = {"times": 1, "retry_after": 4}
        with pytest.raises(Unavailable) as caught:
            creatio.write("Account", changes)
        assert caught.value.retry_after == 4
    assert named(sandbox, "Busy") == []


def test_what_was_answered_is_reported_even_if_the_next_call_fails(
    creatio: CreatioConnector, sandbox: CreatioSandbox
) -> None:
    creatio.model()
    sandbox.active["refuse"] = {"times": 1, "match": "Part 120"}
    results = creatio.write("Account", [create(f"Part {n}") for n in range(150)])
    assert {one.outcome for one in results[:100]} == {Outcome.CREATED}
    assert {one.outcome for one in results[100:]} == {Outcome.IN_DOUBT}
    again = creatio.write("Account", [create(f"Part {n}") for n in range(150)])
    assert {one.outcome for one in again} == {Outcome.CREATED}
    assert len([row for row in sandbox.all("Account") if row["Name"].startswith("Part")]) == 150


def test_a_session_lost_in_the_middle_of_writing(creatio: CreatioConnector, sandbox: CreatioSandbox) -> None:
    creatio.model()
    sandbox.active["token_expiry"] = {"times": 1}
    assert only(creatio.write("Account", [create("Again")])).outcome is Outcome.CREATED
    sandbox.active["html_bounce"] = {"times": 2}
    with pytest.raises(AccessError):
        creatio.write("Account", [create("Never")])
    assert named(sandbox, "Never") == []


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ('23505: duplicate key value violates unique constraint "PKx"', "E-DUPLICATE", "must be unique"),
        (
            "Violation of PRIMARY KEY constraint 'PKx'. Cannot insert duplicate key",
            "E-DUPLICATE",
            "must be unique",
        ),
        (
            '23503: insert or update on table "A" violates foreign key constraint "F"',
            "E-REFERENCE",
            "points to",
        ),
        ('The INSERT statement conflicted with the FOREIGN KEY constraint "F"', "E-REFERENCE", "points to"),
        (
            '23503: update or delete on table "A" violates foreign key constraint',
            "E-IN-USE",
            "still point to it",
        ),
        ("item : The property 'Foo' does not exist on type 'X'", "E-UNKNOWN-FIELD", "no column Foo"),
        ("22001: value too long for type character varying(50)", "E-TOO-LONG", "longer than its column"),
        ("String or binary data would be truncated", "E-TOO-LONG", "longer than its column"),
        (
            "Cannot insert the value NULL into column 'Name', table 'x'",
            "E-REQUIRED",
            "Name must not be empty",
        ),
        ("The stage may not go back.", "E-RECORD", "The stage may not go back."),
    ],
)
def test_errors_in_words(text: str, code: str, words: str) -> None:
    body = {
        "error": {
            "code": "",
            "message": "An error has occurred.",
            "innererror": {"message": text, "type": "T"},
        }
    }
    understood = complaint(500, body)
    assert understood.code == code
    assert words in understood.sentence("this Order")
    assert understood.sentence("this Order").startswith("Creatio refused this Order: ")
    assert text in understood.detail


def test_an_error_deeper_inside_is_found() -> None:
    inner = {"message": "An error has occurred.", "internalexception": {"message": "22001: value too long"}}
    assert complaint(500, {"error": {"message": "", "innererror": inner}}).code == "E-TOO-LONG"
    assert complaint(502, None).definite is False
