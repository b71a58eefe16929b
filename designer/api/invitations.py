"""The page behind the link in a letter. Opening it asks; only its buttons decide."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask import Response, render_template_string, request

from designer import links
from designer.api.approvals import decide
from designer.api.body import Body
from designer.api.opening import new_room
from designer.auth import ANYONE, allow
from designer.consents import circumstances
from designer.installation import here
from engine import approvals, forms
from engine.approvals import Person
from engine.errors import RequestError

room = new_room("invitations", "reviews", public=True)

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="robots" content="noindex"><title>{{ title }} · Heddle</title><style>
:root{color-scheme:light dark}body{margin:0;font:16px/1.5 system-ui,sans-serif;background:#f6f5f2;color:#1f2328}
main{max-width:560px;margin:6vh auto;padding:28px;background:#fff;border:1px solid #dedbd3;border-radius:14px}
h1{font-size:22px;line-height:1.3;margin:0 0 6px}p{margin:0 0 14px;color:#57606a}
label{display:block;margin:0 0 14px;font-weight:600}input,select,textarea{display:block;box-sizing:border-box;width:100%;
margin-top:4px;padding:10px;font:inherit;border:1px solid #8c8a84;border-radius:8px;background:#fff;color:inherit}
.acts{display:flex;flex-wrap:wrap;gap:12px}button{flex:1 1 140px;min-height:46px;font:inherit;font-weight:600;border-radius:8px;
border:1px solid #8c8a84;background:#fff;color:inherit;cursor:pointer}button.yes{background:#1d6b4f;border-color:#1d6b4f;color:#fff}
dl{display:grid;grid-template-columns:auto 1fr;gap:4px 16px;margin:0 0 18px;overflow-wrap:anywhere}dt{color:#57606a}dd{margin:0}
.bad{color:#a3261f}@media(max-width:600px){main{margin:0;border:0;border-radius:0;min-height:100vh;box-sizing:border-box;padding:20px}}
@media(prefers-color-scheme:dark){body{background:#16181b;color:#e8e6e1}main,input,select,textarea,button{background:#1f2226;border-color:#4a4f55}
p,dt{color:#a9b0b8}a{color:#8fb3ff}.bad{color:#ff9b92}}
</style></head><body><main>
<h1>{{ title }}</h1>
{% if said %}<p role="status">{{ said }}</p>{% endif %}
{% if not row %}<p><a href="/inbox?tab=approvals">To the inbox</a></p>{% endif %}
{% if problem %}<p class="bad" role="alert">{{ problem }}</p>{% endif %}
{% if row %}
<p>{% if row.amount %}<strong>{{ row.amount }}</strong> · {% endif %}You decide as {{ user.name }}, {{ user.email }}.</p>
<p>{{ circumstances }}</p>
<dl>{% for name, value in facts %}<dt>{{ name }}</dt><dd>{{ value }}</dd>{% endfor %}</dl>
<form method="post">
{% for field in fields %}<label>{{ field.label() }}{% if field.required %} *{% endif %}
{% if field.type == "choice" or field.type == "yes_no" %}<select name="form.{{ field.name }}"><option></option>
{% for choice in (field.choices if field.type == "choice" else ["yes", "no"]) %}<option{% if values.get(field.name) == choice %} selected{% endif %}>{{ choice }}</option>{% endfor %}</select>
{% else %}<input name="form.{{ field.name }}" type="{{ "date" if field.type == "date" else "text" }}" value="{{ values.get(field.name, "") }}">{% endif %}</label>{% endfor %}
<label>Comment<textarea name="comment" rows="2" maxlength="4000">{{ comment }}</textarea></label>
<div class="acts"><button class="yes" name="decision" value="approve">Approve</button>
<button name="decision" value="decline">Decline</button></div></form>
{% endif %}
</main></body></html>"""


class Token(Body):
    token: str


@room.get("/approve/<string:token>")
@allow(ANYONE)
def ask(path: Token) -> Response:
    """A page that asks. It never decides, whoever opens it."""
    try:
        with here().database.read() as session:
            invitation = links.read(session, here().seal, path.token)
            around = circumstances(session, invitation.approval)
    except RequestError as error:
        return _page(error.status, title=error.message, said=error.cure)
    return _question(invitation, around, 200)


@room.post("/approve/<string:token>")
@allow(ANYONE, csrf=False)
def answer(path: Token) -> Response:
    """The decision of the person that the link is for; the link is spent with it."""
    what = request.form.get("decision", "")
    comment = request.form.get("comment", "")
    given = {name[5:]: value for name, value in request.form.items() if name.startswith("form.")}
    try:
        with here().database.read() as session:
            invitation = links.read(session, here().seal, path.token)
            around = circumstances(session, invitation.approval)
    except RequestError as error:
        return _page(error.status, title=error.message, said=error.cure)
    if what not in ("approve", "decline"):
        return _question(invitation, around, 422, "Press Approve or Decline.", comment)
    user = invitation.user
    try:
        done = decide(
            invitation.approval.number,
            Person(user.email, user.name, user.role),
            "approve" if what == "approve" else "decline",
            comment=comment,
            form=given,
            via="link",
        )
    except RequestError as error:
        return _question(invitation, around, error.status, f"{error.message} {error.cure}", comment)
    if done.state == "open":
        return _page(
            200, title="Thank you.", said=f"{done.approval.quorum} people must approve; others are asked too."
        )
    return _page(200, title=f"{done.state.capitalize()}.", said=done.approval.question)


def _question(
    invitation: links.Invitation, around: str, status: int, problem: str = "", comment: str = ""
) -> Response:
    row, user = invitation
    terms, data = approvals.terms_of(row), approvals.record_of(row).data
    shown = {**forms.current(terms.form, data), **row.filled()}
    values = {
        name: {True: "yes", False: "no"}.get(value, value) if isinstance(value, bool) else value
        for name, value in shown.items()
    }
    return _page(
        status, title=row.question, row=row, user=user, fields=terms.form, values=values, problem=problem,
        comment=comment, facts=_facts(data), circumstances=around,
    )  # fmt: skip


def _facts(data: Any) -> list[tuple[str, str]]:
    """The plain fields of the record, as far as a letter's reader needs them."""
    if not isinstance(data, dict):
        return []
    plain = [
        (str(name), str(value))
        for name, value in data.items()
        if isinstance(value, str | int | Decimal) and value != "" and not isinstance(value, bool)
    ]
    return plain[:15]


def _page(status: int, **what: Any) -> Response:
    return Response(render_template_string(PAGE, **what), status=status, mimetype="text/html")
