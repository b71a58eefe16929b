"""The error tree, grouped by what to do about it.

HeddleError
├── DefinitionError      fix the drawing: carries the list of problems
├── AccessError          the system refused us: pause and ask the connection's owner
├── Unavailable          the system is down or busy: wait ``retry_after`` seconds, then try again
├── RecordRejected       this record cannot be written as it is; the rest of the batch goes on
├── Held                 a question must be answered first; the record waits
│   └── Waiting          a person must let the record through; it waits behind the node that asked
├── InDoubt              a call may or may not have been carried out: look before writing again
├── OverBudget           the run would write more than its budget: pause it and ask
│   └── TooManyGone      so many objects are gone at once that somebody must look: pause it and ask
├── RequestError         the caller of our API sent something we cannot accept
└── EngineError          our own fault

LeaseLost is a signal, not an error: it derives from BaseException so that no handler swallows it.

Every error has a stable ``code`` (documented in docs/errors.md), a ``message`` for the person who uses
Heddle, and a ``detail`` for the log. Messages say what happened, to which record, and what to do.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from engine.clock import passing


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a drawing, and how to cure it.

    ``node``, ``port`` and ``field`` locate it; ``field`` is a dotted path into the node's settings.
    """

    code: str
    message: str
    cure: str = ""
    node: str | None = None
    port: str | None = None
    field: str | None = None
    severity: Literal["error", "warning"] = "error"

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class HeddleError(Exception):
    """Root of everything that Heddle raises on purpose."""

    code = "E-ENGINE"

    def __init__(self, message: str, *, code: str | None = None, detail: str = "", cure: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail
        self.cure = cure
        if code is not None:
            self.code = code

    def as_json(self) -> dict[str, Any]:
        return {"code": self.code, "message": self.message, "detail": self.detail, "cure": self.cure}


class DefinitionError(HeddleError):
    """The drawing cannot run as it is."""

    code = "E-FLOW"

    def __init__(self, problems: list[Problem], message: str = "") -> None:
        first = problems[0] if problems else Problem("E-FLOW", "The flow has problems.")
        super().__init__(message or first.message, cure=first.cure)
        self.problems = problems


class AccessError(HeddleError):
    """A system refused our credentials or rights."""

    code = "E-ACCESS"


class Unavailable(HeddleError):
    """A system cannot answer now. ``retry_after`` is in seconds, None if the system did not say."""

    code = "E-UNAVAILABLE"

    def __init__(
        self,
        message: str,
        *,
        retry_after: float | None = None,
        code: str | None = None,
        detail: str = "",
        cure: str = "",
    ) -> None:
        super().__init__(message, code=code, detail=detail, cure=cure)
        self.retry_after = retry_after


class RecordRejected(HeddleError):
    """One record was refused, by a check of ours or by the system. ``field`` names the culprit if known."""

    code = "E-RECORD"

    def __init__(
        self,
        message: str,
        *,
        field: str | None = None,
        code: str | None = None,
        detail: str = "",
        cure: str = "",
    ) -> None:
        super().__init__(message, code=code, detail=detail, cure=cure)
        self.field = field


class Held(HeddleError):
    """A document that cannot be booked correctly yet.

    ``question`` identifies what must be answered, alike for all documents that wait for the same answer:
    ``{"kind": "lookup", "table": id, "key": …}``, ``{"kind": "ambiguous", …}``, ``{"kind": "rule", …}``.
    """

    code = "E-HELD"

    def __init__(
        self,
        message: str,
        *,
        question: dict[str, Any] | None = None,
        field: str | None = None,
        code: str | None = None,
        detail: str = "",
        cure: str = "",
    ) -> None:
        super().__init__(message, code=code, detail=detail, cure=cure)
        self.question = question or {"kind": "rule"}
        self.field = field


class Waiting(Held):
    """A record that a person must let through.

    ``request`` is what is asked of whom, exact JSON in the form of ``engine.approvals.Terms``. The record goes
    on behind the node, at the port that the decision names.
    """

    code = "E-WAITING"

    def __init__(self, message: str, *, request: dict[str, Any], cure: str = "") -> None:
        super().__init__(message, question={"kind": "approval"}, cure=cure)
        self.request = request


class InDoubt(HeddleError):
    """A mutating call got no answer. ``sent_at`` is when it was sent, by ``clock.passing``."""

    code = "E-IN-DOUBT"

    def __init__(
        self, message: str, *, sent_at: float, timeout: float, code: str | None = None, detail: str = ""
    ) -> None:
        super().__init__(message, code=code, detail=detail)
        self.sent_at = sent_at
        self.timeout = timeout

    def left(self) -> float:
        """For how many seconds it may still be carried out."""
        return max(self.sent_at + self.timeout - passing(), 0.0)


class OverBudget(HeddleError):
    """The run would write more than its flow allows in one run; nothing beyond it has been sent."""

    code = "E-BUDGET"


class TooManyGone(OverBudget):
    """A sweep misses so many objects that rights may have been revoked; nothing has been taken for deleted."""

    code = "E-SWEEP"


class RequestError(HeddleError):
    """A request to our own API that cannot be served.

    status  the HTTP status to answer with     challenge  how to sign in, as ``WWW-Authenticate`` says it
    """

    code = "E-REQUEST"

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        code: str | None = None,
        detail: str = "",
        cure: str = "",
        problems: list[Problem] | None = None,
        challenge: str = "",
    ) -> None:
        super().__init__(message, code=code, detail=detail, cure=cure)
        self.status = status
        self.challenge = challenge
        self.problems = problems or []


class EngineError(HeddleError):
    """A fault of ours: a promise inside Heddle was broken."""


class LeaseLost(BaseException):
    """Raised when a guarded commit matched no row because a newer fence exists."""
