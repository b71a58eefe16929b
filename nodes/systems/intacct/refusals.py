"""What Intacct's refusals mean: from error numbers and texts to Heddle's errors and results.

Error numbers come from developer.intacct.com (error handling, requests), the official SDKs' own fixtures
(XL03000006, XMLGW_JPP0002, PL04000055) and public client code (BL01001973, BL34000061). Intacct documents
neither the number nor the text of the refusal of a repeated function (uniqueid) nor of a closed period, so
both are known by their wording, in several forms.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from engine.errors import AccessError, EngineError, HeddleError, RecordRejected, Unavailable
from engine.record import Change, Outcome, Result
from nodes.systems.intacct.answers import Fault

ERRORS: dict[int | str, type[HeddleError]] = {
    401: AccessError,
    403: AccessError,
    404: AccessError,
    429: Unavailable,
    "XL03000006": AccessError,
    "XMLGW_JPP0002": AccessError,
    "PL04000055": AccessError,
    "GW-0010": Unavailable,
    "GW-0011": EngineError,
    "XL03000003": EngineError,
}
NOT_VALID = "XL03000003"
ROLLED_BACK = "XL03000009"
RATE_LIMIT = "GW-0010"

_CURES = {
    "XL03000006": "Check sender ID and password, and that the sender is authorised in the company "
    "(Company, Setup, Company Info, Security, Web Services authorizations).",
    "XMLGW_JPP0002": "Check company, user and password; the user must be a Web Services user.",
    "PL04000055": "Ask Sage to renew the company.",
    "GW-0010": "Nothing to do: it is tried again. If it happens often, lower the number of parallel calls.",
}
_REPEATED = re.compile(
    r"(previously|already) (been )?(executed|completed|processed|submitted)"
    r"|duplicate (function|control ?id|request)|control ?id\b.*\b(not unique|already|duplicate)",
    re.IGNORECASE,
)
_CLOSED = re.compile(
    r"\b(period|books?|subledger|month)\b[^.]*\b(is|are|was|has been|already)? ?closed\b"
    r"|\bclosed\b[^.]*\b(period|books?|subledger)\b|\bbefore the (open|opening) (date|period)",
    re.IGNORECASE,
)
_UNQUERYABLE = re.compile(r"not (supported|available|allowed|enabled)\b.*\bquery\b|\bquery\b.*\bnot (supported|"
                          r"available|allowed|enabled)|use readByQuery", re.IGNORECASE)  # fmt: skip
_UNKNOWN = re.compile(
    r"invalid|not found|does(n't| not) exist|unknown|not (a )?valid|no such|inactive", re.IGNORECASE
)
_NAMED = {
    "customer": "CUSTOMERID",
    "vendor": "VENDORID",
    "term": "TERMNAME",
    "account label": "ACCOUNTLABEL",
    "gl account": "ACCOUNTNO",
    "account": "ACCOUNTNO",
    "location": "LOCATIONID",
    "department": "DEPARTMENTID",
    "project": "PROJECTID",
    "item": "ITEMID",
    "class": "CLASSID",
    "invoice": "RECORDID",
    "currency": "CURRENCY",
}


def sentence(faults: Iterable[Fault]) -> str:
    """What Intacct said, all of it, once each, the cause first."""
    texts = list(dict.fromkeys(fault.text for fault in faults if fault.text))
    return " ".join(text if text.endswith((".", "!", "?")) else f"{text}." for text in texts)


def advice(faults: Iterable[Fault]) -> str:
    corrections = list(dict.fromkeys(fault.correction for fault in faults if fault.correction))
    return " ".join(text if text.endswith(".") else f"{text}." for text in corrections)


def error(faults: Sequence[Fault], context: str, retry_after: float | None = None) -> HeddleError:
    """The error to raise when a whole request, or a read, was refused."""
    known = next((fault for fault in faults if fault.errorno in ERRORS), None)
    numbers = ", ".join(dict.fromkeys(fault.errorno for fault in faults if fault.errorno))
    text = sentence(faults) or "no reason was given."
    message = f"{context}: {text}"
    cure = advice(faults) or (_CURES.get(known.errorno, "") if known else "")
    kind = ERRORS[known.errorno] if known else RecordRejected
    if kind is Unavailable:
        return Unavailable(message, retry_after=retry_after, code="E-RATE", detail=numbers, cure=cure)
    code = {AccessError: "E-ACCESS", EngineError: "E-XML-REFUSED"}.get(kind, "E-INTACCT")
    return kind(message, code=code, detail=numbers, cure=cure)


def is_repeat(faults: Iterable[Fault]) -> bool:
    """Whether Intacct refused a function because it has carried it out before."""
    return any(_REPEATED.search(fault.text) for fault in faults)


def is_unqueryable(faults: Iterable[Fault]) -> bool:
    """Whether the object knows no ``query`` and must be read with readByQuery."""
    return any(_UNQUERYABLE.search(fault.text) for fault in faults)


def mentions(faults: Iterable[Fault], name: str) -> bool:
    return any(re.search(rf"\b{re.escape(name)}\b", fault.text) for fault in faults)


def result(entity: str, change: Change, faults: Sequence[Fault]) -> Result:
    """The Result of one refused write: held for a closed period, failed with the text for the rest."""
    text, cure = sentence(faults), advice(faults)
    numbers = ", ".join(dict.fromkeys(fault.errorno for fault in faults if fault.errorno))
    if any(_CLOSED.search(fault.text) for fault in faults):
        day = _posting_day(change.data)
        field = "WHENPOSTED" if change.data.get("WHENPOSTED") else "WHENCREATED"
        return Result(
            Outcome.HELD,
            code="E-CLOSED-PERIOD",
            message=f"Held: Intacct has closed the period of {day or 'this document'}. Reopen it in Intacct, or "
            "give the document a posting date in an open period.",
            detail=f"{numbers}: {text}",
            field=field,
            question={
                "kind": "closed-period",
                "entity": entity,
                "date": f"{day[:7]}-01" if day else "",
                "field": field,
            },
        )
    return Result(
        Outcome.FAILED,
        code="E-INTACCT",
        message=" ".join(part for part in (text or "Intacct refused it without a reason.", cure) if part),
        detail=f"Intacct's number for it: {numbers}." if numbers else "",
        field=_culprit(faults),
    )


def _posting_day(data: Mapping[str, Any]) -> str:
    dates = ("WHENPOSTED", "WHENCREATED", "RECEIPTDATE", "PAYMENTDATE", "BATCH_DATE")
    return next((str(data[name])[:10] for name in dates if data.get(name)), "")


def _culprit(faults: Iterable[Fault]) -> str | None:
    for fault in faults:
        lowered = fault.text.lower()
        if not _UNKNOWN.search(lowered):
            continue
        named = [(lowered.find(word), field) for word, field in _NAMED.items() if word in lowered]
        if named:
            return min(named)[1]
    return None
