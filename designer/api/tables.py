"""Decision tables: checked while they are drawn, and exchanged with Excel and DMN."""

from __future__ import annotations

from typing import Any, Literal

from flask import Response, jsonify, request
from flask_openapi3 import FileStorage
from pydantic import BaseModel, ConfigDict

from designer.api.body import Body
from designer.api.opening import new_room
from designer.auth import allow
from designer.errors import ProblemBody, reading
from designer.wire import parse_json
from engine.decisions import DecisionTable, Table
from engine.dmn import read_model
from engine.dmnfile import write_table
from engine.errors import DefinitionError, RequestError
from engine.flow import slugify
from engine.grid import check_table, write
from engine.sheet import MAX_BYTES, read_cells, read_sheet, write_sheet

room = new_room("tables")

FORMATS = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "dmn": "application/xml",
}


class Drawn(Body):
    """A decision table as it stands in the editor."""

    table: dict[str, Any]


class ExportQuery(Body):
    format: Literal["xlsx", "dmn"] = "xlsx"


class Upload(BaseModel):
    """A file; ``table`` is the JSON of the table it replaces, which lends what a sheet does not hold.
    ``decision`` names one of several tables of a DMN file."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    file: FileStorage
    table: Any = None
    decision: str = ""


class CellsUpload(BaseModel):
    """A CSV file or Excel workbook."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    file: FileStorage


class GapBody(BaseModel):
    """``example``: the value of each input, by its title; ``row``: the cells that would close the gap."""

    example: dict[str, str]
    row: list[str]


class OverlapBody(BaseModel):
    """Two rows by their ids; ``conflict`` when the hit policy forbids it."""

    rows: list[str]
    example: dict[str, str]
    conflict: bool


class CheckBody(BaseModel):
    """``never``: ids of rows that can never match; ``complete`` is false when not everything was searched."""

    problems: list[ProblemBody]
    gaps: list[GapBody]
    overlaps: list[OverlapBody]
    never: list[str]
    complete: bool


class ImportBody(BaseModel):
    """``table`` is null when the file holds several: choose one of ``decisions`` and send it again."""

    table: DecisionTable | None
    decisions: list[str]


class CellsBody(BaseModel):
    rows: list[list[str]]


@room.post("/api/tables/check", responses={200: CheckBody})
@allow("editor")
def check(body: Drawn) -> Response:
    """What is wrong with a table: cells, gaps with the row that closes them, overlaps, rows that never match."""
    found: dict[str, Any] = {"problems": [], "gaps": [], "overlaps": [], "never": [], "complete": True}
    try:
        table = Table(parse(body.table))
    except DefinitionError as error:
        return jsonify({**found, "problems": [problem.as_json() for problem in error.problems]})
    report = check_table(table)
    titles = {column.id: column.label() for column in table.document.inputs}

    def told(example: dict[str, Any]) -> dict[str, str]:
        return {titles[name]: write(value) for name, value in example.items()}

    found["gaps"] = [{"example": told(gap.example), "row": gap.row} for gap in report.gaps]
    found["overlaps"] = [
        {"rows": list(overlap.rows), "example": told(overlap.example), "conflict": overlap.conflict}
        for overlap in report.overlaps
    ]
    return jsonify({**found, "never": report.never, "complete": report.complete})


@room.post("/api/tables/export")
@allow("editor")
def export(body: Drawn, query: ExportQuery) -> Response:
    """The table as an Excel workbook or a DMN 1.3 file."""
    table = parse(body.table)
    raw = write_sheet(table) if query.format == "xlsx" else write_table(table)
    response = Response(raw, mimetype=FORMATS[query.format])
    name = slugify(table.title or "decision-table")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.{query.format}"'
    return response


@room.post("/api/tables/import", responses={200: ImportBody})
@allow("editor")
def import_table(form: Upload) -> Response:
    """The decision table in an Excel workbook (.xlsx) or a DMN file (1.1 to 1.5)."""
    raw = _raw(form.file)
    if raw[:2] == b"PK":
        told = request.form.get("table")  # the form has it with binary numbers
        before = parse(parse_json(told.encode())) if told else None
        return jsonify({"table": read_sheet(raw, before).model_dump(), "decisions": []})
    found = read_model(raw).tables()
    if not found:
        raise RequestError(
            "The file has no decision table.",
            status=422,
            code="E-DMN",
            cure="Choose a DMN file with a decision table.",
        )
    if len(found) > 1 and form.decision not in found:
        return jsonify({"table": None, "decisions": sorted(found)})
    chosen = found[form.decision] if form.decision in found else next(iter(found.values()))
    return jsonify({"table": chosen.model_dump(), "decisions": sorted(found)})


@room.post("/api/tables/cells", responses={200: CellsBody})
@allow("editor")
def cells(form: CellsUpload) -> Response:
    """The plain cells of a CSV file or the first sheet of a workbook, for filling a lookup table."""
    return jsonify({"rows": read_cells(_raw(form.file))})


def parse(document: Any) -> DecisionTable:
    """The table in a document. Raises RequestError (422) with one problem for each wrong place."""
    with reading("This is not a decision table", "E-TABLE", "table"):
        return DecisionTable.model_validate(document)


def _raw(file: FileStorage) -> bytes:
    raw = file.read(MAX_BYTES + 1)
    if not raw or len(raw) > MAX_BYTES:
        raise RequestError(
            "The file is empty." if not raw else "The file is larger than 5 MB.",
            status=422,
            code="E-FILE",
            cure="Choose another file.",
        )
    return bytes(raw)
