"""What the fault suite starts and kills: PostgreSQL with its durability on, and web processes."""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests import programs
from tests.services import free_port, wait_for

ROOT = Path(__file__).resolve().parent.parent.parent
READY_SECONDS = 60.0


class Postgres:
    """A PostgreSQL that keeps what it committed, whatever happens to its process."""

    def __init__(self) -> None:
        binaries = programs.postgresql()
        if binaries is None:
            raise RuntimeError("PostgreSQL is not installed.")
        self.binaries = binaries
        owner = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
        self.user = owner.pw_uid if owner else None
        self.folder = tempfile.TemporaryDirectory(
            prefix="invigil-faults-", ignore_cleanup_errors=True
        )
        if owner:
            os.chown(self.folder.name, owner.pw_uid, owner.pw_gid)
        self.data, self.port = Path(self.folder.name) / "data", free_port()
        self.url = f"postgresql://invigil@127.0.0.1:{self.port}/postgres"
        self.process: subprocess.Popen[bytes] | None = None
        self._run("initdb", "-U", "invigil", "-A", "trust", "-E", "UTF8")
        self.start()

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self.binaries / program), "-D", str(self.data), *arguments]
        subprocess.run(command, check=True, user=self.user, **self._quietly())

    def _quietly(self) -> dict[str, Any]:
        environment = os.environ | {"LC_ALL": "C.UTF-8", "TZ": "UTC"}
        silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        return {"cwd": self.folder.name, "env": environment, **silent}

    def start(self) -> None:
        options = ["-c", f"port={self.port}", "-c", "listen_addresses=127.0.0.1"]
        options += ["-c", f"unix_socket_directories={self.folder.name}"]
        options += ["-c", "max_connections=200", "-c", "fsync=on"]
        # Only how recovery begins: one call instead of one fsync per file of the folder.
        options += ["-c", "recovery_init_sync_method=syncfs"]
        command = [str(self.binaries / "postgres"), "-D", str(self.data), *options]
        until = time.monotonic() + READY_SECONDS
        while True:
            # A killed postmaster's children hold its shared memory for a moment.
            process = subprocess.Popen(command, user=self.user, **self._quietly())
            try:
                wait_for(self.port, process)
            except RuntimeError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.3)
            else:
                self.process = process
                return

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def stop_at_once(self) -> None:
        """Stop in PostgreSQL's immediate mode: no checkpoint, recovery at the start."""
        self._end(signal.SIGQUIT)

    def close(self) -> None:
        self._end(signal.SIGINT)
        self.folder.cleanup()

    def _end(self, number: signal.Signals) -> None:
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(30)
            self.process = None


class Web:
    """A web process on that PostgreSQL, without a worker of its own."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment, self.port = environment, free_port()
        self.log = Path(environment["VAR_DIR"]) / f"web-{self.port}.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        begun = self._log().count("READY")
        options = ["--port", str(self.port), "--no-celery", "--no-static"]
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "serve", *options],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
            )
        until = time.monotonic() + READY_SECONDS
        while self._log().count("READY") == begun:
            if self.process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"The web process did not start: {self._log()[-2000:]}")
            time.sleep(0.05)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(30)
            self.process = None

    def _log(self) -> str:
        return self.log.read_text() if self.log.exists() else ""
