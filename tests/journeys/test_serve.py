"""One process serves everything, and ends cleanly."""

import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving import ROOT, Serving, environment, manage


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    folder = tmp_path_factory.mktemp("serve")
    manage(folder, "migrate", "--verbosity", "0")
    manage(folder, "collectstatic", "--noinput", "--verbosity", "0")
    started = Serving(folder)
    started.start()
    yield started
    started.stop()


def get(serving: Serving, path: str) -> tuple[int, dict[str, str], bytes]:
    with urllib.request.urlopen(serving.url + path, timeout=10) as response:
        headers = {name.lower(): value for name, value in response.headers.items()}
        return response.status, headers, response.read()


def test_server_says_where_it_is_ready(serving: Serving) -> None:
    assert f"READY {serving.url}/\n" in serving.log


def test_health_is_public(serving: Serving) -> None:
    assert get(serving, "/healthz")[2] == b'{"status": "ok"}'


def test_page_names_static_files_by_their_content_and_they_never_change(serving: Serving) -> None:
    _, headers, page = get(serving, "/staff/signin/")
    policy = headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    name = next(part for part in page.decode().split('"') if part.startswith("/static/css/base."))
    assert len(name.split(".")) == 3
    _, headers, style = get(serving, name)
    assert headers["cache-control"] == "max-age=315360000, public, immutable"
    assert headers["x-content-type-options"] == "nosniff"
    assert style == (ROOT / "static/css/base.css").read_bytes()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_ends_server_worker_and_beat_cleanly(serving: Serving, number: int) -> None:
    one = Serving(serving.folder)
    one.start()
    process = one.process
    assert process is not None
    process.send_signal(number)
    assert process.wait(30) == 0
    assert one.log.rstrip().endswith("Stopped.")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", one.port), timeout=1)


def test_port_in_use_is_said_in_one_line(serving: Serving) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "serve", "--no-static", "--port", str(serving.port)],
        cwd=Path(ROOT),
        env=environment(serving.folder),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1] == (
        f"CommandError: Port {serving.port} is in use; choose another with PORT=."
    )
