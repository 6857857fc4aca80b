"""What the fault suite starts and kills: PostgreSQL with its durability on, Redis, nginx, ours."""

from __future__ import annotations

import contextlib
import os
import pwd
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests import programs
from tests.faults.proxy import Proxy
from tests.services import free_port, wait_for

ROOT = Path(__file__).resolve().parent.parent.parent
READY_SECONDS = 60.0


class Postgres:
    """A PostgreSQL that keeps what it committed, whatever happens to its process."""

    def __init__(self, *, disk_mib: int = 0) -> None:
        """With `disk_mib`, its folder is a disk of its own of that size, which can become full."""
        binaries = programs.postgresql()
        if binaries is None:
            raise RuntimeError("PostgreSQL is not installed.")
        self.binaries = binaries
        owner = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
        self.user = owner.pw_uid if owner else None
        self.folder = tempfile.TemporaryDirectory(
            prefix="invigil-faults-", ignore_cleanup_errors=True
        )
        self.mounted = bool(disk_mib) and mount(self.folder.name, disk_mib)
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

    def fill_disk(self) -> None:
        """Write until the disk has no byte left; what runs meets the full disk by itself."""
        with contextlib.suppress(OSError), self._ballast.open("ab", buffering=0) as ballast:
            while True:
                ballast.write(b"x" * 65_536)

    def free_disk(self) -> None:
        """Make room; a server that could not even write its log starts anew from it."""
        self._ballast.unlink()
        self.restart_if_dead()

    def restart_if_dead(self) -> None:
        if self.process is None or self.process.poll() is not None:
            self.process = None
            self.start()

    @property
    def _ballast(self) -> Path:
        return Path(self.folder.name) / "ballast"

    def close(self) -> None:
        self._end(signal.SIGINT)
        if self.mounted:
            subprocess.run(["umount", "--lazy", self.folder.name], check=False)
        self.folder.cleanup()

    def _end(self, number: signal.Signals) -> None:
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(30)
            self.process = None


def mount(folder: str, mib: int) -> bool:
    """Put a disk of so many MiB, in memory, at a folder; False where this user may not."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={mib}m", "tmpfs", folder]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


class Program:
    """A process that is started and killed again and again; it speaks into a file of its own."""

    def __init__(self, name: str, environment: dict[str, str], clock: Path | None = None) -> None:
        self.environment, self.clock = environment, clock
        self.log = Path(environment["VAR_DIR"]) / f"{name}.log"
        self.process: subprocess.Popen[bytes] | None = None

    def run(self, command: list[str]) -> None:
        if self.clock is not None:
            command = ["-m", "tests.faults.lying", str(self.clock), *command]
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, *command],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self) -> None:
        """Kill it with the children that it forked."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(30)
            self.process = None

    def must_live(self) -> None:
        """Raise, with the last that it said, if it ended by itself."""
        if self.process is not None and self.process.poll() is not None:
            raise RuntimeError(f"{self.log.stem} ended by itself: {self.log.read_text()[-2000:]}")


class Web(Program):
    """A web process on that PostgreSQL, without a worker of its own."""

    def __init__(self, environment: dict[str, str], clock: Path | None = None) -> None:
        self.port = free_port()
        super().__init__(f"web-{self.port}", environment, clock)

    def start(self) -> None:
        begun = self._said()
        options = ["--port", str(self.port), "--no-celery", "--no-static"]
        self.run(["manage.py", "serve", *options])
        until = time.monotonic() + READY_SECONDS
        while self._said() == begun:
            alive = self.process is not None and self.process.poll() is None
            if not alive or time.monotonic() > until:
                text = self.log.read_text()[-2000:]
                raise RuntimeError(f"The web process did not start: {text}")
            time.sleep(0.05)

    def _said(self) -> int:
        return self.log.read_text().count("READY") if self.log.exists() else 0


class Celery(Program):
    """A worker or beat on that Redis."""

    def __init__(self, role: str, environment: dict[str, str], clock: Path | None = None) -> None:
        self.role = role
        super().__init__(role, environment, clock)

    def start(self) -> None:
        options = {"worker": ["--concurrency", "1", "--without-gossip", "--without-mingle"]}
        schedule = ["--schedule", str(self.log.with_suffix(".schedule"))]
        more = options.get(self.role, schedule)
        self.run(
            ["-m", "celery", "-A", "delivery", self.role, "--loglevel", "WARNING", *more]
            if self.clock is None
            else ["celery", "-A", "delivery", self.role, "--loglevel", "WARNING", *more]
        )


class Redis:
    """A Redis that keeps nothing, behind a wire that can be cut and slowed."""

    def __init__(self) -> None:
        self.port = free_port()
        self.folder = tempfile.TemporaryDirectory(prefix="invigil-faults-redis-")
        self.process: subprocess.Popen[bytes] | None = None
        self.start()
        self.wire = Proxy(self.port)
        self.url = f"redis://127.0.0.1:{self.wire.port}/0"

    def start(self) -> None:
        program = programs.redis()
        if program is None:
            raise RuntimeError("Redis is not installed.")
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", self.folder.name]
        self.process = subprocess.Popen(
            [program, *options, "--save", "", "--appendonly", "no"], stdout=subprocess.DEVNULL
        )
        wait_for(self.port, self.process)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)
            self.process = None

    def flush(self) -> None:
        """Empty it with clients attached: sessions, channel groups and tasks are forgotten."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as to:
            to.sendall(b"FLUSHALL\r\n")
            to.recv(64)

    def close(self) -> None:
        self.wire.close()
        self.kill()
        self.folder.cleanup()


class Nginx:
    """nginx in front of the web processes, as the README sets it up, without TLS."""

    def __init__(self, ports: list[int]) -> None:
        self.port = free_port()
        self.folder = tempfile.TemporaryDirectory(prefix="invigil-faults-nginx-")
        text = CONFIGURATION.format(
            folder=self.folder.name,
            port=self.port,
            servers="".join(f"server 127.0.0.1:{port} max_fails=0;" for port in ports),
        )
        file = Path(self.folder.name) / "nginx.conf"
        file.write_text(text)
        self.process = subprocess.Popen(
            ["nginx", "-c", str(file), "-p", self.folder.name, "-e", "stderr"],
            stderr=subprocess.DEVNULL,
        )
        wait_for(self.port, self.process)

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(10)
        self.folder.cleanup()


CONFIGURATION = """
daemon off; pid {folder}/nginx.pid; worker_processes 1;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}
  upstream invigil {{ least_conn; {servers} keepalive 32; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://invigil;
      proxy_http_version 1.1;
      proxy_connect_timeout 2s;
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
      proxy_read_timeout 120s;
    }}
  }}
}}
"""
