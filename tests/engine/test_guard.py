"""Calls go to public addresses and to what the installation's owner has opened, and nowhere else."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask, redirect
from werkzeug.serving import make_server

from engine import guard
from engine.errors import AccessError, DefinitionError, InDoubt, Unavailable
from engine.http import MAX_BODY, GuardedSession, Http

PUBLIC = "93.184.215.14"


@pytest.fixture(autouse=True)
def shut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(guard.VARIABLE, "")
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def allow(monkeypatch: pytest.MonkeyPatch) -> Any:
    return lambda text: monkeypatch.setenv(guard.VARIABLE, text)


class Dns:
    """Answers look-ups from a table; a list of lists answers differently each time."""

    def __init__(self) -> None:
        self.table: dict[str, list[list[str]]] = {}
        self.asked: list[str] = []
        self.real = socket.getaddrinfo

    def __call__(self, host: str, port: int, *args: Any, **more: Any) -> Any:
        if host not in self.table:
            return self.real(host, port, *args, **more)
        self.asked.append(host)
        answers = self.table[host]
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        return [
            (socket.AF_INET6 if ":" in one else socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port))
            for one in found
        ]


@pytest.fixture
def dns(monkeypatch: pytest.MonkeyPatch) -> Dns:
    made = Dns()
    monkeypatch.setattr(socket, "getaddrinfo", made)
    return made


@pytest.fixture
def server() -> Iterator[tuple[int, list[str]]]:
    """A server on 127.0.0.1: its port and the paths it was asked for."""
    asked: list[str] = []
    app = Flask("target")
    made = make_server("127.0.0.1", 0, app, threaded=True)

    @app.route("/<path:path>", methods=["GET", "POST"])
    def any_path(path: str) -> Any:
        asked.append(path)
        return redirect(f"http://elsewhere.test:{made.server_port}/loot") if path == "away" else "here"

    thread = threading.Thread(target=made.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield made.server_port, asked
    made.shutdown()
    thread.join()
    made.server_close()


INTERNAL = [
    "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.1.1",
    "169.254.169.254", "100.64.0.1", "100.100.100.200", "168.63.129.16", "224.0.0.1", "239.255.255.250",
    "255.255.255.255", "192.0.0.192", "::", "::1", "fe80::1", "fe80::1%1", "fc00::1", "fd00:ec2::254", "ff02::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::",
    "2002:a00:1::1",
]  # fmt: skip


@pytest.mark.parametrize("address", INTERNAL)
def test_what_is_internal_is_shut(address: str, dns: Dns) -> None:
    dns.table["name.test"] = [[address]]
    with pytest.raises(AccessError) as refused:
        guard.addresses("name.test", 443)
    assert refused.value.code == "E-GUARD"
    assert "HEDDLE_ALLOW_HOSTS" in refused.value.cure
    assert "name.test:443" in refused.value.cure


@pytest.mark.parametrize("address", [PUBLIC, "1.1.1.1", "2606:4700:4700::1111", "64:ff9b::5db8:d70e"])
def test_what_is_public_is_open(address: str, dns: Dns) -> None:
    dns.table["name.test"] = [[address]]
    assert guard.addresses("name.test", 443) == [address]


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0", "[::1]",
             "[::ffff:127.0.0.1]", "[0:0:0:0:0:ffff:7f00:1]"]
)  # fmt: skip
def test_no_spelling_gets_through(host: str, server: tuple[int, list[str]]) -> None:
    port, asked = server
    for mutating in (False, True):
        with pytest.raises((AccessError, Unavailable)) as refused:
            Http(timeout=5).request("POST", f"http://{host}:{port}/x", mutating=mutating)
        assert refused.value.code == "E-GUARD"
    assert asked == []


def test_an_installation_opens_hosts_addresses_and_ranges(allow: Any, dns: Dns) -> None:
    dns.table.update({"erp.local": [["10.1.2.3"]], "crm.local": [["10.9.9.9"]], "v6.local": [["fd12::7"]]})
    for text, opened, closed in (
        ("erp.local", ("ERP.local.", 80), ("crm.local", 80)),
        ("erp.local:8080", ("erp.local", 8080), ("erp.local", 80)),
        ("10.1.2.3", ("erp.local", 80), ("crm.local", 80)),
        ("10.1.2.3:443", ("erp.local", 443), ("erp.local", 80)),
        (" 10.1.0.0/16 , 192.168.0.0/16", ("erp.local", 1), ("crm.local", 1)),
        ("fd12::/16", ("v6.local", 443), ("crm.local", 443)),
        ("fd12::7", ("v6.local", 443), ("crm.local", 443)),
        ("[fd12::7]:443", ("v6.local", 443), ("v6.local", 80)),
    ):
        allow(text)
        dns.table["ERP.local."] = dns.table["erp.local"]
        assert guard.addresses(*opened)
        with pytest.raises(AccessError):
            guard.addresses(*closed)


def test_no_range_opens_the_metadata_service(allow: Any) -> None:
    allow("169.254.0.0/16,0.0.0.0/0")
    with pytest.raises(AccessError):
        guard.addresses("169.254.169.254", 80)
    assert guard.addresses("169.254.1.1", 80)
    allow("169.254.169.254")
    assert guard.addresses("169.254.169.254", 80) == ["169.254.169.254"]


@pytest.mark.parametrize("text", ["10.0.0.1/8", "http://erp.local", "a b", "erp.local:99999", "x@y", "/16"])
def test_an_entry_that_cannot_be_meant_is_named(text: str, allow: Any) -> None:
    allow(f"10.0.0.1,{text}")
    with pytest.raises(DefinitionError) as refused:
        guard.addresses("127.0.0.1", 80)
    assert refused.value.problems[0].code == "E-ALLOW-HOSTS"
    assert text in refused.value.problems[0].message


def test_of_several_addresses_only_the_open_ones_are_called(dns: Dns) -> None:
    dns.table["mixed.test"] = [["10.0.0.1", PUBLIC, "::1"]]
    assert guard.addresses("mixed.test", 80) == [PUBLIC]


def test_the_address_that_was_checked_is_the_one_that_is_called(
    allow: Any, dns: Dns, server: tuple[int, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that answers with a public address first and with an internal one to the second look-up."""
    port, asked = server
    dns.table["rebind.test"] = [[PUBLIC], ["127.0.0.1"]]
    opened: list[tuple[str, int]] = []

    def connect(address: tuple[str, int], *args: Any, **more: Any) -> socket.socket:
        opened.append(address)
        raise OSError("no way out of a test")

    with monkeypatch.context() as patch:
        patch.setattr(guard, "create_connection", connect)
        with pytest.raises(Unavailable):
            Http(timeout=5).request("POST", f"http://rebind.test:{port}/x", mutating=True)
    assert opened == [(PUBLIC, port)]
    assert dns.asked == ["rebind.test"]
    with pytest.raises(AccessError):  # the next connection asks again, and is checked again
        Http(timeout=5).request("GET", f"http://rebind.test:{port}/x", mutating=False)
    assert asked == []


def test_a_redirect_is_not_followed_and_could_not_lead_inside(
    allow: Any, dns: Dns, server: tuple[int, list[str]]
) -> None:
    port, asked = server
    allow("front.test")
    dns.table.update({"front.test": [["127.0.0.1"]], "elsewhere.test": [["127.0.0.1"]]})
    answer = Http(timeout=5).request("GET", f"http://front.test:{port}/away", mutating=False)
    assert answer.status_code == 302
    assert asked == ["away"]
    with GuardedSession() as session, pytest.raises(AccessError):
        session.get(f"http://front.test:{port}/away", allow_redirects=True, timeout=5)
    assert asked == ["away", "away"]


def test_a_proxy_does_not_carry_calls_inside(
    dns: Dns, server: tuple[int, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    port, asked = server
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{port}")
    dns.table["inside.test"] = [["10.0.0.1"]]
    for url in ("http://inside.test/x", "http://127.0.0.2/x"):
        with pytest.raises(AccessError):
            Http(timeout=5).request("GET", url, mutating=False)
    assert asked == []
    dns.table["outside.test"] = [[PUBLIC]]
    assert Http(timeout=5).request("GET", "http://outside.test/x", mutating=False).status_code < 500


def test_what_is_opened_is_called(allow: Any, server: tuple[int, list[str]]) -> None:
    port, asked = server
    allow(f"127.0.0.1:{port}")
    notes: list[dict[str, Any]] = []
    http = Http(timeout=5, journal=notes.append)
    assert http.request("GET", f"http://127.0.0.1:{port}/x", mutating=False).text == "here"
    with pytest.raises(AccessError):
        http.request("GET", f"http://127.0.0.1:{port + 1}/x", mutating=False)
    assert asked == ["x"]
    assert [note["status"] for note in notes] == [200, None]
    assert "internal network" in notes[1]["error"]


def test_a_port_that_nobody_listens_on_was_certainly_not_written_to(allow: Any) -> None:
    allow("127.0.0.1")
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{bound.getsockname()[1]}/x"
        with pytest.raises(Unavailable):
            Http(timeout=5).request("POST", url, mutating=True)


def test_a_name_that_nobody_knows_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*args: Any, **more: Any) -> Any:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(Unavailable) as refused:
        Http(timeout=5).request("POST", "http://nowhere.test/x", mutating=True)
    assert not isinstance(refused.value, InDoubt)


def test_a_netrc_does_not_replace_the_way_in(
    allow: Any, server: tuple[int, list[str]], tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login thief password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    allow("127.0.0.1")
    http = Http(timeout=5)
    url = f"http://127.0.0.1:{server[0]}/x"
    answer = http.request("GET", url, mutating=False, headers={"Authorization": "Bearer ours"})
    assert answer.request.headers["Authorization"] == "Bearer ours"
    assert "Authorization" not in http.request("GET", url, mutating=False).request.headers


def test_of_a_long_body_its_beginning_is_kept_and_no_part_of_a_secret(
    allow: Any, server: tuple[int, list[str]]
) -> None:
    port, _ = server
    allow(f"127.0.0.1:{port}")
    notes: list[dict[str, Any]] = []
    http = Http(timeout=5, journal=notes.append, secrets=["a-secret-of-ours"])
    body = b"x" * (MAX_BODY - 4) + b"a-secret-of-ours" + b"y" * MAX_BODY
    http.request("POST", f"http://127.0.0.1:{port}/x", mutating=False, data=body)
    kept = notes[0]["request"]
    assert len(kept) == MAX_BODY
    assert "a-s" not in kept
    assert kept.endswith("x•••y")
