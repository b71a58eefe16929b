"""Started by a button or a system that calls the flow's address."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal

from pydantic import Field

from engine.errors import DefinitionError, Problem, RequestError
from engine.flow import Overlap
from engine.node import NodeContext, NodeSettings, TriggerNode
from engine.path import MISSING, Path, PathError, parse_path
from engine.record import Record, fingerprint


class WebhookSettings(NodeSettings):
    auth: Literal["key", "signature", "basic", "header"] = Field(
        default="key",
        title="How callers prove themselves",
        description="By the key in the address alone, or with the hook's secret besides: it signs the call, is the "
        "password of basic sign-in, or stands in a header.",
        json_schema_extra={
            "x-titles": {
                "key": "The key in the address is enough",
                "signature": "The call is signed (Standard Webhooks)",
                "basic": "User name and password",
                "header": "A secret header",
            }
        },
    )
    header: str = Field(
        default="X-Webhook-Secret",
        pattern=r"^[A-Za-z0-9-]{1,60}$",
        title="Header",
        description="The header that carries the secret, where a secret header is asked for.",
        json_schema_extra={"x-when": {"auth": "header"}},
    )
    record_path: str = Field(
        default="$",
        title="Records",
        description="Where the record, or the list of records, is within what the caller sends.",
        json_schema_extra={"x-widget": "path"},
    )
    key_path: str = Field(
        default="$.id",
        title="Key",
        description="What identifies a record within it, so that the same one is never written twice. Without "
        "a value there, equal contents are the same record.",
        json_schema_extra={"x-widget": "path"},
    )
    version_path: str = Field(
        default="",
        title="Version",
        description="A number or a moment in the record that grows with every change of it. Of two calls about one "
        "record the newer one counts, whichever comes first. Without it, the one that came last.",
        json_schema_extra={"x-widget": "path"},
    )
    settle_seconds: int = Field(
        default=0,
        ge=0,
        le=3600,
        title="Wait for more",
        description="Seconds to wait after a call: further calls for the same record within this time become "
        "one run, with what came last. 0 starts at once.",
        json_schema_extra={"x-advanced": True},
    )
    overlap: Literal["flow", "queue", "skip", "cancel-older"] = Field(
        default="flow",
        title="When the last run is not over",
        description="Run beside it, wait for it, leave this call out, or stop the older run.",
        json_schema_extra={
            "x-advanced": True,
            "x-titles": {
                "flow": "Run beside it, unless the flow says otherwise",
                "queue": "Wait for it",
                "skip": "Leave this one out",
                "cancel-older": "Stop the older one",
            },
        },
    )


class WebhookNode(TriggerNode[WebhookSettings]):
    """Starts the flow when its address is called: by a button in the CRM or by a system that reports a
    change. Each record that the call brings goes on."""

    Settings = WebhookSettings
    type = "webhook"
    title = "Button or webhook"
    group = "trigger"
    glyph = "webhook"

    def __init__(self, settings: WebhookSettings, context: NodeContext) -> None:
        super().__init__(settings, context)
        self.problems: list[Problem] = []
        self.settle = float(settings.settle_seconds)
        if settings.overlap != "flow":
            self.overlap = Overlap(kind=settings.overlap)
        self.records = self._path(settings.record_path, "record_path")
        self.key = self._path(settings.key_path, "key_path")
        self.stamp = self._path(settings.version_path, "version_path") if settings.version_path else None

    def _path(self, text: str, field: str) -> Path:
        try:
            return parse_path(text)
        except PathError as error:
            self.problems.append(Problem("E-PATH", str(error), "Write it like $.data.id.", field=field))
            return parse_path("$")

    def bring(self, brought: Any) -> list[Record]:
        """The records of one call. Raises RequestError when there is none at the place agreed on."""
        if self.problems:
            raise DefinitionError(self.problems)
        found = self.records.get(brought)
        if found is MISSING or found is None:
            raise RequestError(
                f"The call brought nothing at {self.settings.record_path}.",
                status=422,
                code="E-HOOK-EMPTY",
                cure="Correct the path in the trigger, or what the caller sends.",
            )
        return [self._record(one) for one in (found if isinstance(found, list) else [found])]

    def _record(self, data: Any) -> Record:
        key = self.key.get(data)
        if isinstance(key, bool) or not isinstance(key, (str, int)) or key == "":
            key = fingerprint(data)
        return Record(str(key), data, version=self._version(data))

    def _version(self, data: Any) -> str | None:
        found = None if self.stamp is None else self.stamp.get(data)
        plain = isinstance(found, str | int | Decimal) and not isinstance(found, bool)
        return (str(found).strip() or None) if plain else None

    def check(self) -> list[Problem]:
        return self.problems

    def summary(self) -> str:
        return "When a button or a system calls"
