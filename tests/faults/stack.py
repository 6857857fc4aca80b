"""Everything that runs while faults happen: services, processes of ours, the wire to candidates."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from tests import programs
from tests.faults.proxy import Proxy
from tests.faults.servers import ROOT, Celery, Nginx, Postgres, Redis, Web

PATIENCE_SECONDS = 60.0


@dataclass
class Stack:
    """One deployment; what is None is not part of it."""

    environment: dict[str, str]
    postgres: Postgres
    webs: list[Web]
    clocks: list[Path]
    edges: list[Proxy]
    redis: Redis | None = None
    workers: list[Celery] = field(default_factory=list)
    nginx: Nginx | None = None

    @property
    def ports(self) -> list[int]:
        """Where candidates connect: the far end of the wire."""
        return [edge.port for edge in self.edges]

    def run(self, *arguments: str, given: str = "") -> str:
        return run(self.environment, *arguments, given=given)

    def cut(self) -> None:
        for edge in self.edges:
            edge.cut()

    def mend(self) -> None:
        for edge in self.edges:
            edge.mend()

    def set_clocks(self, seconds: float, *, only: int | None = None) -> None:
        """Move the application clock of every process, or of one web process."""
        chosen = self.clocks if only is None else [self.clocks[only]]
        for clock in chosen:
            clock.write_text(str(seconds))

    def is_heard(self, kind: str) -> None:
        """Wait until a worker, or beat through a worker, says that it lives; raises if not.

        Nothing starts one again here, as systemd does: what a fault may not do is end it.
        """
        asked = "SELECT count(*) FROM delivery_heartbeat WHERE kind = %s AND at > %s"
        until = time.monotonic() + PATIENCE_SECONDS
        with psycopg.connect(self.postgres.url, autocommit=True) as database:
            since = self._last(database, kind)
            while time.monotonic() < until:
                row = database.execute(asked, [kind, since]).fetchone()
                if row and row[0]:
                    return
                for one in self.workers:
                    one.must_live()
                time.sleep(0.1)
        raise RuntimeError(f"No {kind} is heard any more.")

    def _last(self, database: psycopg.Connection[tuple[Any, ...]], kind: str) -> object:
        asked = "SELECT coalesce(max(at), '2000-01-01') FROM delivery_heartbeat WHERE kind = %s"
        row = database.execute(asked, [kind]).fetchone()
        return row[0] if row else None


def run(environment: dict[str, str], *arguments: str, given: str = "") -> str:
    command = [sys.executable, *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, input=given, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(arguments)}: {done.stdout}{done.stderr}")
    return done.stdout


def _environment(postgres: Postgres, redis: Redis | None, folder: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
    urls = {"DATABASE_URL": postgres.url} | ({"REDIS_URL": redis.url} if redis else {})
    return (
        kept
        | urls
        | {
            "SECRET_KEY": secrets.token_urlsafe(64),
            "VAR_DIR": folder,
            "MEDIA_ROOT": f"{folder}/media",
            "PYTHONUNBUFFERED": "1",
            "PYTHONPATH": str(ROOT),
        }
    )


@contextmanager
def standing(folder: str, *, whole: bool, disk_mib: int = 0) -> Iterator[Stack]:
    """Start a deployment: PostgreSQL and two web processes; if `whole`, all the rest, too."""
    with ExitStack() as closing:
        postgres = Postgres(disk_mib=disk_mib)
        closing.callback(postgres.close)
        redis = Redis() if whole and programs.redis() else None
        if redis is not None:
            closing.callback(redis.close)
        environment = _environment(postgres, redis, folder)
        run(environment, "manage.py", "migrate", "--verbosity", "0")
        clocks = [Path(folder) / f"clock-{number}" for number in range(3)]
        for clock in clocks:
            clock.write_text("0")
        lying = clocks if whole else [None, None, None]
        stack = Stack(
            environment, postgres, [Web(environment, one) for one in lying[:2]], clocks, []
        )
        if redis is not None:
            stack.redis = redis
            stack.workers = [Celery(role, environment, lying[2]) for role in ("worker", "beat")]
        for web in stack.webs:
            closing.callback(web.kill)
            web.start()
        for worker in stack.workers:
            closing.callback(worker.kill)
            worker.start()
        _wire(stack, closing, whole=whole)
        yield stack


def _wire(stack: Stack, closing: ExitStack, *, whole: bool) -> None:
    targets = [web.port for web in stack.webs]
    if whole and shutil.which("nginx"):
        stack.nginx = Nginx(targets)
        closing.callback(stack.nginx.close)
        targets = [stack.nginx.port]
    stack.edges = [Proxy(port) for port in targets]
    for edge in stack.edges:
        closing.callback(edge.close)


def cast(stack: Stack, working: int, crowd: int) -> dict[str, list[dict[str, Any]]]:
    """Make candidates by the product's own verbs; see tests.faults.scene."""
    made: dict[str, list[dict[str, Any]]] = json.loads(
        stack.run("-m", "tests.faults.scene", str(working), str(crowd))
    )
    return made
