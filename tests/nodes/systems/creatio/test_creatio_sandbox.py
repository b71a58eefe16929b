"""The imitation itself: it must be as peculiar as the real system, or the connector proves nothing."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
import requests

from nodes.systems.creatio.sandbox import CreatioSandbox

WON = "60d5310c-5be6-df11-971b-001d60e938c6"
EMPTY = "00000000-0000-0000-0000-000000000000"
LINES = "OpportunityProductInterestCollectionByOpportunity"


def get(raw: requests.Session, url: str, path: str, **options: str) -> Any:
    params = {f"${name}": value for name, value in options.items()}
    return raw.get(f"{url}/0/odata/{path}", params=params)


def values(raw: requests.Session, url: str, path: str, **options: str) -> list[dict[str, Any]]:
    answer = get(raw, url, path, **options)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["value"])


def first(sandbox: CreatioSandbox, entity: str = "Opportunity") -> dict[str, Any]:
    return next(row for row in sandbox.all(entity) if row["CreatedOn"] > "2026")


# signing in ------------------------------------------------------------------------------------------


def test_a_refused_login_is_code_1_with_status_200(sandbox: CreatioSandbox, url: str) -> None:
    body = {"UserName": "Supervisor", "UserPassword": "wrong"}
    answer = requests.post(f"{url}/ServiceModel/AuthService.svc/Login", json=body, timeout=5)
    assert answer.status_code == 200
    assert answer.json()["Code"] == 1
    assert set(answer.json()) == {"Code", "Message", "Exception", "PasswordChangeUrl", "RedirectUrl"}
    assert not answer.cookies


def test_a_login_sets_the_four_cookies(raw: requests.Session) -> None:
    assert {cookie.name for cookie in raw.cookies} == {".ASPXAUTH", "BPMCSRF", "BPMLOADER", "UserName"}


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
def test_every_verb_wants_the_csrf_header(raw: requests.Session, url: str, method: str) -> None:
    raw.headers["BPMCSRF"] = "wrong"
    assert raw.request(method, f"{url}/0/odata/Contact({uuid.uuid4()})", json={}).status_code == 403


def test_without_a_session_it_is_401_or_the_login_page(sandbox: CreatioSandbox, url: str) -> None:
    forced = requests.get(f"{url}/0/odata/Contact", headers={"ForceUseSession": "true"}, timeout=5)
    assert forced.status_code == 401
    bounced = requests.get(f"{url}/0/odata/Contact", allow_redirects=False, timeout=5)
    assert bounced.status_code == 302
    assert bounced.headers["Location"].startswith("/Login/")
    sandbox.active["html_bounce"] = {"times": 1}
    page = requests.get(f"{url}/0/odata/Contact", timeout=5)
    assert (page.status_code, page.headers["Content-Type"].split(";")[0]) == (200, "text/html")


def test_an_oauth_client_gets_a_token_that_ends(sandbox: CreatioSandbox, url: str) -> None:
    form = {"grant_type": "client_credentials", "client_id": "heddle", "client_secret": "heddle-secret"}
    answer = requests.post(f"{url}/connect/token", data=form, timeout=5).json()
    assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 3600)
    headers = {"Authorization": f"Bearer {answer['access_token']}"}
    assert requests.get(f"{url}/0/odata/Tax", headers=headers, timeout=5).status_code == 200
    sandbox.tokens[answer["access_token"]] = 0
    assert requests.get(f"{url}/0/odata/Tax", headers=headers, timeout=5).status_code == 401
    wrong = requests.post(f"{url}/connect/token", data={**form, "client_secret": "no"}, timeout=5)
    assert wrong.json() == {"error": "invalid_client"}


def test_one_kind_of_host_has_a_zero_in_its_addresses(
    sandbox: CreatioSandbox, raw: requests.Session, url: str
) -> None:
    assert raw.get(f"{url}/0/odata/Tax").status_code == 200
    other = raw.get(f"{url}/odata/Tax")
    assert (other.status_code, "html" in other.headers["Content-Type"]) == (404, True)
    sandbox.set_setting("host", "core")
    assert raw.get(f"{url}/odata/Tax").status_code == 200
    assert raw.get(f"{url}/0/odata/Tax").status_code == 404


# reading ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Name eq 'Northgate Instruments'", 1),
        ("Name eq 'O''Hara & Sons'", 1),
        ("contains(Name,'gate')", 1),
        ("startswith(Name,'North') and endswith(Name,'ments')", 1),
        ("not startswith(Name,'North')", 10),
        ("Name ne 'Northgate Instruments'", 10),
        ("(Code eq 'C10001' or Code eq 'C10002') and Name ne 'x'", 2),
        ("PrimaryContact/Name eq 'Nora Hughes'", 1),
        ("PrimaryContact eq null", 1),
        ("Type/Id ne null", 11),
        ("Type/Name eq 'Customer'", 10),
        ("CreatedOn ge 2026-01-05T08:00:00Z", 10),
        ("CreatedOn ge 2026-01-05T10:00:00+02:00", 10),
        ("CreatedOn lt 2026-01-01T00:00:00Z", 1),
        ("Fax eq ''", 11),
    ],
)
def test_the_filter_language(raw: requests.Session, url: str, text: str, count: int) -> None:
    assert len(values(raw, url, "Account", filter=text)) == count


def test_numbers_and_truth_in_filters(raw: requests.Session, url: str) -> None:
    assert len(values(raw, url, "Product", filter="Price gt 1000 and Price le 1250.00")) == 1
    assert len(values(raw, url, "Product", filter="Active eq true")) == 18
    assert values(raw, url, "Product", filter="Active eq false") == []


def test_a_lookup_column_cannot_be_filtered(raw: requests.Session, url: str) -> None:
    answer = get(raw, url, "Opportunity", filter=f"StageId eq {WON}")
    assert answer.status_code == 500
    inner = answer.json()["error"]["innererror"]["message"]
    assert inner == "Column by path StageId not found in schema Opportunity."
    assert values(raw, url, "Opportunity", filter=f"Stage/Id eq {WON}")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "CreatedOn gt '2026-01-01'",
            "'Edm.DateTimeOffset' and 'Edm.String' for operator kind 'GreaterThan'",
        ),
        ("Account/Id eq 'x'", "'Edm.Guid' and 'Edm.String' for operator kind 'Equal'"),
        (
            "Nope eq 1",
            "Could not find a property named 'Nope' on type 'Terrasoft.Configuration.OData.Opportunity'.",
        ),
        ("Account/Nope eq 1", "on type 'Terrasoft.Configuration.OData.Account'"),
        ("Title eq", "Syntax error"),
        ("Title like 'x'", "not an operator"),
        ("Title eq 'a' Title", "was not expected"),
        ("contains(Amount,'1')", "No function signature"),
        ("Account eq 1", "only be compared with null"),
        ("(Title eq 'a'", "expected )"),
        ("Title eq \u00a7", "Syntax error at position"),
    ],
)
def test_filters_that_are_refused(raw: requests.Session, url: str, text: str, message: str) -> None:
    answer = get(raw, url, "Opportunity", filter=text)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith("The query specified in the URI is not valid.")
    assert message in answer.json()["error"]["message"]


def test_what_is_empty_reads_oddly(sandbox: CreatioSandbox, raw: requests.Session, url: str) -> None:
    row = values(raw, url, "Contact", filter="Name eq 'Supervisor'")[0]
    assert row["AccountId"] == EMPTY
    assert row["BirthDate"] == "0001-01-01T00:00:00Z"
    assert row["Phone"] == ""
    assert row["DoNotUseEmail"] is False


def test_expanding_lookups_and_children(sandbox: CreatioSandbox, raw: requests.Session, url: str) -> None:
    expand = f"Account($select=Id,Name),{LINES}($select=Price,Quantity;$expand=Product($select=Name);$orderby=Price desc)"
    row = values(raw, url, "Opportunity", filter=f"Id eq {first(sandbox)['Id']}", expand=expand)[0]
    assert row["Account"]["Name"] == "Northgate Instruments"
    assert [line["Product"]["Name"] for line in row[LINES]] == [
        "Warehouse suite, 10 users, year",
        "On-site installation, day",
        "Handheld scanner",
    ]
    assert set(row[LINES][0]) == {"Price", "Quantity", "Product"}
    assert values(raw, url, "Contact", filter="Name eq 'Supervisor'", expand="Account")[0]["Account"] is None


def test_ordering_paging_and_counting(sandbox: CreatioSandbox, raw: requests.Session, url: str) -> None:
    answer = get(raw, url, "Product", orderby="Price desc,Id", top="2", skip="1", count="true").json()
    assert answer["@odata.count"] == 18
    assert [row["Price"] for row in answer["value"]] == [1800.0, 1250.0]
    assert answer["@odata.context"].endswith("$metadata#Product")
    assert get(raw, url, "Product/$count", filter="Price gt 1000").text == "3"
    sandbox.set_setting("row_cap", "5")
    assert len(values(raw, url, "Product", top="10")) == 5


def test_one_object_and_its_fields(sandbox: CreatioSandbox, raw: requests.Session, url: str) -> None:
    key = first(sandbox)["Id"]
    assert get(raw, url, f"Opportunity({key})").json()["Id"] == key
    assert get(raw, url, f"Opportunity({key})/Amount").json()["value"] == 8400.0
    assert get(raw, url, f"Opportunity({key})/Title/$value").text.startswith("Warehouse rollout")
    assert get(raw, url, f"Opportunity({uuid.uuid4()})").status_code == 404
    missing = get(raw, url, "NoSuchThing")
    assert (missing.status_code, "html" in missing.headers["Content-Type"]) == (404, True)
    assert get(raw, url, "SysImage").json()["value"] == []


@pytest.mark.parametrize(
    "options", [{"select": "Nope"}, {"expand": "Nope"}, {"orderby": "Nope"}, {"top": "x"}]
)
def test_bad_options_are_refused(raw: requests.Session, url: str, options: dict[str, str]) -> None:
    assert get(raw, url, "Account", **options).status_code == 400


# writing ---------------------------------------------------------------------------------------------


def test_creating_answers_the_whole_entity(raw: requests.Session, url: str) -> None:
    key = str(uuid.uuid4())
    answer = raw.post(f"{url}/0/odata/Contact", json={"Id": key, "Name": "Ada", "AccountId": EMPTY})
    assert answer.status_code == 201
    assert (answer.json()["Id"], answer.json()["Surname"], answer.json()["AccountId"]) == (key, "", EMPTY)
    again = raw.post(f"{url}/0/odata/Contact", json={"Id": key, "Name": "Ada"})
    assert again.status_code == 500
    assert "23505" in again.json()["error"]["innererror"]["message"]


@pytest.mark.parametrize(
    ("body", "status", "text"),
    [
        ({"Name": "A", "Foo": 1}, 400, "The property 'Foo' does not exist"),
        ({"Name": "A", "AccountId": str(uuid.UUID(int=7))}, 500, "23503"),
        ({"Surname": "A"}, 500, "Field Name must be filled in"),
        ({"Name": "x" * 251}, 500, "22001"),
        ({"Name": 5}, 400, "Cannot convert the literal"),
        ({"Name": "A", "DoNotUseEmail": "yes"}, 400, "Cannot convert the literal"),
        ({"Name": "A", "BirthDate": "tomorrow"}, 400, "Cannot convert the literal"),
    ],
)
def test_creating_badly(
    raw: requests.Session, url: str, body: dict[str, Any], status: int, text: str
) -> None:
    answer = raw.post(f"{url}/0/odata/Contact", json=body)
    assert answer.status_code == status
    assert text in answer.json()["error"]["innererror"]["message"]


def test_updating_is_silent(sandbox: CreatioSandbox, raw: requests.Session, url: str) -> None:
    deal = first(sandbox)
    address = f"{url}/0/odata/Opportunity({deal['Id']})"
    answer = raw.patch(address, json={"Title": "New", "Nonsense": 1, "AccountId": EMPTY, "ContactId": None})
    assert (answer.status_code, answer.content) == (204, b"")
    now = sandbox.get("Opportunity", deal["Id"])
    assert now is not None
    assert (now["Title"], now["AccountId"], now["ContactId"]) == ("New", deal["AccountId"], None)
    assert now["ModifiedOn"] > deal["ModifiedOn"]
    sandbox.active["strict_patch"] = {}
    assert raw.patch(address, json={"Nonsense": 1}).status_code == 400
    assert raw.patch(f"{url}/0/odata/Opportunity({uuid.uuid4()})", json={}).status_code == 404


def test_deleting_respects_what_points_there(
    sandbox: CreatioSandbox, raw: requests.Session, url: str
) -> None:
    deal = first(sandbox)
    answer = raw.delete(f"{url}/0/odata/Account({deal['AccountId']})")
    assert answer.status_code == 500
    assert "violates foreign key constraint" in answer.json()["error"]["innererror"]["message"]
    line = first(sandbox, "OpportunityProductInterest")
    assert raw.delete(f"{url}/0/odata/OpportunityProductInterest({line['Id']})").status_code == 204
    assert sandbox.get("OpportunityProductInterest", line["Id"]) is None


def test_a_batch_stops_at_its_first_error_unless_told(raw: requests.Session, url: str) -> None:
    requests_ = [
        {"method": "POST", "url": "Contact", "id": "1", "body": {"Name": "One"}},
        {"method": "POST", "url": "Contact", "id": "2", "body": {"Name": "Two", "Foo": 1}},
        {"method": "GET", "url": "Contact?$filter=Name eq 'One'", "id": "3"},
    ]
    stopped = raw.post(f"{url}/0/odata/$batch", json={"requests": requests_}).json()["responses"]
    assert [one["status"] for one in stopped] == [201, 400]
    headers = {"Prefer": "continue-on-error"}
    whole = raw.post(f"{url}/0/odata/$batch", json={"requests": requests_}, headers=headers).json()[
        "responses"
    ]
    assert [one["status"] for one in whole] == [201, 400, 200]
    assert len(whole[2]["body"]["value"]) == 2
    assert raw.post(f"{url}/0/odata/$batch", json={"requests": requests_ * 34}).status_code == 400
    assert raw.post(f"{url}/0/odata/$batch", json={}).status_code == 400


def test_a_batch_of_reads_changes_nothing(sandbox: CreatioSandbox, raw: requests.Session, url: str) -> None:
    sandbox.journal.clear()
    raw.post(f"{url}/0/odata/$batch", json={"requests": [{"method": "GET", "url": "Tax", "id": "1"}]})
    raw.post(
        f"{url}/0/odata/$batch", json={"requests": [{"method": "POST", "url": "Tax", "id": "1", "body": {}}]}
    )
    assert [call["mutating"] for call in sandbox.journal] == [False, True]


def test_a_row_may_be_stored_although_the_answer_says_error(
    sandbox: CreatioSandbox, raw: requests.Session, url: str
) -> None:
    sandbox.active["fail_after_storing"] = {"times": 1}
    assert raw.post(f"{url}/0/odata/Tax", json={"Name": "Odd"}).status_code == 500
    assert len(values(raw, url, "Tax", filter="Name eq 'Odd'")) == 1


# the other services ----------------------------------------------------------------------------------


def test_running_a_process(sandbox: CreatioSandbox, raw: requests.Session, url: str) -> None:
    address = f"{url}/0/ServiceModel/ProcessEngineService.svc/RunProcess"
    body = {
        "schemaName": "UsrRaiseInvoice",
        "parameterValues": [
            {"name": "RecordId", "value": first(sandbox)["Id"]},
            {"name": "Odd", "value": "1"},
        ],
        "resultParameterNames": ["Answer"],
    }
    answer = raw.post(address, json=body).json()
    assert (answer["success"], answer["processStatus"], answer["errorInfo"]) == (True, 2, None)
    assert answer["resultParameterValues"]["Answer"].startswith("Not sent: this button has no address")
    unknown = raw.post(address, json={"schemaName": "UsrOther"}).json()
    assert unknown["success"] is False
    assert "UsrOther" in unknown["errorInfo"]["message"]
    raw.headers["BPMCSRF"] = ""
    assert raw.post(address, json=body).status_code == 403


def test_the_data_service_selects(raw: requests.Session, url: str) -> None:
    address = f"{url}/0/DataService/json/SyncReply/SelectQuery"
    columns = {"items": {"Title": {"expression": {"expressionType": 0, "columnPath": "Name"}}}}
    body: dict[str, Any] = {"rootSchemaName": "Tax", "columns": columns, "rowCount": 1, "rowsOffset": 1}
    answer = raw.post(address, json=body).json()
    assert (answer["success"], answer["rowsAffected"], set(answer["rows"][0])) == (True, 1, {"Title"})
    wrong = raw.post(address, json={**body, "rootSchemaName": "Nope"})
    assert wrong.status_code == 200
    assert wrong.json()["responseStatus"]["Message"] == "Schema Nope not found."
    filtered = raw.post(address, json={**body, "filters": {"items": {"a": {}}}}).json()
    assert filtered["success"] is False


# data ------------------------------------------------------------------------------------------------


def test_seeding_is_reproducible_and_the_first_deal_is_always_the_same() -> None:
    one, two = CreatioSandbox(), CreatioSandbox()
    assert one.seed(60, 7) == two.seed(60, 7)
    assert [row["Id"] for row in one.all("Opportunity")] == [row["Id"] for row in two.all("Opportunity")]
    other = CreatioSandbox()
    other.seed(30, 8)
    assert first(other)["Id"] == first(one)["Id"]
    assert first(other)["Title"] == "Warehouse rollout, Northgate Instruments"
    names = [row["Name"] for row in one.all("Account")]
    assert len(set(names)) == len(names)
    won = [row for row in one.all("Opportunity") if row["StageId"] == WON]
    assert 15 <= len(won) <= 40
    for deal in one.all("Opportunity"):
        lines = one.store.children("OpportunityProductInterest", "OpportunityId", deal["Id"])
        assert sum(line["Amount"] for line in lines) == deal["Amount"]
    for each in (one, two, other):
        each.db.close()


def test_data_outlives_the_process(tmp_path: Any) -> None:
    one = CreatioSandbox(tmp_path / "creatio.db")
    one.seed(5, 1)
    rows = one.all("Opportunity")
    one.db.close()
    again = CreatioSandbox(tmp_path / "creatio.db")
    assert again.all("Opportunity") == rows
    again.db.close()
