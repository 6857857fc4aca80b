"""PostgreSQL and Redis of our own: temporary folders, free ports, gone afterwards.

As a program it runs a command with DATABASE_URL set to such a PostgreSQL.
"""

import os
import pwd
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests import programs  # found once the line above has run

START_SECONDS = 30.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int, process: subprocess.Popen[bytes], seconds: float = START_SECONDS) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), timeout=0.2).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"{process.args!r} did not listen on port {port}")


def _owner() -> pwd.struct_passwd | None:
    """PostgreSQL refuses to run as root: then it runs as its own user."""
    return pwd.getpwnam("postgres") if os.geteuid() == 0 else None


@contextmanager
def postgresql(*, durable: bool = False) -> Iterator[str]:
    """A PostgreSQL server; yields the URL of its database."""
    binaries = programs.postgresql()
    if binaries is None:
        raise RuntimeError("PostgreSQL is not installed")
    owner = _owner()
    user = owner.pw_uid if owner else None
    with tempfile.TemporaryDirectory(prefix="invigil-pg-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        if owner:
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        data, port = folder / "data", free_port()
        environment = os.environ | {"LC_ALL": "C.UTF-8", "TZ": "UTC"}
        subprocess.run(
            [binaries / "initdb", "-D", data, "-U", "invigil", "-A", "trust", "-E", "UTF8", "-N"],
            check=True,
            user=user,
            cwd=folder,
            env=environment,
            stdout=subprocess.DEVNULL,
        )
        settings = {"listen_addresses": "127.0.0.1", "port": str(port), "max_connections": "200"}
        settings |= {"unix_socket_directories": name, "log_min_messages": "fatal"}
        if not durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        process = subprocess.Popen(
            [binaries / "postgres", "-D", data, *options],
            user=user,
            cwd=folder,
            env=environment,
            stderr=subprocess.DEVNULL,
        )
        try:
            wait_for(port, process)
            yield f"postgresql://invigil@127.0.0.1:{port}/postgres"
        finally:
            # SIGINT is PostgreSQL's fast shutdown: it does not wait for clients.
            process.send_signal(signal.SIGINT)
            process.wait(30)


@contextmanager
def redis() -> Iterator[str]:
    """A Redis server that keeps nothing; yields its URL."""
    program = programs.redis()
    if program is None:
        raise RuntimeError("Redis is not installed")
    with tempfile.TemporaryDirectory(prefix="invigil-redis-") as name:
        port = free_port()
        options = ["--port", str(port), "--bind", "127.0.0.1", "--dir", name]
        process = subprocess.Popen(
            [program, *options, "--save", "", "--appendonly", "no"], stdout=subprocess.DEVNULL
        )
        try:
            wait_for(port, process)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            process.terminate()
            process.wait(10)


def main(command: list[str]) -> int:
    if programs.postgresql() is None:
        print("Left out: the tests on PostgreSQL, which is not installed.")
        return 1 if programs.required() else 0
    with postgresql() as url:
        return subprocess.run(
            command, env=os.environ | {"DATABASE_URL": url}, check=False
        ).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
