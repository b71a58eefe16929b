"""Writing: the mapped record as it is, one or many in a call, and the truth about what became of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import closing
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from requests import Response

from engine.clock import passing
from engine.connector import CannotTell, Partly
from engine.errors import AccessError, HeddleError, InDoubt, RecordRejected, Unavailable
from engine.http import Begun
from engine.record import Change, Outcome, Remote, Result, idempotency_key
from engine.shape import plural
from engine.volley import volley
from nodes.systems.http.answers import Judge, complaint, is_page, succeeded
from nodes.systems.http.bulk import refused, sort
from nodes.systems.http.finding import Finder
from nodes.systems.http.line import Line, body_of, refuse
from nodes.systems.http.settings import Call, EntityForm, WriteForm, at, getter
from nodes.systems.http.shapes import plain_name

_DID = {"create": Outcome.CREATED, "update": Outcome.UPDATED}


class Writer:
    """Carries out changes of one kind of object."""

    def __init__(self, line: Line, judge: Judge, form: EntityForm) -> None:
        if form.write is None:
            raise RecordRejected(
                f"{form.title or form.name} cannot be written.",
                code="E-NO-WRITE",
                cure="Fill in «Writing» of this object in the connection.",
            )
        self.line, self.judge, self.form = line, judge, form
        self.write_form: WriteForm = form.write
        self.what = form.title or form.name
        self._error, self._number, self._link, self._id_at, self._key = (
            getter(path)
            for path in (form.write.error, form.write.number, form.write.link, form.write.id, form.key)
        )

    def write(self, changes: Sequence[Change]) -> list[Result]:
        """One result a change, in order. Raises the failure itself when it was about all of them, else Partly."""
        results: dict[int, Result] = {}
        failures: list[HeddleError] = []
        unsent: list[int] = []
        attempted: set[int] = set()
        for operation in dict.fromkeys(change.operation for change in changes):
            call = self.write_form.create if operation == "create" else self.write_form.update
            places = [place for place, change in enumerate(changes) if change.operation == operation]
            if call is None:
                refused = Result(
                    Outcome.FAILED,
                    code="E-NO-WRITE",
                    message=f"{self.what} cannot be {operation}d: the connection does not say how.",
                )
                results.update(dict.fromkeys(places, refused))
                continue
            if self.write_form.body == "single" and operation == "update":
                lost = [place for place in places if not changes[place].remote_id]
                refused = _failed("E-NO-ID", f"It is not known which {self.what} to update.")
                results.update(dict.fromkeys(lost, refused))
                places = [place for place in places if place not in results]
            size = self.write_form.size if self.write_form.body == "array" else 1
            attempted.update(places)
            groups = [places[start : start + size] for start in range(0, len(places), size)]
            parts = [[changes[place] for place in group] for group in groups]
            for group, answer in zip(groups, self._send_all(call, operation, parts), strict=True):
                if isinstance(answer, list):
                    results.update(zip(group, answer, strict=True))
                elif isinstance(answer, Partly):
                    told = zip(group, answer.results, strict=True)
                    results.update((place, one) for place, one in told if one is not None)
                    failures.append(answer.error)
                elif isinstance(answer, HeddleError):
                    failures.append(answer)
                if answer is None or isinstance(answer, Unavailable | AccessError):
                    unsent += group
            if failures:
                break
        if not failures:
            return [results[place] for place in range(len(changes))]
        found = [results.get(place) for place in range(len(changes))]
        if len(unsent) == len(changes) or not (results or unsent):
            raise max(failures, key=_patience)
        unsent += sorted(set(range(len(changes))) - attempted)
        raise Partly(found, max(failures, key=_patience), unsent)

    def resolve(self, changes: Sequence[Change]) -> list[Remote | None]:
        """For each create what it made. Where the service recognises a repeated call by its key, None: sending it
        again is the surest way to ask. Raises CannotTell when there is no means."""
        if self.write_form.keyed:
            return [None] * len(changes)
        if not all(self.tells(set(change.match)) for change in changes):
            raise CannotTell(
                f"{self.line.name} offers no way to find out whether the {self.what} was written.",
                cure="Look in the system. An idempotency header or «Finding» in the connection avoids this.",
            )
        found = Finder(self.line, self.judge, self.form).find([change.match for change in changes])
        return [remotes[0] if remotes else None for remotes in found]

    def tells(self, match: set[str]) -> bool:
        """Whether it can be found out what became of a create with these match fields."""
        if self.write_form.keyed:
            return True
        return bool(match) and Finder(self.line, self.judge, self.form).can(match)

    def _send_all(
        self, call: Call, operation: str, parts: list[list[Change]]
    ) -> list[list[Result] | HeddleError | None]:
        """Each part in a call of its own, several at once where that is asked for. Answers the results of each, why it
        has none, or None where it was not sent: after a failure no other call begins."""
        workers = min(self.write_form.at_once if self.write_form.body == "single" else 1, len(parts))
        if workers < 2:
            return self._send_in_turn(call, operation, parts)
        return Together(self, call, operation, parts, workers).answers()

    def send_by_threads(
        self, call: Call, operation: str, parts: list[list[Change]], workers: int
    ) -> list[list[Result] | HeddleError | None]:
        with ThreadPoolExecutor(workers, "http-write") as pool:
            pending = [pool.submit(self._send, call, operation, part) for part in parts]
            wait(pending, return_when=FIRST_EXCEPTION)
            for one in pending:
                one.cancel()
        return [None if one.cancelled() else _outcome(one) for one in pending]

    def _send_in_turn(
        self, call: Call, operation: str, parts: list[list[Change]]
    ) -> list[list[Result] | HeddleError | None]:
        answers: list[list[Result] | HeddleError | None] = []
        for part in parts:
            try:
                answers.append(self._send(call, operation, part))
            except HeddleError as error:
                answers.append(error)
                break
        return answers + [None] * (len(parts) - len(answers))

    def _send(self, call: Call, operation: str, changes: list[Change]) -> list[Result]:
        """One call. Raises InDoubt, Unavailable or AccessError when all of it failed, and Partly."""
        path, body, headers = self._parts(call, operation, changes)
        sent_at = passing()
        with self.line.http.about([change.key for change in changes]):
            response = self.line.call(call.method, path, mutating=True, body=body, headers=headers)
        return self._judge(response, operation, changes, sent_at)

    def begin(self, call: Call, operation: str, changes: list[Change]) -> Begun | None:
        """The call, sent but not answered yet; None when it cannot be under way with others in one thread."""
        path, body, headers = self._parts(call, operation, changes)
        about = [change.key for change in changes]
        return self.line.begin(call.method, path, body=body, headers=headers, about=about)

    def fetch(self, begun: Begun, call: Call, operation: str, changes: list[Change]) -> list[Result]:
        """What came of it. Raises InDoubt, Unavailable or AccessError when all of it failed."""
        response = self.line.fetch(begun)
        if response is None:
            return self._send(call, operation, changes)
        return self._judge(response, operation, changes, begun.sent_at)

    def _parts(self, call: Call, operation: str, changes: list[Change]) -> tuple[str, Any, dict[str, str]]:
        """Path, body and own headers of one call."""
        single = self.write_form.body == "single"
        path = call.path
        if single and operation == "update":
            path = path.replace("{id}", quote(changes[0].remote_id or "", safe=""))
        body: Any = changes[0].body() if single else self._list(changes, operation)
        if self.write_form.wrap:
            body = {self.write_form.wrap: body}
        headers = {}
        if self.write_form.idempotency_header:
            key = changes[0].key if single else idempotency_key(*(change.key for change in changes))
            headers[self.write_form.idempotency_header] = key
        return path, body, headers

    def _list(self, changes: list[Change], operation: str) -> list[Any]:
        """The records of one call; in a list of updates each says which it is."""
        if operation != "update":
            return [change.body() for change in changes]
        name = plain_name(self.form.key)
        return [
            {name: change.remote_id, **change.data}
            if change.remote_id and name not in change.data
            else change.body()
            for change in changes
        ]

    def _judge(
        self, response: Response, operation: str, changes: list[Change], sent_at: float
    ) -> list[Result]:
        body = body_of(response)
        if self.judge.leaves_open(response, body):
            reason = self.judge.reason(body)
            because = f": {reason}" if reason else ""
            raise self._doubt(
                f"{self.line.name} failed ({response.status_code}) while it was writing{because}.", sent_at
            )
        error = self.judge.error(response, body, f"the {self.what}")
        if error is None and body is None and self._unreadable(response):
            raise self._doubt(
                f"{self.line.name} answered something else than JSON when the {self.what} was sent. "
                "A login page may be in the way.",
                sent_at,
            )
        each = self._success_of_each(body) or bool(refused(self.write_form, body))
        if error is None and not each and not succeeded(self.write_form.success, body):
            error = refuse(
                RecordRejected, self.line.name, f"the {self.what}", response, self.judge.reason(body)
            )
        if error is None:
            return self._results(body, operation, changes, sent_at, response.headers.get("Location", ""))
        if not isinstance(error, RecordRejected):
            raise error
        return [self.judge.refusal(response, body, error, self.form.name, change) for change in changes]

    def _unreadable(self, response: Response) -> bool:
        """Whether an answer without JSON leaves open what became of the call. A plain «OK» does not, unless the form
        looks for something in it."""
        form = self.write_form
        paths = (form.id, form.number, form.link, form.error, form.results, form.refused)
        looked_for = any(paths) or form.success
        return bool(response.content.strip()) and (bool(looked_for) or is_page(response))

    def _success_of_each(self, body: Any) -> bool:
        """Whether «Success» stands in the answer about each record, not in the answer as a whole."""
        form = self.write_form
        if form.success is None or form.body == "single" or not form.results:
            return False
        return at(form.success.path, body) is None

    def _results(
        self, body: Any, operation: str, changes: list[Change], sent_at: float, location: str
    ) -> list[Result]:
        if self.write_form.body != "array":
            return [self._result(body, operation, change, location) for change in changes]
        own, did = self._success_of_each(body), _DID[operation]
        if not self.write_form.results and not refused(self.write_form, body):
            if (wrong := self._complaint(body, own=False)) is not None:
                return [self._refusal(wrong, change) for change in changes]
            return [Result(did, self._id(None, change)) for change in changes]
        told, results = sort(self.write_form, body, changes, plain_name(self.form.key)), dict[int, Result]()
        for place, change in enumerate(changes):
            if place in told.refusals:
                results[place] = self._refusal(told.refusals[place], change)
            elif place in told.answers:
                results[place] = self._result(told.answers[place], operation, change, own=own)
            elif told.written:
                results[place] = Result(did, self._id(None, change))
        if len(results) == len(changes):
            return list(results.values())
        doubt = self._doubt(
            f"{self.line.name} did not answer for each of the {len(changes)} records.", sent_at
        )
        raise Partly([results.get(place) for place in range(len(changes))], doubt) if results else doubt

    def _result(
        self, answer: Any, operation: str, change: Change, location: str = "", *, own: bool = False
    ) -> Result:
        if (wrong := self._complaint(answer, own=own)) is not None:
            return self._refusal(wrong, change)
        number, link = self._number(answer), self._link(answer)
        return Result(
            _DID[operation],
            self._id(answer, change, location),
            None if number is None else str(number),
            None if link is None else str(link),
            answer if isinstance(answer, dict) else {},
        )

    def _refusal(self, wrong: Any, change: Change) -> Result:
        entries = wrong if isinstance(wrong, list) else [wrong]
        reasons = dict.fromkeys(self._reason(one) for one in entries)
        reason = "; ".join(one for one in reasons if one)
        because = f": {reason}" if reason else ""
        return _failed(
            "E-RECORD", f"{self.line.name} refused this {plural(self.what, 1)}{because}.", change.remote_id
        )

    def _reason(self, wrong: Any) -> str:
        found = self._error(wrong) if isinstance(wrong, dict) else wrong
        return (found if isinstance(found, str) else self.judge.reason(wrong)).rstrip(". ")

    def _complaint(self, answer: Any, *, own: bool) -> Any:
        """What the answer about one record complains of: by the form, and where it says nothing, as most services do.
        ``own``: «Success» stands in it."""
        found = self._error(answer)
        if found not in (None, "", False, [], {}):
            return found
        if self.write_form.success is None:
            return complaint(answer, made=_names(self._id_at(answer)))
        return None if not own or succeeded(self.write_form.success, answer) else answer or {}

    def _id(self, answer: Any, change: Change, location: str = "") -> str:
        """What the system calls the record, as far as it says; else what we call it, so that it is remembered."""
        found = None if answer is None else self._id_at(answer)
        if location and change.operation == "create" and not _names(found):
            found = unquote(urlsplit(location).path.rstrip("/").rpartition("/")[2])
        if found is None or not _names(found):
            found = change.remote_id or self._key(change.data)
            if not _names(found):
                return f"~{change.key}"
        return str(found)

    def _doubt(self, message: str, sent_at: float) -> InDoubt:
        return InDoubt(message, sent_at=sent_at, timeout=self.line.http.timeout)


class Together:
    """Calls for parts of a batch, several of them under way at once. After a failure no other begins."""

    def __init__(
        self, writer: Writer, call: Call, operation: str, parts: list[list[Change]], at_once: int
    ) -> None:
        self._writer, self._call, self._operation, self._parts = writer, call, operation, parts
        self._at_once = at_once
        self._answers: list[list[Result] | HeddleError | None] = [None] * len(parts)
        self._places: dict[Begun, int] = {}
        self._sent = 0
        self._failed = False

    def answers(self) -> list[list[Result] | HeddleError | None]:
        """As ``Writer._send_all``."""
        with closing(volley(self._begin(), self._at_once)) as begun:
            for one in begun:
                self._fetch(one)
        if self._sent < len(self._parts) and not self._failed:
            left = self._parts[self._sent :]
            self._answers[self._sent :] = self._writer.send_by_threads(
                self._call, self._operation, left, self._at_once
            )
        return self._answers

    def _begin(self) -> Iterator[Begun]:
        while self._sent < len(self._parts) and not self._failed:
            place = self._sent
            try:
                begun = self._writer.begin(self._call, self._operation, self._parts[place])
            except HeddleError as error:
                self._fail(place, error)
                return
            if begun is None:
                return
            self._sent += 1
            self._places[begun] = place
            yield begun

    def _fetch(self, begun: Begun) -> None:
        place = self._places.pop(begun)
        try:
            self._answers[place] = self._writer.fetch(begun, self._call, self._operation, self._parts[place])
        except HeddleError as error:
            self._fail(place, error)

    def _fail(self, place: int, error: HeddleError) -> None:
        self._answers[place], self._failed = error, True


def _names(found: Any) -> bool:
    """Whether a value can be an id."""
    return found not in (None, "") and not isinstance(found, list | dict)


def _outcome(one: Future[list[Result]]) -> list[Result] | HeddleError:
    try:
        return one.result()
    except HeddleError as error:
        return error


def _patience(error: HeddleError) -> tuple[int, float]:
    """Of several failures the one that asks for the longest wait stands for all: a doubt most of all."""
    if isinstance(error, InDoubt):
        return 2, error.left()
    return 1, error.retry_after or 0.0 if isinstance(error, Unavailable) else 0.0


def is_safe(form: EntityForm) -> bool:
    """Whether a call that was interrupted half-way can be sorted out: by the service's own key, or by looking."""
    return form.write is not None and (form.write.keyed or form.find is not None)


def _failed(code: str, message: str, remote_id: str | None = None) -> Result:
    return Result(Outcome.FAILED, remote_id, code=code, message=message)
