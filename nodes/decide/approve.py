"""Lets a record through only when people have said so."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from pydantic import Field

from engine import electorate
from engine.errors import DefinitionError, Problem, Waiting
from engine.flow import Document, Port
from engine.forms import FormField
from engine.node import Node, NodeContext, NodeSettings, Outbox
from engine.path import PathError
from engine.readings import show
from engine.record import Record, fingerprint
from engine.scope import APPROVAL, Scope, Source

Role = Literal["operator", "editor", "admin"]
Write = Callable[[Scope], str]

_BRACES = re.compile(r"\{([^{}]*)\}")


class Deciders(Document):
    """Who is asked."""

    roles: list[Role] = Field(
        default=[], title="Roles", description="Everybody with this role, or one above it, may decide."
    )
    users: list[str] = Field(
        default=[], title="People", description="E-mail addresses of people who may decide."
    )

    def named(self, quorum: int = 1) -> str:
        return electorate.named(self.roles, self.users, quorum)


def _hours(title: str, description: str, *, advanced: bool = False) -> Any:
    """A setting in hours, at most a year of them; 0 switches it off."""
    extra: dict[str, Any] = {"x-advanced": True} if advanced else {}
    return Field(
        default=0, ge=0, le=8760, title=title, description=description, json_schema_extra=extra or None
    )


class ApproveSettings(NodeSettings):
    question: str = Field(
        default="Approve {$title}?",
        title="Question",
        description="What is asked. Fields of the record stand in braces: Invoice {Number} for {Account.Name}?",
    )
    amount: str = Field(
        default="",
        title="Amount",
        description="What it is about in money, shown beside the question: {Total} {Currency}.",
    )
    deciders: Deciders = Field(
        default=Deciders(roles=["editor"]), title="Who decides", description="Roles, people, or both."
    )
    quorum: int = Field(
        default=1,
        ge=1,
        le=20,
        title="How many must approve",
        description="One «no» is always enough to decline.",
    )
    forbid_self: bool = Field(
        default=True,
        title="Nobody approves their own",
        description="Whoever started the run, or changed the record last, may not decide.",
    )
    changed_by: str = Field(
        default="",
        title="Changed by",
        description="The field with the e-mail or name of who changed the record last: {ModifiedBy.Email}.",
        json_schema_extra={"x-advanced": True},
    )
    form: list[FormField] = Field(
        default=[],
        title="Form",
        description="What those who decide fill in or correct; the answers go into the record.",
    )
    remind_hours: float = _hours(
        "Remind every … hours", "Writes again to those who have not answered. 0: never."
    )
    expire_hours: float = _hours(
        "Deadline after … hours", "Then the record leaves by «Expired». 0: it waits as long as it takes."
    )
    escalate_hours: float = _hours("Ask others too after … hours", "0: never.", advanced=True)
    escalate_to: Deciders = Field(
        default=Deciders(),
        title="Whom to ask then",
        description="They may decide as well from then on.",
        json_schema_extra={"x-advanced": True},
    )
    on_change: Literal["ask_again", "withdraw", "keep"] = Field(
        default="ask_again",
        title="When the record changes meanwhile",
        description=(
            "Ask again: the question is put anew, with the new values. Withdraw: it is taken back. "
            "Keep: what was asked about goes out as it was."
        ),
        json_schema_extra={"x-advanced": True},
    )


class ApproveNode(Node[ApproveSettings]):
    """Stops a record until people let it through. Who is asked finds it in the inbox and by e-mail, can fill
    in a form, and approves or declines; the record then goes on by the way that was decided. What they said
    is under the id of this step for the steps behind it: decision, by, comment, at and the form's fields.
    Where a rule has required the approval, the people and the reason that it named count."""

    Settings = ApproveSettings
    type = "approve"
    title = "Approval"
    group = "decide"
    glyph = "approve"
    outputs = (
        Port(name="approved", title="Approved"),
        Port(name="declined", title="Declined", required=False),
        Port(name="expired", title="Expired", required=False),
    )

    def __init__(self, settings: ApproveSettings, context: NodeContext) -> None:
        super().__init__(settings, context)
        self.problems: list[Problem] = []
        self._question = self._template("question", settings.question)
        self._amount = self._template("amount", settings.amount)
        self._changed_by = self._template("changed_by", settings.changed_by)
        self._terms = {
            "who": settings.deciders.model_dump(),
            "escalate_to": settings.escalate_to.model_dump(),
            "form": [field.model_dump() for field in settings.form],
            **settings.model_dump(
                include={
                    "quorum",
                    "forbid_self",
                    "remind_hours",
                    "expire_hours",
                    "escalate_hours",
                    "on_change",
                }
            ),
        }

    def process(self, records: Sequence[Record], out: Outbox) -> None:
        if any(problem.severity == "error" for problem in self.check()):
            raise DefinitionError(self.check())
        for record in records:
            scope = Scope(record, run=out.run)
            question = self._question(scope) or f"Approve {scope.label()}?"
            wanted = record.steps.get(APPROVAL, {})
            if wanted.get("reasons"):
                question = f"{question} {' '.join(wanted['reasons'])}"
            request = {
                **self._terms,
                **self._who(wanted),
                "question": question,
                "amount": self._amount(scope),
                "changed_by": self._changed_by(scope),
                "fingerprint": fingerprint([record.key, record.deleted, record.data]),
            }
            whom = Deciders.model_validate(request["who"]).named(self.settings.quorum) or "nobody"
            asked = question if question.endswith("?") else f"{question.rstrip('.')}."
            message = f"Waits for approval by {whom}: {asked}"
            out.fail(record, Waiting(message, request=request, cure="Decide it in the inbox."))

    def _who(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """The people whom rules before have named for this record, in place of the step's own."""
        if not (wanted.get("roles") or wanted.get("users")):
            return {}
        return {"who": {"roles": wanted.get("roles", []), "users": wanted.get("users", [])}}

    def check(self) -> list[Problem]:
        settings, problems = self.settings, list(self.problems)
        if not settings.deciders.roles and not settings.deciders.users:
            problems.append(
                Problem("E-NOBODY", "Nobody may decide.", "Choose a role or name people.", field="deciders")
            )
        named = len({user.strip().lower() for user in settings.deciders.users})
        if not settings.deciders.roles and 0 < named < settings.quorum:
            problems.append(
                Problem(
                    "E-QUORUM",
                    f"{settings.quorum} must approve, but only {named} may.",
                    "Name more people, or ask for fewer.",
                    field="quorum",
                )
            )
        if settings.escalate_hours and not settings.escalate_to.roles and not settings.escalate_to.users:
            problems.append(
                Problem(
                    "E-NOBODY", "Nobody is named to be asked later.", "Choose a role or name people.",
                    field="escalate_to",
                )
            )  # fmt: skip
        names = [field.name for field in settings.form]
        for index, field in enumerate(settings.form):
            if field.name in names[:index]:
                problems.append(
                    Problem(
                        "E-FORM-TWICE", f"Two fields of the form are called {field.name}.",
                        "Give one of them another name.", field=f"form.{index}.name",
                    )
                )  # fmt: skip
            if field.type == "choice" and not field.choices:
                problems.append(
                    Problem(
                        "E-FORM-CHOICE", f"«{field.label()}» offers nothing to choose.", "Add choices.",
                        field=f"form.{index}.choices",
                    )
                )  # fmt: skip
        return problems

    def summary(self) -> str:
        asked = self.settings.deciders.named(self.settings.quorum)
        return f"Asks {asked}" if asked else ""

    def _template(self, field: str, text: str) -> Write:
        """A text whose braces are filled from the record; a field that is empty leaves a dash."""
        parts: list[str | Source] = []
        for index, part in enumerate(_BRACES.split(text)):
            if index % 2 == 0:
                parts.append(part)
                continue
            path = part.strip()
            try:
                parts.append(Source(path if path.startswith("$") else f"$.{path}"))
            except PathError as error:
                self.problems.append(
                    Problem("E-PATH", str(error), "Correct what stands in the braces.", field=field)
                )
        getters = [part if isinstance(part, str) else part.optional() for part in parts]

        def write(scope: Scope) -> str:
            return "".join(one if isinstance(one, str) else _shown(one(scope)) for one in getters).strip()

        return write


def _shown(value: object) -> str:
    if value is None or value == "":
        return "–"
    return value if isinstance(value, str) else show(value)
