"""``heddle up``: everything in one supervised process tree."""

from __future__ import annotations

import http.client
import json
import os
import socket
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import click

from designer import demo, valkey
from designer.config import Config
from designer.lock import DataLock
from designer.process import Child
from designer.supervisor import StartError, Stopped, Supervisor
from engine import guard, registry
from engine.errors import EngineError

SERVICES, WEB, WORK = 0, 1, 2  # the stages: each is started when the one before is up, and stopped before it
READY_WITHIN = 90.0  # seconds


@click.command()
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1, 32), help="Worker processes.")
@click.option(
    "--bulk-workers",
    default=1,
    show_default=True,
    type=click.IntRange(0, 32),
    help="More that only take bulk runs.",
)
def command(workers: int, bulk_workers: int) -> None:
    """Start everything, heal what falls, and stop all of it at Ctrl-C.

    Web server, workers, scheduler and an embedded Valkey; with HEDDLE_DEMO=1 the demo systems too.
    """
    began = time.monotonic()
    config = Config()
    url = f"http://{address(config.host)}:{config.port}"
    data = config.data.absolute()
    with DataLock(data, url):
        systems = [name for name in registry.sandbox_systems() if config.demo and name in demo.SYSTEMS]
        ports = {system: config.port + 1 + n for n, system in enumerate(systems)}
        for port in (config.port, *ports.values()):
            check_port(config.host, port)
        environment = shared_environment(config, data, ports)
        children = tree(config, data, environment, workers, bulk_workers, ports)
        with Supervisor(children, say) as supervisor:
            try:
                bring_up(supervisor, config, url, environment)
                say(f"Heddle is ready at {url}  ({time.monotonic() - began:.1f} s; Ctrl-C stops it)")
                supervisor.run()
            except StartError as error:
                raise click.ClickException(f"Heddle could not start: {error}") from error
            except Stopped:
                pass
            say("Stopping …")
    say("Heddle has stopped; its data is kept.")


def bring_up(supervisor: Supervisor, config: Config, url: str, environment: dict[str, str]) -> None:
    """Starts all children; returns when the product answers. Raises StartError or Stopped."""
    supervisor.start(SERVICES)
    supervisor.run_once(
        Child("prepare", heddle("prepare"), environment=environment), "Preparing the database"
    )
    supervisor.start(WEB)
    supervisor.wait_until(lambda: answers(config), READY_WITHIN, "The web server")
    supervisor.start(WORK)  # only now, so that they do not take the cores that people wait for
    sandboxes = json.loads(environment["HEDDLE_SANDBOXES"])
    if config.demo and not demo.is_installed(config.data, url, sandboxes):
        task = Child("demo", heddle("demo", "--url", url), environment=environment)
        try:
            supervisor.run_once(task, "Setting up the demo")
        except StartError as error:
            say(f"{error} Heddle itself is well; the demo is tried again at the next start.")


def shared_environment(config: Config, data: Path, ports: dict[str, int]) -> dict[str, str]:
    """What every child is told, on top of what this process was told."""
    urls = {system: f"http://{address(config.host)}:{port}" for system, port in ports.items()}
    sandboxes = {**urls, **config.sandboxes}
    opened = [os.environ.get(guard.VARIABLE, ""), *(urlsplit(url).netloc for url in sandboxes.values())]
    return {
        "HEDDLE_DATA": str(data),
        "HEDDLE_REDIS_URL": config.redis_url or valkey.url(data),
        "HEDDLE_SANDBOXES": json.dumps(sandboxes),
        # The demo systems live on this machine, where calls may not go otherwise.
        guard.VARIABLE: ",".join(filter(None, opened)),
        "PYTHONUNBUFFERED": "1",
    }


def tree(
    config: Config,
    data: Path,
    environment: dict[str, str],
    workers: int,
    bulk_workers: int,
    ports: dict[str, int],
) -> list[Child]:
    """Every child of an installation."""
    logs = data / "logs"
    logs.mkdir(parents=True, exist_ok=True)

    def child(name: str, stage: int, *arguments: str, grace: float = 4.0) -> Child:
        return Child(name, heddle(*arguments), stage, grace, environment, logs / f"{name}.log")

    children = [child("web", WEB, "serve"), child("scheduler", WORK, "scheduler")]
    children += [child(f"worker-{n}", WORK, "worker") for n in range(1, workers + 1)]
    children += [child(f"bulk-worker-{n}", WORK, "worker", "--bulk") for n in range(1, bulk_workers + 1)]
    if not config.redis_url:
        children.append(
            Child("valkey", valkey.command(data), SERVICES, 4.0, environment, logs / "valkey.log")
        )
    for system, port in ports.items():
        home = data / "sandboxes" / f"{system}.db"
        children.append(
            child(
                f"sandbox-{system}",
                SERVICES,
                *("sandbox", system, "--host", config.host, "--port", str(port), "--data", str(home)),
                grace=1.0,
            )
        )
    return children


def heddle(*arguments: str) -> list[str]:
    """A command of ours, in a process of its own."""
    return [sys.executable, "-m", "designer.cli", *arguments]


def answers(config: Config) -> bool:
    """Whether the product says that it is ready."""
    connection = http.client.HTTPConnection(address(config.host).strip("[]"), config.port, timeout=2)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def check_port(host: str, port: int) -> None:
    """Raises EngineError when somebody listens there already."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise EngineError(
                f"Heddle cannot use port {port}: {error.strerror}.",
                code="E-PORT",
                cure="Stop what uses it, or choose another: HEDDLE_PORT=8700 (the demo systems take the next ones).",
            ) from error


def address(host: str) -> str:
    """The host as it stands in an address that can be opened on this machine."""
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - it is compared, not bound
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def say(text: str) -> None:
    click.echo(text)
    sys.stdout.flush()
