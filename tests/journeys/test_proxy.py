"""nginx as `deploy/nginx.conf` has it, before web processes of our own."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from deploy.cluster import WEB_PORTS, Cluster
from tests import programs


class Busy(BaseHTTPRequestHandler):
    """Answers pages, and cuts sockets off before they are accepted, but for those to be held."""

    pages = Counter[int]()
    over = threading.Event()

    def do_GET(self) -> None:
        if self.path == HELD:
            self.send_response(101)
            self.send_header("Upgrade", "websocket")
            self.send_header("Connection", "upgrade")
            self.end_headers()
            self.over.wait(30)
        if self.path.startswith("/ws/"):
            self.close_connection = True
            return
        assert isinstance(self.server, ThreadingHTTPServer)
        self.pages[self.server.server_port] += 1
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


HELD = "/ws/held/"


@contextmanager
def served(port: int) -> Iterator[None]:
    server = ThreadingHTTPServer(("127.0.0.1", port), Busy)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    programs.need("nginx")
    found = Cluster(tmp_path)
    Busy.pages.clear()
    Busy.over.clear()
    one, other = (found.ports[port] for port in WEB_PORTS)
    with served(one), served(other):
        found._start_nginx()
        try:
            yield found
        finally:
            Busy.over.set()
            found.stop()


def status(cluster: Cluster, path: str) -> int:
    connection = HTTPConnection("127.0.0.1", cluster.port, timeout=10)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except HTTPException:
        return 0
    finally:
        connection.close()


def test_a_socket_that_no_process_accepts_takes_no_page_with_it(cluster: Cluster) -> None:
    assert status(cluster, "/") == 200
    assert [status(cluster, "/ws/delivery/x/") for _time in range(4)] == [502] * 4
    assert [status(cluster, "/") for _time in range(4)] == [200] * 4


def test_a_process_that_holds_more_sockets_gets_as_many_pages_as_the_other(
    cluster: Cluster,
) -> None:
    held = []
    for _number in range(5):
        connection = HTTPConnection("127.0.0.1", cluster.port, timeout=10)
        connection.request("GET", HELD, headers={"Connection": "upgrade", "Upgrade": "websocket"})
        assert connection.sock.recv(64).startswith(b"HTTP/1.1 101 ")
        held.append(connection)
    assert [status(cluster, "/") for _time in range(20)] == [200] * 20
    assert sorted(Busy.pages.values()) == [10, 10]
    for connection in held:
        connection.close()
