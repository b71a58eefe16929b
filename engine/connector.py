"""The base of every connector: one class a system, all calls plural.

A connector translates between a system's own protocol and Heddle's canonical values (engine.record). It
reads shapes live, reads pages, finds objects by match keys, and writes changes. It never decides what to
write, never stores anything, and never sleeps: it raises the error that says what to do (engine.errors).

The door for writing is in this class: a dry run, a sample and a preview open the connector with
``read_only=True``, and then no mutating request leaves the process, whatever a connector's author wrote.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Generic, Literal, TypeVar

import msgspec
from pydantic import BaseModel, BeforeValidator, ConfigDict

from engine.errors import AccessError, EngineError, HeddleError, InDoubt, Unavailable
from engine.flow import spelled
from engine.http import Http
from engine.record import Change, Outcome, Page, Remote, Result
from engine.shape import Entity, Summary


class ConnectionSettings(BaseModel):
    """Base of a connector's settings. Secrets are ``SecretStr``: sealed at rest, never sent out again."""

    model_config = ConfigDict(frozen=True, extra="forbid")


S = TypeVar("S", bound=ConnectionSettings)


class Capability(BaseModel):
    """What a system can do, as data. Sizes are records a call.

    idempotency  how a repeated create is recognised by the system itself:
                 ``client-id`` we choose the object's id · ``key`` the call carries a unique key ·
                 ``reference`` a field of the object carries our key · ``none``
    changes      how changes are seen: ``modified-since``, ``feed`` or ``none``
    lag          seconds for which a search may not see what was written; until then, what is not found may be there
    tombstones   whether a read of what changed tells of deleted objects too
    requests_per_second, concurrent, requests_per_day
                 what the system is known to allow; a connection may be given other limits (engine.pace)
    """

    model_config = ConfigDict(frozen=True)

    page: int = 200
    write: int = 100
    find: int = 100
    idempotency: Literal["client-id", "key", "reference", "none"] = "none"
    changes: Literal["modified-since", "feed", "none"] = "none"
    lag: float = 0.0
    tombstones: bool = False
    requests_per_second: float | None = None
    concurrent: int | None = None
    requests_per_day: int | None = None


class TaskForm(BaseModel):
    """How a system takes a task for a person: the object, and its fields with places as engine.tasks lists them."""

    model_config = ConfigDict(frozen=True)

    entity: str
    fields: Mapping[str, str]
    done: Mapping[str, str] = {}


Operator = Annotated[
    Literal["eq", "ne", "lt", "le", "gt", "ge", "in", "contains", "starts", "empty", "not_empty"],
    BeforeValidator(spelled),
]
"""The comparisons that a system itself can make."""


class Filter(BaseModel):
    """One condition of a read, in canonical values. Conditions are joined by AND."""

    model_config = ConfigDict(frozen=True)

    field: str
    op: Operator = "eq"
    value: Any = None


class Query(BaseModel):
    """What to read.

    fields   names to fetch; empty means all of the entity's own. ``Account.Name`` follows a reference.
    lines    child collections to bring along, by the name of the ``lines`` field
    keys     only these ids (a button or webhook named them)
    since    inclusive lower bound of the entity's ``modified`` stamp; until: inclusive upper bound
    skim     the records are only put by: their data may stay the JSON it came as (msgspec.Raw)
    """

    model_config = ConfigDict(frozen=True)

    entity: str
    fields: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    filters: tuple[Filter, ...] = ()
    keys: tuple[str, ...] | None = None
    since: str | None = None
    until: str | None = None
    skim: bool = False


class Health(BaseModel):
    """The answer of ``check``: reachable, and as whom."""

    ok: bool
    message: str
    identity: str = ""
    version: str = ""
    details: dict[str, str] = {}


class CannotTell(HeddleError):
    """Raised by ``resolve`` when the system offers no way to learn whether a write happened."""

    code = "E-CANNOT-TELL"


class Partly(HeddleError):
    """Raised by ``_write`` when some changes were answered before the rest failed.

    results  one for each change, None where there was no answer     error  why the others have none
    unsent   the places of those without an answer that were certainly not carried out
    """

    code = "E-PARTLY"

    def __init__(
        self, results: Sequence[Result | None], error: HeddleError, unsent: Sequence[int] = ()
    ) -> None:
        super().__init__(error.message, detail=error.detail, cure=error.cure)
        self.results, self.error, self.unsent = list(results), error, list(unsent)


class Connector(ABC, Generic[S]):
    """One system. Subclasses set the class variables and implement the abstract methods.

    The docstring of the class is its help text. All methods raise engine.errors only: AccessError,
    Unavailable, InDoubt, RecordRejected (read side) or EngineError.
    """

    system: ClassVar[str]
    title: ClassVar[str]
    Settings: ClassVar[type[ConnectionSettings]]
    capability: ClassVar[Capability] = Capability()
    one_of_many: ClassVar[bool] = False
    """Whether its title says nothing of the system: messages call it as its connection is called, else by its host."""
    task: ClassVar[TaskForm | None] = None
    """What a flow proposes when it is to open tasks in this system; None where it has none."""
    errors: ClassVar[Mapping[int | str, type[HeddleError]]] = {}
    """HTTP status or the system's own error code → the error to raise."""

    def __init__(self, settings: S, http: Http) -> None:
        self.settings = settings
        self.http = http

    @abstractmethod
    def check(self) -> Health:
        """Signs in and asks who we are. Raises AccessError or Unavailable with the cure in the message."""

    @abstractmethod
    def entities(self) -> list[Summary]:
        """The kinds of object that can be read or written, common ones first."""

    @abstractmethod
    def entity(self, name: str) -> Entity:
        """The live shape of one entity, custom fields included. Raises RecordRejected if there is none."""

    @abstractmethod
    def read(self, query: Query, cursor: Any, limit: int) -> Page:
        """One page, in a total order that later changes do not disturb. ``cursor`` None starts."""

    @abstractmethod
    def find(
        self, entity: str, matches: Sequence[Mapping[str, Any]], fields: Sequence[str] = ()
    ) -> list[list[Remote]]:
        """For each match (field → value, joined by AND) the objects that equal it exactly, in order.

        ``fields`` says which values to bring along (empty: the match fields and the key are enough).
        Bulk: as few calls as the system allows. Comparison of text ignores case and surrounding blanks
        where the system does; the caller re-checks.
        """

    def find_all(
        self,
        entity: str,
        matches: Sequence[Mapping[str, Any]],
        fields: Sequence[str] = (),
        told: Callable[[int], None] | None = None,
    ) -> list[list[Remote]]:
        """``find`` for any number of matches, so many at a time as the system takes; ``told`` so many before each."""
        found: list[list[Remote]] = []
        size = max(1, self.capability.find)
        for start in range(0, len(matches), size):
            some = matches[start : start + size]
            if told is not None:
                told(len(some))
            found += self.find(entity, some, fields)
        return found

    @abstractmethod
    def _write(self, entity: str, changes: Sequence[Change]) -> list[Result]:
        """One Result a Change, in order. Raises only when the call as a whole failed:

        Unavailable or AccessError when certainly nothing was written, InDoubt when it may have been; Partly when
        that holds for some of them only.
        """

    def write(self, entity: str, changes: Sequence[Change]) -> list[Result]:
        """The door: every write of every connector goes through here, and a dry run finds it shut."""
        if self.http.read_only:
            raise EngineError("A dry run tried to write.", code="E-DOOR")
        deletes = sum(change.operation == "delete" for change in changes)
        if 0 < deletes < len(changes):
            raise EngineError("Deletes go in calls of their own.")
        try:
            results = self._delete(entity, changes) if deletes else self._write(entity, changes)
            return [self._masked(one) if one.message or one.detail else one for one in results]
        except Partly as partly:
            masked = [None if one is None else self._masked(one) for one in partly.results]
            raise Partly(masked, partly.error, partly.unsent) from partly

    def _delete(self, entity: str, changes: Sequence[Change]) -> list[Result]:
        """One Result a Change, in order: ``updated`` for what is deleted, or was gone already. Raises as ``_write``.

        Safe to repeat. The default refuses: a system that can delete overrides it.
        """
        message = f"{self.title} does not delete {entity}; do it there."
        refused = Result(Outcome.FAILED, code="E-OPERATION", message=message)
        return [msgspec.structs.replace(refused, remote_id=change.remote_id) for change in changes]

    def _delete_singly(self, changes: Sequence[Change], delete: Callable[[Change], Result]) -> list[Result]:
        """Deletes one call after the other, for systems that know no other way. Raises Partly as ``_write``."""
        results: list[Result | None] = [None] * len(changes)
        for place, change in enumerate(changes):
            try:
                results[place] = delete(change)
            except (AccessError, Unavailable, InDoubt) as error:
                if not place:
                    raise
                raise Partly(results, error) from error
        return [result for result in results if result is not None]

    def _masked(self, result: Result) -> Result:
        """A system may quote what it was sent; no secret of ours may reach the history that way."""
        mask = self.http.mask
        return msgspec.structs.replace(result, message=mask(result.message), detail=mask(result.detail))

    def resolve(self, entity: str, changes: Sequence[Change]) -> list[Remote | None]:
        """After an unknown outcome: for each Change the object it made, or None if it certainly did not.

        The default looks by match keys. A connector with a better means (a client-chosen id, a reference
        field) overrides it. Raises CannotTell if there is no means at all.
        """
        if not all(change.match for change in changes):
            raise CannotTell(f"{self.title} offers no way to find out whether the {entity} was written.")
        fields = sorted({name for change in changes for name in change.data})
        found = self.find(entity, [change.match for change in changes], fields)
        return [remotes[0] if remotes else None for remotes in found]

    def tells(self, entity: str, match: Collection[str]) -> bool:
        """Whether ``resolve`` can tell what became of creates that are matched by these fields."""
        return bool(match) or self.capability.idempotency != "none"

    def finds(self, entity: str, names: Collection[str]) -> bool:
        """Whether ``find`` can look for objects by these fields at all."""
        return True

    def link(self, entity: str, remote_id: str) -> str | None:
        """Where a person opens the object in the system's own screens, None if it has none."""
        return None

    def options(self, entity: str, field: str) -> list[tuple[str, str]]:
        """Live choices of a field as (value, title); empty when the field is free."""
        return []
