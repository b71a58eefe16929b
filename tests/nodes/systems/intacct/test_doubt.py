"""Lost answers, repeats, closed periods, and answers that are not what they should be."""

from __future__ import annotations

from typing import Any

import pytest

from engine.connector import CannotTell, Query
from engine.errors import InDoubt, Unavailable
from nodes.systems.intacct import answers, refusals
from nodes.systems.intacct.answers import Fault, Unreadable
from nodes.systems.intacct.connector import IntacctConnector
from tests.conftest import Served
from tests.nodes.systems.intacct.conftest import INVOICE, LINE, Connect, create, update, vice


def test_a_lost_answer_is_in_doubt_and_then_found_by_its_reference(
    intacct: IntacctConnector, served: Served
) -> None:
    intacct.entity("ARINVOICE")
    changes = [create(str(n), INVOICE) for n in range(3)]
    vice(served, "lost_answer", {"times": 1})
    with pytest.raises(InDoubt):
        intacct.write("ARINVOICE", changes)
    found = intacct.resolve("ARINVOICE", [*changes, create("never sent", INVOICE)])
    assert [one.number if one else None for one in found] == ["INV-00001", "INV-00002", "INV-00003", None]


def test_a_repeat_is_refused_by_intacct_and_the_first_one_adopted(
    intacct: IntacctConnector, served: Served
) -> None:
    first = intacct.write("ARINVOICE", [create("1", INVOICE), create("2", INVOICE)])
    again = intacct.write("ARINVOICE", [create("2", INVOICE), create("3", INVOICE), create("1", INVOICE)])
    assert [result.outcome for result in again] == ["created"] * 3
    assert [again[0].remote_id, again[2].remote_id] == [first[1].remote_id, first[0].remote_id]
    assert (again[0].number, again[0].link) == (first[1].number, first[1].link)
    assert len(served.app.all("ARINVOICE")) == 3


def test_a_repeat_whose_object_is_gone_waits_for_a_person(intacct: IntacctConnector, served: Served) -> None:
    made = intacct.write("ARINVOICE", [create("1", INVOICE)])[0]
    served.app.store.delete("ARINVOICE", str(made.remote_id))
    again = intacct.write("ARINVOICE", [create("1", INVOICE)])[0]
    assert again.outcome == "in_doubt"
    assert "made this invoice before, but it cannot be found" in again.message
    assert served.app.all("ARINVOICE") == []


def test_a_company_that_hides_external_ids_is_searched_by_number(
    intacct: IntacctConnector, served: Served
) -> None:
    vice(served, "no_external_id")
    numbered = create("1", {**INVOICE, "RECORDID": "A-7"})
    intacct.entity("ARINVOICE")
    vice(served, "lost_answer", {"times": 1})
    with pytest.raises(InDoubt):
        intacct.write("ARINVOICE", [numbered])
    found = intacct.resolve("ARINVOICE", [numbered])[0]
    assert found is not None
    assert found.number == "A-7"
    with pytest.raises(CannotTell, match="no way to find out"):
        intacct.resolve("ARINVOICE", [create("2", INVOICE)])


def test_other_objects_are_found_by_key_or_match(intacct: IntacctConnector) -> None:
    keyed = create("k", {"CUSTOMERID": "K1", "NAME": "Keyed"})
    named = create("n", {"NAME": "Named"}, NAME="Named")
    intacct.write("CUSTOMER", [keyed, named])
    found = intacct.resolve("CUSTOMER", [keyed, named, create("x", {"CUSTOMERID": "X", "NAME": "X"})])
    assert [one.id if one else None for one in found] == ["K1", "C-00001", None]
    with pytest.raises(CannotTell):
        intacct.resolve("CUSTOMER", [create("y", {"NAME": "Y"})])


def test_an_update_in_doubt_counts_only_if_it_took(intacct: IntacctConnector) -> None:
    done = update("d", "C1", {"COMMENTS": "new", "CREDITLIMIT": "10"})
    intacct.write("CUSTOMER", [done])
    lost = update("l", "C1", {"COMMENTS": "newer"})
    found = intacct.resolve("CUSTOMER", [done, lost])
    assert [one is not None for one in found] == [True, False]


def test_a_doubt_after_part_of_the_work_spares_what_was_answered(
    intacct: IntacctConnector, served: Served
) -> None:
    changes = [create(str(n), {**INVOICE, "DESCRIPTION": f"number {n}"}) for n in range(60)]
    vice(served, "lost_answer", {"times": 1, "match": "number 55"})
    results = intacct.write("ARINVOICE", changes)
    assert [result.outcome for result in results] == ["created"] * 50 + ["in_doubt"] * 10
    found = intacct.resolve("ARINVOICE", changes[50:])
    assert all(one is not None for one in found)


def test_a_connection_that_is_cut_before_anything_happened(intacct: IntacctConnector, served: Served) -> None:
    changes = [create("1", INVOICE)]
    intacct.entity("ARINVOICE")
    vice(served, "refuse", {"times": 1})
    with pytest.raises(InDoubt):
        intacct.write("ARINVOICE", changes)
    assert intacct.resolve("ARINVOICE", changes) == [None]
    vice(served, "refuse", {"times": 1})
    with pytest.raises(Unavailable):
        intacct.read(Query(entity="ARINVOICE"), None, 10)


def test_an_internal_error_leaves_a_write_in_doubt_and_a_read_for_later(
    intacct: IntacctConnector, served: Served
) -> None:
    intacct.entity("ARINVOICE")
    vice(served, "server_error", {"times": 1})
    with pytest.raises(InDoubt, match="internal error"):
        intacct.write("ARINVOICE", [create("1", INVOICE)])
    vice(served, "server_error", {"times": 1})
    with pytest.raises(Unavailable, match="internal error"):
        intacct.read(Query(entity="ARINVOICE"), None, 10)


def test_a_closed_period_holds_the_document_with_one_question_for_all(
    intacct: IntacctConnector, served: Served
) -> None:
    vice(served, "closed_period", {"month": "2026-11"})
    dates = ["2026-11-14", "2026-11-30", "2026-12-01"]
    results = intacct.write("ARINVOICE", [create(day, {**INVOICE, "WHENCREATED": day}) for day in dates])
    assert [result.outcome for result in results] == ["held", "held", "created"]
    assert results[0].question == results[1].question == {
        "kind": "closed-period", "entity": "ARINVOICE", "date": "2026-11-01", "field": "WHENCREATED",
    }  # fmt: skip
    assert results[0].message.startswith("Held: Intacct has closed the period of 2026-11-14.")
    vice(served, "closed_period", False)
    again = intacct.write("ARINVOICE", [create(dates[0], {**INVOICE, "WHENCREATED": dates[0]})])[0]
    assert again.outcome == "created"


def test_stale_searches_do_not_book_twice(intacct: IntacctConnector, served: Served) -> None:
    intacct.write("ARINVOICE", [create("1", INVOICE)])
    vice(served, "stale_find", {"seconds": 60})
    assert intacct.resolve("ARINVOICE", [create("1", INVOICE)]) == [None]
    assert intacct.write("ARINVOICE", [create("1", INVOICE)])[0].outcome == "in_doubt"
    vice(served, "stale_find", False)
    assert intacct.write("ARINVOICE", [create("1", INVOICE)])[0].number == "INV-00001"
    assert len(served.app.all("ARINVOICE")) == 1


# answers ---------------------------------------------------------------------------------------------------

BOMB = b"""<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><response><control><status>&c;</status></control></response>"""
OUTSIDE = b'<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/hostname">]><response>&a;</response>'


@pytest.mark.parametrize("raw", [BOMB, OUTSIDE, BOMB.decode().replace("1.0", "1.0").encode("utf-16")])
def test_a_document_that_declares_types_is_not_read(raw: bytes) -> None:
    with pytest.raises(Unreadable, match="document type"):
        answers.read(raw)


@pytest.mark.parametrize(
    "raw", [b"", b"<html>", b"<html></html>", b"plain words", b"<response>\x00</response>"]
)
def test_what_is_not_an_answer_is_said_to_be_none(raw: bytes) -> None:
    with pytest.raises(Unreadable):
        answers.read(raw)


class Canned:
    """Stands in for the network: answers every post with the same bytes."""

    def __init__(self, connector: IntacctConnector, raw: bytes, status: int = 200) -> None:
        self.inner = connector.http.request
        self.raw, self.status, self.used = raw, status, False

    def __call__(self, *args: Any, **rest: Any) -> Any:
        response = self.inner(*args, **rest)
        if b"<create" in rest["data"] or b"<query" in rest["data"]:
            response._content, response.status_code = self.raw, self.status
        return response


@pytest.mark.parametrize("raw", [BOMB, b"<response><cut", b"<html>Sorry</html>"])
def test_an_unreadable_answer_to_a_write_is_in_doubt(
    intacct: IntacctConnector, monkeypatch: pytest.MonkeyPatch, raw: bytes
) -> None:
    intacct.entity("ARINVOICE")
    monkeypatch.setattr(intacct.http, "request", Canned(intacct, raw))
    with pytest.raises(InDoubt, match="cannot be read"):
        intacct.write("ARINVOICE", [create("1", INVOICE)])
    with pytest.raises(Unavailable, match="cannot be read"):
        intacct.read(Query(entity="ARINVOICE"), None, 10)


def test_an_answer_with_too_few_results_is_in_doubt(
    intacct: IntacctConnector, monkeypatch: pytest.MonkeyPatch
) -> None:
    intacct.entity("ARINVOICE")
    short = (
        b"<response><control><status>success</status></control><operation><authentication><status>success</status>"
        b"</authentication><result><status>success</status><function>create_invoice</function><controlid>x"
        b"</controlid><key>1</key></result></operation></response>"
    )
    monkeypatch.setattr(intacct.http, "request", Canned(intacct, short))
    with pytest.raises(InDoubt, match="fewer results"):
        intacct.write("ARINVOICE", [create("1", INVOICE), create("2", INVOICE)])


def test_the_endpoint_of_a_session_must_be_intacct_s(connect: Connect, served: Served) -> None:
    gateway = connect()._gateway
    ours = f"{served.url}/ia/xml/xmlgw.phtml"
    assert gateway._trusted("https://na12.intacct.com/ia/xml/xmlgw.phtml").startswith("https://na12.")
    for evil in (
        "https://intacct.com.evil.example/x",
        "http://api.intacct.com/x",
        "https://evil.example/",
        "",
    ):
        assert gateway._trusted(evil) == ours


@pytest.mark.parametrize(
    ("text", "repeat", "closed"),
    [
        ("The function with controlid 'x' was previously executed and completed.", True, False),
        ("This request has already been processed.", True, False),
        ("Another Customer with the given value(s) C1 already exists", False, False),
        ("The period is closed for this date.", False, True),
        ("Cannot post into a closed period", False, True),
        ("The subledger for Accounts Receivable has been closed", False, True),
        ("Invalid GL Account '4000' specified.", False, False),
    ],
)
def test_refusals_are_told_apart_by_their_words(text: str, repeat: bool, closed: bool) -> None:
    faults = [Fault("BL01001973", text, "")]
    assert refusals.is_repeat(faults) is repeat
    result = refusals.result("ARINVOICE", create("x", {**INVOICE, "ARINVOICEITEMS": [LINE]}), faults)
    assert (result.outcome == "held") is closed


def test_a_search_that_answers_the_same_page_again_and_again_ends(
    intacct: IntacctConnector, monkeypatch: pytest.MonkeyPatch
) -> None:
    (made,) = intacct.write("CUSTOMER", [create("1", {"NAME": "Acme"})])
    inner, pages = intacct.http.request, list[bytes]()

    def stuck(*args: Any, **rest: Any) -> Any:
        response = inner(*args, **rest)
        if b"<query" in rest["data"]:
            pages.append(response.content.replace(b'numremaining="0"', b'numremaining="5"'))
            response._content = pages[0]
        return response

    monkeypatch.setattr(intacct.http, "request", stuck)
    with pytest.raises(Unavailable, match="same page again and again"):
        intacct.find("CUSTOMER", [{"CUSTOMERID": made.remote_id}])
    assert len(pages) == 2
