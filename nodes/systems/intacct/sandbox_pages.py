"""The books of the imitated company as pages for people: customers, invoices, one page an object."""

from __future__ import annotations

from flask import Flask, abort, render_template_string, request

from nodes.systems.intacct.sandbox_objects import KINDS
from nodes.systems.intacct.sandbox_store import Row, Store

MOST = 200
_FRAME = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ title }} · Intacct sandbox</title><style>
:root { --ink:#1c2b2a; --soft:#5d706e; --line:#d9e2e0; --paper:#fff; --ground:#f2f5f4; --accent:#00713f; }
* { box-sizing: border-box; } body { margin:0; font:15px/1.5 system-ui, sans-serif; color:var(--ink); background:var(--ground); }
header { background:#0d2b23; color:#fff; padding:.7rem 1.5rem; display:flex; gap:1.5rem; align-items:baseline; }
header b { font-size:1.05rem; } header a { color:#cfe7da; text-decoration:none; } header a:hover { text-decoration:underline; }
header small { margin-left:auto; color:#9fc4b3; } main { max-width:68rem; margin:1.5rem auto; padding:0 1.5rem; }
h1 { font-size:1.5rem; margin:.2rem 0 1rem; } h2 { font-size:1.05rem; margin:2rem 0 .5rem; }
.card { background:var(--paper); border:1px solid var(--line); border-radius:8px; padding:1.25rem 1.5rem; }
table { width:100%; border-collapse:collapse; background:var(--paper); } th, td { text-align:left; padding:.45rem .7rem; border-bottom:1px solid var(--line); }
th { font-weight:600; color:var(--soft); font-size:.85rem; } td.n, th.n { text-align:right; font-variant-numeric:tabular-nums; }
tr.total td { font-weight:700; border-top:2px solid var(--ink); } a { color:var(--accent); }
dl { display:grid; grid-template-columns:max-content 1fr; gap:.25rem 1.5rem; margin:0; } dt { color:var(--soft); } dd { margin:0; }
.tag { display:inline-block; padding:.05rem .6rem; border-radius:99px; background:#dff0e6; color:#00502c; font-size:.85rem; }
.tag.Paid { background:#e3e9f7; color:#23407e; } .tag.Draft { background:#eee; color:#555; } .tag.Reversed { background:#fae3e0; color:#8c2a1c; }
.empty { color:var(--soft); padding:1rem; }
</style></head><body><header><b>Sage Intacct</b><a href="/">Invoices</a><a href="/customers">Customers</a>
<a href="/accounts">Ledger accounts</a><small>sandbox, company demo</small></header><main>"""
_END = "</main></body></html>"
_INVOICES = (
    _FRAME
    + """<h1>Invoices</h1><table><thead><tr><th>Number</th><th>Customer</th><th>Date</th><th>Due</th>
<th>State</th><th class="n">Total</th><th class="n">Open</th></tr></thead><tbody>
{% for row in rows %}<tr><td><a href="/books/ARINVOICE/{{ row.RECORDNO }}">{{ row.RECORDID }}</a></td><td>{{ row.CUSTOMERNAME }}</td>
<td>{{ row.WHENCREATED }}</td><td>{{ row.WHENDUE }}</td><td><span class="tag {{ row.STATE }}">{{ row.STATE }}</span></td>
<td class="n">{{ row.TRX_TOTALENTERED }} {{ row.CURRENCY }}</td><td class="n">{{ row.TRX_TOTALDUE }}</td></tr>
{% else %}<tr><td colspan="7" class="empty">No invoices yet.</td></tr>{% endfor %}</tbody></table>
{% if total > rows|length %}<p class="empty">The newest {{ rows|length }} of {{ total }}.</p>{% endif %}"""
    + _END
)
_LIST = (
    _FRAME
    + """<h1>{{ title }}</h1><table><thead><tr>{% for name in columns %}<th>{{ name }}</th>{% endfor %}</tr></thead>
<tbody>{% for row in rows %}<tr>{% for field in fields %}<td>{% if loop.first %}<a href="/books/{{ kind }}/{{ row.RECORDNO }}">
{{ row[field] }}</a>{% else %}{{ row[field] }}{% endif %}</td>{% endfor %}</tr>
{% else %}<tr><td colspan="9" class="empty">None yet.</td></tr>{% endfor %}</tbody></table>"""
    + _END
)
_INVOICE = (
    _FRAME
    + """<h1>Invoice {{ row.RECORDID }} <span class="tag {{ row.STATE }}">{{ row.STATE }}</span></h1>
<div class="card"><dl><dt>Customer</dt><dd>{{ row.CUSTOMERNAME }} ({{ row.CUSTOMERID }})</dd>
<dt>Date</dt><dd>{{ row.WHENCREATED }}</dd><dt>Posted</dt><dd>{{ row.WHENPOSTED }}</dd><dt>Due</dt><dd>{{ row.WHENDUE }}</dd>
<dt>Term</dt><dd>{{ row.TERMNAME or "–" }}</dd><dt>Reference</dt><dd>{{ row.DOCNUMBER or "–" }}</dd>
<dt>External ID</dt><dd>{{ row.EXTERNALID or "–" }}</dd><dt>Description</dt><dd>{{ row.DESCRIPTION or "–" }}</dd>
<dt>Entity</dt><dd>{{ row.MEGAENTITYID or "Top level" }}</dd></dl></div>
<h2>Lines</h2><table><thead><tr><th>#</th><th>Account</th><th>Memo</th><th>Location</th><th>Department</th><th>Item</th>
<th class="n">Amount</th></tr></thead><tbody>{% for line in lines %}<tr><td>{{ line.LINE_NO }}</td>
<td>{{ line.ACCOUNTNO }} {{ line.ACCOUNTTITLE }}</td><td>{{ line.ENTRYDESCRIPTION }}</td><td>{{ line.LOCATIONID }}</td>
<td>{{ line.DEPARTMENTID }}</td><td>{{ line.ITEMID }}</td><td class="n">{{ line.TRX_AMOUNT }}</td></tr>{% endfor %}
<tr class="total"><td colspan="6">Total</td><td class="n">{{ row.TRX_TOTALENTERED }} {{ row.CURRENCY }}</td></tr>
<tr><td colspan="6">Paid</td><td class="n">{{ row.TRX_TOTALPAID }}</td></tr>
<tr class="total"><td colspan="6">Open</td><td class="n">{{ row.TRX_TOTALDUE }} {{ row.CURRENCY }}</td></tr></tbody></table>"""
    + _END
)
_OBJECT = (
    _FRAME
    + """<h1>{{ title }}</h1><div class="card"><dl>{% for name, value in row.items() if value %}
<dt>{{ name }}</dt><dd>{{ value }}</dd>{% endfor %}</dl></div>
{% if rows %}<h2>Invoices</h2><table><tbody>{% for invoice in rows %}<tr><td><a href="/books/ARINVOICE/{{ invoice.RECORDNO }}">
{{ invoice.RECORDID }}</a></td><td>{{ invoice.WHENCREATED }}</td><td>{{ invoice.STATE }}</td>
<td class="n">{{ invoice.TRX_TOTALENTERED }} {{ invoice.CURRENCY }}</td></tr>{% endfor %}</tbody></table>{% endif %}"""
    + _END
)


def register(app: Flask, store: Store) -> None:
    """Adds the pages. ``/books/<object>/<number>`` is what RECORD_URL points to."""

    def newest(kind: str) -> tuple[list[Row], int]:
        rows = list(store.rows(kind))
        return rows[::-1][:MOST], len(rows)

    @app.get("/")
    def invoices() -> str:
        rows, total = newest("ARINVOICE")
        return render_template_string(_INVOICES, title="Invoices", rows=rows, total=total)

    @app.get("/customers")
    def customers() -> str:
        rows, _ = newest("CUSTOMER")
        fields = ("CUSTOMERID", "NAME", "TERMNAME", "STATUS", "TOTALDUE")
        columns = ("Customer", "Name", "Term", "Status", "Open")
        return render_template_string(
            _LIST, title="Customers", kind="CUSTOMER", rows=rows, fields=fields, columns=columns
        )

    @app.get("/accounts")
    def accounts() -> str:
        fields = ("ACCOUNTNO", "TITLE", "ACCOUNTTYPE", "NORMALBALANCE")
        columns = ("Account", "Title", "Type", "Normal balance")
        rows = sorted(store.rows("GLACCOUNT"), key=lambda row: row["ACCOUNTNO"])
        return render_template_string(
            _LIST, title="Ledger accounts", kind="GLACCOUNT", rows=rows, fields=fields, columns=columns
        )

    @app.get("/books/<kind>/<number>")
    def book(kind: str, number: str) -> str:
        row = store.get(kind, number) if kind in KINDS else None
        if row is None:
            abort(404)
        if kind == "ARINVOICE":
            lines = store.by("ARINVOICEITEM", "RECORDKEY", number)
            return render_template_string(_INVOICE, title=row["RECORDID"], row=row, lines=lines)
        rows = store.by("ARINVOICE", "CUSTOMERID", row["CUSTOMERID"]) if kind == "CUSTOMER" else []
        title = f"{KINDS[kind].noun} {row.get(KINDS[kind].key, number)}"
        return render_template_string(_OBJECT, title=title, row=row, rows=rows, here=request.path)
