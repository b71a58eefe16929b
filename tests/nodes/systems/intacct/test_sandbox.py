"""The sandbox by itself, spoken to with raw XML as any client would."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from lxml import etree

from nodes.systems.intacct.sandbox import IntacctSandbox
from tests.conftest import Served
from tests.nodes.systems.intacct.conftest import journal, post, vice

CONTROL = (
    "<control><senderid>heddle</senderid><password>heddle-sender</password><controlid>c</controlid>"
    "<uniqueid>{unique}</uniqueid><dtdversion>3.0</dtdversion>{policy}<includewhitespace>false</includewhitespace>"
    "</control>"
)
LOGIN = "<login><userid>xmluser</userid><companyid>demo</companyid><password>heddle-user</password>{place}</login>"


def ask(
    served: Served,
    *functions: str,
    unique: str = "false",
    transaction: str = "false",
    policy: str = "",
    place: str = "",
    authentication: str = LOGIN,
) -> etree._Element:
    content = "".join(
        f'<function controlid="f{number}">{body}</function>' for number, body in enumerate(functions, 1)
    )
    raw = (
        f"<request>{CONTROL.format(unique=unique, policy=policy)}<operation transaction='{transaction}'>"
        f"<authentication>{authentication.format(place=place)}</authentication><content>{content}</content>"
        "</operation></request>"
    )
    return etree.fromstring(post(served, raw).content)


def statuses(answer: etree._Element) -> list[str]:
    return [result.findtext("status") or "" for result in answer.iterfind("operation/result")]


def errors(answer: etree._Element) -> list[tuple[str, str]]:
    return [
        (error.findtext("errorno") or "", (error.findtext("description2") or "").split(" [Support")[0])
        for error in answer.iter("error")
    ]


def customer(key: str, rest: str = "") -> str:
    return (
        f"<create><CUSTOMER><CUSTOMERID>{key}</CUSTOMERID><NAME>{key} Ltd</NAME><DISPLAYCONTACT>"
        f"<PRINTAS>{key}</PRINTAS></DISPLAYCONTACT>{rest}</CUSTOMER></create>"
    )


def invoice(
    key: str, amounts: tuple[str, ...] = ("10",), date: str = "", middle: str = "<termname>N30</termname>"
) -> str:
    date = date or "<year>2026</year><month>11</month><day>14</day>"
    lines = "".join(
        f"<lineitem><glaccountno>4000</glaccountno><amount>{amount}</amount></lineitem>" for amount in amounts
    )
    return (
        f"<create_invoice><customerid>{key}</customerid><datecreated>{date}</datecreated>{middle}"
        f"<invoiceitems>{lines}</invoiceitems></create_invoice>"
    )


def query(name: str, fields: str, rest: str = "") -> str:
    select = "".join(f"<field>{field}</field>" for field in fields.split())
    return f"<query><object>{name}</object><select>{select}</select>{rest}</query>"


def values(answer: etree._Element, field: str) -> list[str]:
    return [row.findtext(field) or "" for row in answer.find("operation/result/data")]  # type: ignore[union-attr]


def test_amounts_are_rounded_and_summed(served: Served) -> None:
    ask(served, customer("A"), invoice("A", ("10.005", "0.004", "-1")))
    row = served.app.all("ARINVOICE")[0]
    assert (row["TOTALENTERED"], row["TOTALDUE"], row["RECORDID"]) == ("9.01", "9.01", "INV-00001")
    assert served.app.all("CUSTOMER")[0]["TOTALDUE"] == "9.01"


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (
            "<create_invoice><datecreated><year>2026</year><month>1</month><day>1</day></datecreated>"
            "<customerid>A</customerid><termname/><invoiceitems/></create_invoice>",
            "Element create_invoice content does not follow the DTD, expecting (customerid , datecreated",
        ),
        (invoice("A", middle="<invoiceno>1</invoiceno><termname>N30</termname>"), "got (customerid datecreated invoiceno"),
        (invoice("A", amounts=()), "Element invoiceitems content does not follow the DTD, expecting (lineitem)+"),
        ("<create_invoice key='1'/>", "No declaration for attribute key"),
    ],
)  # fmt: skip
def test_children_out_of_order_are_refused_by_the_dtd(served: Served, function: str, said: str) -> None:
    answer = ask(served, customer("A"), function)
    assert answer.findtext("control/status") == "failure"
    assert errors(answer)[0][0] == "XL03000003"
    assert said in errors(answer)[0][1]
    assert served.app.all("CUSTOMER") == []


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (invoice("NOBODY"), "Invalid Customer 'NOBODY' specified."),
        (invoice("A", middle="<termname>N99</termname>"), "Invalid Term 'N99' specified."),
        (invoice("A", middle="<termname/>"), "Either a due date or a term is required."),
        (invoice("A", ("much",)), "Invalid number 'much' for field amount."),
        (invoice("A", date="<year>26</year><month>x</month><day>1</day>"), "Invalid date in datecreated."),
        (customer("A"), "Another Customer with the given value(s) A already exists"),
        (customer("B", "<TERMNAME>N99</TERMNAME>"), "Invalid Term 'N99' specified."),
        (customer("B", "<STATUS>asleep</STATUS>"), "Invalid value 'asleep' for field STATUS."),
        (customer("B", "<NONSENSE>1</NONSENSE>"), "Invalid field NONSENSE for object Customer."),
        ("<create><NONSENSE/></create>", "Object type NONSENSE not found"),
        ("<create><CUSTOMER><CUSTOMERID>Z</CUSTOMERID></CUSTOMER></create>", "Required field NAME is missing."),
        ("<update><CUSTOMER><CUSTOMERID>Z</CUSTOMERID></CUSTOMER></update>", "Cannot find Customer with key 'Z'"),
        ("<delete><object>CUSTOMER</object><keys>99</keys></delete>", "Cannot find Customer with key '99'"),
        (query("CUSTOMER", "NONSENSE"), "Field 'NONSENSE' is not found in object 'CUSTOMER'."),
        (query("CUSTOMER", "NAME", "<pagesize>2001</pagesize>"), "The page size must be between 1 and 2000."),
        ("<nonsense/>", "Function 'nonsense' is not known."),
    ],
)  # fmt: skip
def test_a_refusal_says_why(served: Served, function: str, said: str) -> None:
    ask(served, customer("A"))
    answer = ask(served, function)
    assert statuses(answer) == ["failure"]
    assert said in errors(answer)[0][1].replace("&#039;", "'")


def test_functions_stand_alone_or_fall_together(served: Served) -> None:
    ask(served, customer("A"))
    alone = ask(served, invoice("A"), invoice("NOBODY"), invoice("A"))
    assert statuses(alone) == ["success", "failure", "success"]
    together = ask(served, invoice("A"), customer("B"), invoice("NOBODY"), transaction="true")
    assert statuses(together) == ["aborted", "aborted", "failure"]
    assert (
        "XL03000009",
        "The entire transaction in this operation has been rolled back due to an error.",
    ) in errors(together)
    assert len(served.app.all("ARINVOICE")) == 2
    assert len(served.app.all("CUSTOMER")) == 1
    assert served.app.all("CUSTOMER")[0]["TOTALDUE"] == "20.00"
    assert values(ask(served, query("CUSTOMER", "TOTALDUE")), "TOTALDUE") == ["20.00"]


def test_a_unique_function_runs_once_but_a_failed_one_may_be_repaired(served: Served) -> None:
    assert statuses(ask(served, invoice("A"), unique="true")) == ["failure"]
    ask(served, customer("A"))
    assert statuses(ask(served, invoice("A"), unique="true")) == ["success"]
    again = ask(served, invoice("A"), unique="true")
    assert statuses(again) == ["failure"]
    assert "previously executed and completed" in errors(again)[0][1]
    assert statuses(ask(served, invoice("A"), unique="false")) == ["success"]


def test_sessions_expire(served: Served) -> None:
    session = ask(served, "<getAPISession/>").findtext("operation/result/data/api/sessionid")
    held = f"<sessionid>{session}</sessionid>"
    assert statuses(ask(served, query("ITEM", "NAME"), authentication=held)) == ["success"]
    vice(served, "clock_skew", {"seconds": 7201})
    expired = ask(served, query("ITEM", "NAME"), authentication=held)
    assert expired.findtext("operation/authentication/status") == "failure"
    assert errors(expired) == [("XL03000006", "Sign-in information is incorrect")]


def test_a_session_may_move_to_an_entity(served: Served) -> None:
    answer = ask(served, "<getAPISession><locationid>EU</locationid></getAPISession>")
    api = answer.find("operation/result/data/api")
    assert api is not None
    assert api.findtext("locationid") == "EU"
    session = f"<sessionid>{api.findtext('sessionid')}</sessionid>"
    ask(served, customer("EU1"), authentication=session)
    assert served.app.all("CUSTOMER")[0]["MEGAENTITYID"] == "EU"
    assert values(ask(served, query("CUSTOMER", "NAME")), "NAME") == []
    private = "<options><showprivate>true</showprivate></options>"
    assert values(ask(served, query("CUSTOMER", "NAME", private)), "NAME") == ["EU1 Ltd"]


def test_bad_sign_ins_have_their_own_forms(served: Served) -> None:
    wrong = post(served, f"<request>{CONTROL.format(unique='false', policy='')}<operation><authentication><login>"
                 "<userid>xmluser</userid><companyid>demo</companyid><password>no</password></login></authentication>"
                 "<content><function controlid='1'><getAPISession/></function></content></operation></request>")  # fmt: skip
    assert wrong.status_code == 401
    assert wrong.headers["Content-Type"].startswith("text/xml")
    assert errors(etree.fromstring(wrong.content))[0][0] == "XMLGW_JPP0002"
    vice(served, "rate_limit", {"times": 1})
    limited = post(served, "<request/>")
    assert (limited.status_code, errors(etree.fromstring(limited.content))[0][0]) == (429, "GW-0010")


@pytest.mark.parametrize(
    "raw",
    [
        "<request>",
        "<!DOCTYPE r [<!ENTITY a 'b'>]><request>&a;</request>",
        "<request><control/></request>",
        f"<request>{CONTROL.format(unique='x', policy='').replace('3.0', '2.1')}<operation><content/></operation></request>",
    ],
)
def test_what_is_no_request_is_refused(served: Served, raw: str) -> None:
    answer = etree.fromstring(post(served, raw).content)
    assert answer.findtext("control/status") == "failure"
    assert errors(answer)[0][0] == "XL03000003"


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("<between><field>ACCOUNTNO</field><value>4100</value><value>4300</value></between>", "4100 4200 4300"),
        ("<notin><field>ACCOUNTTYPE</field><value>balancesheet</value></notin>", "4000 4100 4200 4300 4400 5000 6100 6200"),
        ("<notlike><field>TITLE</field><value>%e%</value></notlike>", "5000"),
        ("<or><equalto><field>ACCOUNTNO</field><value>1010</value></equalto><like><field>TITLE</field>"
         "<value>_ravel%</value></like></or>", "1010 6200"),
        ("<and><like><field>TITLE</field><value>%revenue</value></like><notequalto><field>ACCOUNTNO</field>"
         "<value>2400</value></notequalto></and>", "4100 4200 4300"),
        ("<lessthanorequalto><field>RECORDNO</field><value>2</value></lessthanorequalto>", "1010 1070"),
        ("<isnotnull><field>CATEGORY</field></isnotnull>", ""),
    ],
)  # fmt: skip
def test_every_filter(served: Served, condition: str, found: str) -> None:
    answer = ask(served, query("GLACCOUNT", "ACCOUNTNO", f"<filter>{condition}</filter>"))
    assert values(answer, "ACCOUNTNO") == found.split()


def test_order_pages_and_sums(served: Served) -> None:
    ask(
        served,
        customer("A"),
        customer("B"),
        *(invoice("A", (str(n),)) for n in range(1, 6)),
        invoice("B", ("7",)),
    )
    rest = "<orderby><order><field>TOTALDUE</field><descending/></order></orderby><pagesize>2</pagesize><offset>2</offset>"
    answer = ask(served, query("ARINVOICE", "TOTALDUE", rest))
    assert values(answer, "TOTALDUE") == ["4.00", "3.00"]
    data = answer.find("operation/result/data")
    assert dict(data.attrib) == {  # type: ignore[union-attr]
        "listtype": "ARINVOICE", "totalcount": "6", "offset": "2", "count": "2", "numremaining": "2",
    }  # fmt: skip
    sums = "<query><object>ARINVOICE</object><select><field>CUSTOMERID</field><sum>TOTALDUE</sum><count>RECORDNO</count></select></query>"
    answer = ask(served, sums)
    assert values(answer, "SUM.TOTALDUE") == ["15.00", "7.00"]
    assert values(answer, "COUNT.RECORDNO") == ["5", "1"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ACCOUNTNO = '4000'", ["4000"]),
        ("ACCOUNTNO in ('4000','4100') and not ACCOUNTNO = '4000'", ["4100"]),
        ("(ACCOUNTNO &lt; 1070 or TITLE like 'Travel%') and STATUS is not null", ["1010", "6200"]),
        ("TITLE = 'Jo\\'s'", []),
    ],
)
def test_read_by_query_s_language(served: Served, text: str, found: list[str]) -> None:
    body = f"<readByQuery><object>GLACCOUNT</object><fields>ACCOUNTNO</fields><query>{text}</query></readByQuery>"
    assert values(ask(served, body), "ACCOUNTNO") == found


def test_read_more_goes_on_where_it_stopped(served: Served) -> None:
    body = "<readByQuery><object>GLACCOUNT</object><fields>ACCOUNTNO</fields><query/><pagesize>10</pagesize></readByQuery>"
    first = ask(served, body)
    data = first.find("operation/result/data")
    assert data is not None
    result = data.get("resultId")
    second = ask(served, f"<readMore><resultId>{result}</resultId></readMore>")
    assert (len(values(first, "ACCOUNTNO")), len(values(second, "ACCOUNTNO"))) == (10, 6)
    assert statuses(ask(served, f"<readMore><resultId>{result}</resultId></readMore>")) == ["failure"]


def test_only_changes_are_journalled_as_such(served: Served) -> None:
    ask(served, "<getAPISession/>")
    ask(served, query("ITEM", "NAME"))
    ask(served, customer("A"))
    assert [entry["mutating"] for entry in journal(served)] == [False, False, True]


def test_an_asynchronous_request_is_acknowledged(served: Served) -> None:
    answer = ask(served, customer("A"), policy="<policyid>p</policyid>")
    assert answer.findtext("acknowledgement/status") == "success"
    assert answer.find("operation") is None
    assert len(served.app.all("CUSTOMER")) == 1


def test_deleting_and_reversing(served: Served) -> None:
    ask(served, customer("A"), invoice("A"), invoice("A"))
    first, second = (row["RECORDNO"] for row in served.app.all("ARINVOICE"))
    day = "<datereversed><year>2026</year><month>11</month><day>20</day></datereversed>"
    assert statuses(ask(served, f"<reverse_invoice key='{first}'>{day}</reverse_invoice>")) == ["success"]
    assert served.app.all("ARINVOICE")[0]["STATE"] == "Reversed"
    assert served.app.all("CUSTOMER")[0]["TOTALDUE"] == "10.00"
    assert statuses(ask(served, f"<delete><object>ARINVOICE</object><keys>{second}</keys></delete>")) == [
        "success"
    ]
    assert len(served.app.all("ARINVOICEITEM")) == 1
    assert statuses(ask(served, "<delete_customer customerid='A'/>")) == ["failure"]


def test_seed_reset_and_pages_for_people(served: Served) -> None:
    made = requests.post(f"{served.url}/_sandbox/seed", json={"n": 40, "seed": 1}, timeout=10).json()
    assert made == {"CUSTOMER": 10, "ARINVOICE": 40}
    names = [row["NAME"] for row in served.app.all("CUSTOMER")]
    assert names[0] == "Alpine Dairy Group"
    for path in ("/", "/customers", "/accounts"):
        page = requests.get(served.url + path, timeout=5)
        assert page.status_code == 200, path
    assert "Alpine Dairy Group" in requests.get(f"{served.url}/", timeout=5).text
    assert requests.get(f"{served.url}/books/ARINVOICE/999999", timeout=5).status_code == 404
    requests.post(f"{served.url}/_sandbox/reset", timeout=5)
    assert served.app.all("CUSTOMER") == []
    assert len(served.app.all("GLACCOUNT")) == 16


def test_the_same_seed_makes_the_same_books(sandbox: Callable[..., Served]) -> None:
    one, two = sandbox("intacct", seed=20), sandbox("intacct", seed=20)
    assert [row["TOTALDUE"] for row in one.app.all("ARINVOICE")] == [
        row["TOTALDUE"] for row in two.app.all("ARINVOICE")
    ]


def test_a_sandbox_with_a_file_remembers(tmp_path: Path) -> None:
    first = IntacctSandbox(tmp_path / "intacct.db")
    first.seed(8, 1)
    before = first.all("ARINVOICE")
    first.db.close()
    second = IntacctSandbox(tmp_path / "intacct.db")
    assert second.all("ARINVOICE") == before
    number = second.store.insert("CLASS", {"CLASSID": "NEW", "NAME": "New"})
    assert int(number) > max(int(row["RECORDNO"]) for row in before)
    second.db.close()


def test_a_thousand_invoices_in_ten_calls(served: Served) -> None:
    ask(served, customer("A"))
    for _ in range(10):
        assert set(statuses(ask(served, *(invoice("A") for _ in range(100))))) == {"success"}
    assert len(served.app.all("ARINVOICE")) == 1000
