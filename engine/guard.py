"""Where calls may go: an address that somebody types must not turn Heddle into a way into the network it lives in.

Public addresses are open. Loopback, private, link-local, multicast and reserved ones, and the services that tell a
cloud machine its own credentials, are shut unless the installation's owner opens them with ``HEDDLE_ALLOW_HOSTS``:
entries separated by commas, each a host name (``erp.local``), an address, a range (``10.1.0.0/16``,
``fd00::/8``), or a name or an address with a port (``127.0.0.1:8601``, ``[::1]:8601``).

A name is resolved once for each connection, and the socket is opened to the very address that was checked: there is
no second look-up that could answer differently. What a redirect leads to is a connection like any other.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from requests.utils import select_proxy
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util.connection import create_connection

from engine.errors import AccessError, DefinitionError, Problem

VARIABLE = "HEDDLE_ALLOW_HOSTS"

Address = IPv4Address | IPv6Address

METADATA: frozenset[Address] = frozenset(
    ip_address(one)
    for one in ("169.254.169.254", "169.254.170.2", "fd00:ec2::254", "100.100.100.200", "168.63.129.16", "192.0.0.192")
)  # fmt: skip
"""Where AWS, Google, Azure, Oracle, Alibaba and others tell a machine about itself; no range opens these."""

NAT64 = IPv6Network("64:ff9b::/96")


@dataclass(frozen=True)
class Allowed:
    """What the installation's owner has opened. ``names`` and ``addresses``: with a port, or None for all ports."""

    names: frozenset[tuple[str, int | None]] = frozenset()
    addresses: frozenset[tuple[Address, int | None]] = frozenset()
    ranges: tuple[IPv4Network | IPv6Network, ...] = field(default=())

    def has(self, host: str, address: Address, port: int) -> bool:
        name = host.rstrip(".").lower()
        if any((name, one) in self.names or (address, one) in self.addresses for one in (None, port)):
            return True
        return address not in METADATA and any(address in one for one in self.ranges)


@lru_cache(maxsize=8)
def allowed(text: str) -> Allowed:
    """Reads an allow-list. Raises DefinitionError for an entry that cannot be meant."""
    names: set[tuple[str, int | None]] = set()
    addresses: set[tuple[Address, int | None]] = set()
    ranges: list[IPv4Network | IPv6Network] = []
    for entry in filter(None, (part.strip() for part in text.split(","))):
        try:
            if "/" in entry:
                ranges.append(ip_network(entry))
                continue
            host, port = _split(entry)
            try:
                addresses.add((_plain(ip_address(host)), port))
            except ValueError:
                names.add((_name(host), port))
        except ValueError as error:
            raise DefinitionError(
                [
                    Problem(
                        "E-ALLOW-HOSTS",
                        f"{VARIABLE} has an entry that is neither a host nor a range: {entry!r}.",
                        "Write hosts, host:port or ranges such as 10.1.0.0/16, separated by commas.",
                    )
                ]
            ) from error
    return Allowed(frozenset(names), frozenset(addresses), tuple(ranges))


def addresses(host: str, port: int) -> list[str]:
    """The addresses of a host to which a connection may be opened, in the order of the system's preference.

    Raises AccessError when it has none that is allowed, socket.gaierror when it has none at all.
    """
    opened = allowed(os.environ.get(VARIABLE, ""))
    answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    found = list(dict.fromkeys(str(answer[4][0]) for answer in answers))
    good = [one for one in found if _may(host, _plain(ip_address(one)), port, opened)]
    if not good:
        raise AccessError(
            f"Heddle does not call {host}: it leads into the internal network ({', '.join(found)}).",
            code="E-GUARD",
            cure=f"If that is meant, whoever runs this installation adds {_entry(host, port)} to "
            f"{VARIABLE} and starts it again.",
        )
    return good


def _may(host: str, address: Address, port: int, opened: Allowed) -> bool:
    return _is_public(address) or opened.has(host, address, port)


def _is_public(address: Address) -> bool:
    return address.is_global and not address.is_multicast and address not in METADATA


def _plain(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for, where it does; without a zone."""
    if isinstance(address, IPv4Address):
        return address
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
    if inner is None and address.is_link_local and address.scope_id:
        return IPv6Address(int(address))
    return inner or address


def _split(entry: str) -> tuple[str, int | None]:
    """``host``, ``host:port``, ``::1`` or ``[::1]:port``. Raises ValueError."""
    if entry.count(":") > 1 and not entry.startswith("["):
        return entry, None
    parts = urlsplit(f"//{entry}")
    if not parts.hostname or parts.path or parts.query or parts.fragment or parts.username is not None:
        raise ValueError(entry)
    return parts.hostname, parts.port


def _name(host: str) -> str:
    name = host.rstrip(".").lower()
    if not name or any(not (letter.isalnum() or letter in "-._") for letter in name):
        raise ValueError(host)
    return name


def _entry(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class _Checked(HTTPConnection):
    """Opens its socket to an address that was checked, and to no other."""

    def _new_conn(self) -> socket.socket:
        return _open(self)


class _CheckedTls(HTTPSConnection):
    """The same for HTTPS; the certificate is still that of the name."""

    def _new_conn(self) -> socket.socket:
        return _open(self)


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Checked


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _CheckedTls


def _open(connection: HTTPConnection) -> socket.socket:
    """A socket to the first address that answers; errors as urllib3 raises them."""
    host = connection.host.strip("[]")
    try:
        found = addresses(host, connection.port)
    except (socket.gaierror, UnicodeError) as error:
        raise NameResolutionError(host, connection, socket.gaierror(str(error))) from error
    return _first(connection, found)


def _first(connection: HTTPConnection, found: Iterable[str]) -> socket.socket:
    last: OSError | None = None
    for address in found:
        try:
            opened = create_connection(
                (address, connection.port),
                connection.timeout,
                source_address=connection.source_address,
                socket_options=connection.socket_options,
            )
        except OSError as error:
            last = error
        else:
            _forget_in_time(opened, connection.timeout)
            return opened
    if isinstance(last, TimeoutError):
        raise ConnectTimeoutError(connection, f"Connection to {connection.host} timed out.") from last
    raise NewConnectionError(connection, f"Failed to establish a new connection: {last}") from last


def _forget_in_time(opened: socket.socket, timeout: object) -> None:
    """Makes the kernel give up sending when we give up waiting.

    Without it, a request on a line that was cut arrives when the line is mended, minutes later and though its
    process is dead: long after somebody looked, found nothing and sent it again.
    """
    if isinstance(timeout, int | float) and hasattr(socket, "TCP_USER_TIMEOUT"):
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, max(1, int(timeout * 1000)))


class GuardedAdapter(HTTPAdapter):
    """The transport of every call that leaves: see the module."""

    def init_poolmanager(self, *args: Any, **more: Any) -> None:
        super().init_poolmanager(*args, **more)
        manager: PoolManager = self.poolmanager
        manager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}

    def send(self, request: PreparedRequest, *args: Any, **more: Any) -> Response:
        """As HTTPAdapter; through a proxy, which resolves names by itself, the name is checked beforehand."""
        proxies = more.get("proxies") or (args[4] if len(args) > 4 else None)
        url = request.url or ""
        if select_proxy(url, proxies):
            _check(url)
        return super().send(request, *args, **more)


def _check(url: str) -> None:
    parts = urlsplit(url)
    try:
        addresses(parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))
    except (socket.gaierror, UnicodeError):
        return  # known to the proxy alone: reaching it is what the proxy is for
