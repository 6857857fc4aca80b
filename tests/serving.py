"""The real `manage.py serve` as a process, on a folder with a database of its own."""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tests.services import free_port

ROOT = Path(__file__).resolve().parent.parent
SERVE = (sys.executable, "manage.py", "serve", "--no-static")
START_SECONDS = 60.0
STOP_SECONDS = 30.0


def environment(folder: Path) -> dict[str, str]:
    """What makes Invigil keep everything in `folder`; services of the caller's are not used."""
    kept = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
    return kept | {
        "DATABASE_PATH": str(folder / "db.sqlite3"),
        "MEDIA_ROOT": str(folder / "media"),
        "VAR_DIR": str(folder / "var"),
        "PYTHONUNBUFFERED": "1",
        # A warning of ours must not pass unseen; a library's own is its business.
        "PYTHONWARNINGS": "default",
    }


def manage(folder: Path, *arguments: str, **overrides: str) -> str:
    """Runs a management command on the folder's database; returns what it printed."""
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=environment(folder) | overrides,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"manage.py {arguments[0]}: {done.stdout}{done.stderr}")
    return done.stdout


@dataclass(frozen=True)
class Demo:
    """A folder with the loaded demo, to be copied."""

    folder: Path

    @classmethod
    def made_once(cls, folder: Path) -> "Demo":
        folder.mkdir(exist_ok=True)
        with (folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (folder / "made").exists():
                manage(folder, "migrate", "--verbosity", "0")
                manage(folder, "collectstatic", "--noinput", "--verbosity", "0")
                (folder / "signins.txt").write_text(manage(folder, "demo"))
                (folder / "made").touch()
        return cls(folder)

    def copy_to(self, target: Path) -> Path:
        return Path(shutil.copytree(self.folder, target, dirs_exist_ok=True))


class Serving:
    """A server process that can be stopped, killed and started again on the same data."""

    def __init__(self, folder: Path, *options: str, **overrides: str) -> None:
        self.options = options
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.logged = folder / f"server-{self.port}.log"
        self.overrides = overrides
        self.process: subprocess.Popen[str] | None = None

    @property
    def log(self) -> str:
        return self.logged.read_text() if self.logged.exists() else ""

    def start(self) -> None:
        with self.logged.open("a") as log:
            ready = self.log.count("READY") + 1
            self.process = subprocess.Popen(
                [*SERVE, "--port", str(self.port), *self.options],
                cwd=ROOT,
                env=environment(self.folder) | self.overrides,
                stdout=log,
                stderr=log,
                text=True,
            )
        until = time.monotonic() + START_SECONDS
        while self.log.count("READY") < ready:
            if self.process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"The server did not start: {self.log}")
            time.sleep(0.05)

    def stop(self) -> int:
        """Ends it in order, as Ctrl-C does; returns the exit code."""
        return self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Ends it without warning, as a power cut does."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        self.kill()
        self.start()

    def manage(self, *arguments: str) -> str:
        return manage(self.folder, *arguments, **self.overrides)

    def _end(self, number: signal.Signals) -> int:
        process, self.process = self.process, None
        if process is None:
            return 0
        process.send_signal(number)
        return process.wait(STOP_SECONDS)
