"""A whole cluster on one machine for a trial: the files of this folder, adapted, and run.

nginx, two web processes, a worker, beat, PostgreSQL and Redis, all on loopback, their data in a
folder of their own that goes with them.
"""

from __future__ import annotations

import argparse
import configparser
import os
import pwd
import secrets
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.request import urlopen

ROOT: Final = Path(__file__).resolve().parent.parent
HERE: Final = ROOT / "deploy"
INSTALLED: Final = "/srv/invigil"
WEB_PORTS: Final = ("8001", "8002")
PATIENCE: Final = 60.0
ENDING: Final = (signal.SIGINT, signal.SIGTERM)


class MissingError(Exception):
    """A program that is not installed."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def program(name: str) -> str:
    places = [Path("/usr/sbin"), *sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
    others = (str(place / name) for place in places if (place / name).exists())
    found = shutil.which(name) or next(others, None)
    if found is None:
        raise MissingError(
            f"{name} is not installed; on Debian: apt install postgresql redis nginx"
        )
    return found


class Cluster:
    """The processes by name; `folder` holds all that they write."""

    def __init__(self, folder: Path, port: int | None = None) -> None:
        self.folder = folder
        self.ports = {name: free_port() for name in ("postgresql", "redis", *WEB_PORTS)}
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.environment = os.environ | self._environment()

    def _environment(self) -> dict[str, str]:
        """The environment file, with what a trial on one machine has instead."""
        lines = (HERE / "environment").read_text().splitlines()
        given = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
        return given | {
            "DATABASE_URL": f"postgresql://invigil@127.0.0.1:{self.ports['postgresql']}/postgres",
            "REDIS_URL": f"redis://127.0.0.1:{self.ports['redis']}/0",
            "ALLOWED_HOSTS": "127.0.0.1,localhost",
            "PUBLIC_ORIGIN": self.url,
            "SECRET_KEY": secrets.token_urlsafe(64),
            "HTTPS": "0",
            "VAR_DIR": str(self.folder / "var"),
            "MEDIA_ROOT": str(self.folder / "media"),
            "PYTHONUNBUFFERED": "1",
        }

    @property
    def environment_file(self) -> Path:
        return self.folder / "environment"

    def adapted(self, text: str) -> str:
        """A file of this folder as it holds here: its paths and ports."""
        text = text.replace(f"{INSTALLED}/var", str(self.folder / "var"))
        # The virtual environment's own programs, wherever it is.
        text = text.replace(f"{INSTALLED}/.venv/bin", str(Path(sys.executable).parent))
        return text.replace(INSTALLED, str(ROOT))

    def start(self) -> None:
        (self.folder / "var").mkdir(parents=True, exist_ok=True)
        self._write_environment()
        self._start_postgresql()
        self._start_redis()
        self.manage("migrate", "--verbosity", "0")
        self.manage("collectstatic", "--noinput", "--verbosity", "0")
        for port in WEB_PORTS:
            self.start_unit("invigil-web@", port)
        self.start_unit("invigil-worker")
        self.start_unit("invigil-beat")
        for port in WEB_PORTS:
            self.wait_ready(port)
        self._start_nginx()

    def _write_environment(self) -> None:
        """What a command needs to work on this cluster, as a shell reads it."""
        given = self._environment() | {"SECRET_KEY": self.environment["SECRET_KEY"]}
        self.environment_file.touch(mode=0o600)
        lines = (f"{name}={shlex.quote(value)}\n" for name, value in given.items())
        self.environment_file.write_text("".join(lines))

    def stop(self) -> None:
        """End in the reverse order; what does not go within its time is ended."""
        for name in reversed(list(self.processes)):
            self.end(name)

    def end(self, name: str) -> None:
        process = self.processes.pop(name)
        # SIGINT is PostgreSQL's fast shutdown: it does not wait for clients.
        process.send_signal(signal.SIGINT if name == "postgresql" else signal.SIGTERM)
        try:
            process.wait(35)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def restart_web(self, port: str) -> None:
        """What `systemctl restart invigil-web@PORT` does."""
        self.end(f"invigil-web@{port}")
        self.start_unit("invigil-web@", port)
        self.wait_ready(port)

    def start_unit(self, unit: str, instance: str = "") -> None:
        """Run what a unit file says."""
        read = configparser.RawConfigParser(strict=False, interpolation=None)
        read.optionxform = str  # type: ignore[assignment, method-assign]  # names keep their case
        read.read_string(self.adapted((HERE / "systemd" / f"{unit}.service").read_text()))
        service = read["Service"]
        own = str(self.ports.get(instance, ""))
        command = shlex.split(service["ExecStart"].replace("%i", own))
        self.run(unit + instance, command, cwd=Path(service["WorkingDirectory"]))

    def run(
        self, name: str, command: Sequence[str], cwd: Path | None = None, user: str | None = None
    ) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                command,
                cwd=cwd or self.folder,
                env=self.environment,
                user=user,
                stdout=log,
                stderr=log,
                # Ctrl-C is ours: they are ended in order.
                start_new_session=True,
            )

    def manage(self, *arguments: str) -> str:
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(
            command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(arguments)}: {done.stdout}{done.stderr}")
        return done.stdout

    def wait_ready(self, port: str) -> None:
        url = f"http://127.0.0.1:{self.ports[port]}/readyz"
        self._wait(lambda: bool(urlopen(url, timeout=2).status == 200), f"invigil-web@{port}")

    def _wait(self, is_there: Callable[[], bool], name: str) -> None:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and self.processes[name].poll() is None:
            try:
                if is_there():
                    return
            except OSError:
                time.sleep(0.1)
        log = (self.folder / f"{name}.log").read_text()[-2000:]
        raise RuntimeError(f"{name} did not start: {log}")

    def _listens(self, port: int, name: str) -> None:
        def is_there() -> bool:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return True

        self._wait(is_there, name)

    def _start_postgresql(self) -> None:
        # PostgreSQL refuses to run as root: then it runs as its own user.
        owner = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
        user, data = (owner.pw_name if owner else None), self.folder / "postgresql"
        data.mkdir(mode=0o700, exist_ok=True)
        self.folder.chmod(0o711)
        if owner:
            os.chown(data, owner.pw_uid, owner.pw_gid)
        environment: Mapping[str, str] = os.environ | {"LC_ALL": "C.UTF-8"}
        making = [program("initdb"), "-D", str(data / "data"), "-U", "invigil", "-A", "trust"]
        subprocess.run(
            [*making, "-E", "UTF8"],
            check=True, user=user, cwd=data, env=environment, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.ports["postgresql"]),
            "unix_socket_directories": "",
            "max_connections": "60",
            "shared_buffers": "512MB",
            "max_wal_size": "4GB",
        }
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        command = [program("postgres"), "-D", str(data / "data"), *options]
        self.run("postgresql", command, cwd=data, user=user)
        self._listens(self.ports["postgresql"], "postgresql")

    def _start_redis(self) -> None:
        port = str(self.ports["redis"])
        command = [program("redis-server"), "--port", port, "--bind", "127.0.0.1", "--save", ""]
        self.run("redis", command)
        self._listens(self.ports["redis"], "redis")

    def nginx_conf(self) -> str:
        """The site, without TLS on a port of its own, in a configuration around it."""
        site = self.adapted((HERE / "nginx.conf").read_text())
        site = site.replace("listen 443 ssl http2;", f"listen 127.0.0.1:{self.port};")
        site = site.replace("server_name exam.example.org;", "server_name _;")
        for port in WEB_PORTS:
            site = site.replace(f"127.0.0.1:{port}", f"127.0.0.1:{self.ports[port]}")
        kept = [line for line in site.splitlines() if not line.strip().startswith("ssl_")]
        temporary = "\n".join(
            f"{kind}_temp_path {self.folder}/nginx-{kind};"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        return (
            f"daemon off; pid {self.folder}/nginx.pid; error_log stderr warn;\n"
            f"{'user root;' if os.geteuid() == 0 else ''}\n"
            # Each worker may have as many files open as the system lets one process, two a socket.
            "worker_processes 2; worker_rlimit_nofile 65536;\n"
            "events { worker_connections 32768; }\n"
            "http {\naccess_log off;\ninclude /etc/nginx/mime.types;\n"
            f"{temporary}\n" + "\n".join(kept) + "\n}\n"
        )

    def _start_nginx(self) -> None:
        file = self.folder / "nginx.conf"
        file.write_text(self.nginx_conf())
        self.run("nginx", [program("nginx"), "-c", str(file), "-e", "stderr"])
        self._listens(self.port, "nginx")


@contextmanager
def running(port: int | None = None) -> Iterator[Cluster]:
    """A cluster in a temporary folder; gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="invigil-cluster-", ignore_cleanup_errors=True) as name:
        cluster = Cluster(Path(name), port)
        try:
            cluster.start()
            yield cluster
        finally:
            cluster.stop()


def _interrupt(*_: object) -> None:
    """End in order, once: another Ctrl-C meanwhile would leave processes behind."""
    for name in ENDING:
        signal.signal(name, signal.SIG_IGN)
    raise KeyboardInterrupt


def main() -> int:
    read = argparse.ArgumentParser(description="Run a whole cluster on this machine for a trial.")
    read.add_argument("--port", type=int, default=8000)
    given = read.parse_args()
    for name in ENDING:
        signal.signal(name, _interrupt)
    try:
        with running(given.port) as cluster:
            print("[1/2] PostgreSQL, Redis, two web processes, worker, beat and nginx run.")
            print(cluster.manage("demo"))
            print(f"Commands of manage.py work on it after: set -a; . {cluster.environment_file}")
            print(f"[2/2] READY {cluster.url}/ (logs: {cluster.folder}; Ctrl-C stops everything)")
            sys.stdout.flush()
            signal.pause()
    except KeyboardInterrupt:
        print("Stopped.")
    except MissingError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
