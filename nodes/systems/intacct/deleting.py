"""Deleting in Intacct: ``<delete><object>CUSTOMER</object><keys>12</keys></delete>``, keys being record numbers.

One function a record, so that each has an answer of its own; what is gone already is done. Source:
developer.intacct.com, web services, "delete" of the generic functions.
"""

from __future__ import annotations

from collections.abc import Sequence

from lxml import etree

from engine.connector import Partly
from engine.errors import AccessError, InDoubt, Unavailable
from engine.record import Change, Outcome, Result
from nodes.systems.intacct import refusals
from nodes.systems.intacct.envelope import Element, Function, child
from nodes.systems.intacct.gateway import Gateway
from nodes.systems.intacct.reading import ORDER, Reader
from nodes.systems.intacct.writing import BULK


def delete(gateway: Gateway, reader: Reader, entity: str, changes: Sequence[Change]) -> list[Result]:
    """One Result a Change, in order. Raises Unavailable, AccessError, InDoubt or Partly."""
    shape = reader.shape(entity)
    ids = [str(change.remote_id) for change in changes]
    rows = reader.rows(entity, list(dict.fromkeys([ORDER, shape.key])), shape.key, ids)
    numbers = {(row.findtext(shape.key) or "").casefold(): row.findtext(ORDER) or "" for row in rows}
    results: list[Result | None] = [Result(Outcome.UPDATED, one) for one in ids]
    places = [place for place, one in enumerate(ids) if one.casefold() in numbers]
    for start in range(0, len(places), BULK):
        some = places[start : start + BULK]
        calls = [
            Function(changes[place].key, _body(entity, numbers[ids[place].casefold()])) for place in some
        ]
        try:
            answers = gateway.call(calls, mutating=True, unique=False)
        except (AccessError, InDoubt, Unavailable) as error:
            if not start:
                raise
            for place in places[start:]:
                results[place] = None
            raise Partly(results, error) from error
        for place, answer in zip(some, answers, strict=True):
            if not answer.ok:
                refused = refusals.result(entity, changes[place], answer.faults)
                results[place] = Result(
                    refused.outcome, ids[place], code=refused.code, message=refused.message,
                    detail=refused.detail, question=refused.question,
                )  # fmt: skip
    return [result for result in results if result is not None]


def _body(entity: str, number: str) -> Element:
    root = etree.Element("delete")
    child(root, "object", entity)
    child(root, "keys", number)
    return root
