"""The candidate's real page with a wire of our own between it and the server's real views.

No request leaves the browser by itself: each waits until it is delivered, twice, late or never, and
so does each answer to it. The page's timers run when they are told to, so that a run is the same
each time.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.contrib.staticfiles import finders
from django.test import Client
from playwright.sync_api import Error, Page, Route

from delivery.candidate import backend
from delivery.models import AssessmentSession

HARNESS = Path(__file__).with_name("wire.js").read_text(encoding="utf-8")
TRIES = 200
# A browser that lets no page keep anything.
FORGETS = "indexedDB.open = () => { throw new Error('not here') }; window.forgets = true;"
# What the page holds is written down, and what it was told it has heard.
IS_SETTLED = """async () => {
  await wire.breathe();
  if (wire.isLeaving) return false;
  if (!wire.answers) return true;
  const answers = await import(wire.answers);
  if (!answers.memory()) return false;
  if (window.forgets) return true;
  const rows = await wire.stored(document.body.dataset.session);
  return rows === answers.waiting().length;
}"""


class Shelf(BaseHTTPRequestHandler):
    """Hands out scripts; nothing else of a page is wanted here."""

    def do_GET(self) -> None:
        name = urlsplit(self.path).path.removeprefix("/static/")
        found = finders.find(name) if name.endswith(".js") else None
        body = Path(str(found)).read_bytes() if found else b""
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", "text/javascript")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


@contextmanager
def shelf() -> Iterator[str]:
    """Serve the scripts meanwhile; yields the origin."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Shelf)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@dataclass(slots=True)
class Message:
    """Something on its way: from the page to the server, or the server's word about it."""

    id: str
    by: str
    url: str
    body: str
    status: int = 0


@dataclass
class Wire:
    """What is under way between one page and the server."""

    page: Page
    origin: str
    client: Client = field(default_factory=Client)
    asked: list[Message] = field(default_factory=list)
    said: list[Message] = field(default_factory=list)
    acknowledged: list[dict[str, Any]] = field(default_factory=list)
    session: AssessmentSession | None = None
    documents: dict[str, bytes] = field(default_factory=dict)
    wanted: str = ""

    def ask(self, script: str, value: object = None) -> Any:
        """Run something on the page; where it was just leaving, on the page that comes."""
        for _ in range(TRIES):
            try:
                return self.page.evaluate(script, value)
            except Error as error:
                if "context was destroyed" not in error.message:
                    raise
                self.page.wait_for_load_state()
        raise AssertionError("The page does not come to rest.")

    def lay(self) -> None:
        """Put the wire in between, once for a page."""
        self.page.add_init_script(HARNESS)
        self.page.route("**/sessions/**", self._serve)

    def begin(self, session: AssessmentSession) -> None:
        """Let the candidate of a session be the one whose page this is."""
        self.wanted = ""
        self.client, self.session = Client(), session
        self.client.force_login(session.candidate.user, backend=backend.PATH)
        self.asked, self.said, self.acknowledged = [], [], []

    def _serve(self, route: Route) -> None:
        path = urlsplit(route.request.url).path
        if route.request.resource_type != "document":
            return route.abort()
        # Where the page goes by itself, the test follows: only it may ask the database.
        html = self.documents.pop(path, b"")
        self.wanted = self.wanted if html else path
        return route.fulfill(body=html, content_type="text/html; charset=utf-8")

    def show(self, item: str) -> None:
        """Load an item's page, whatever the page before it still held in its hands."""
        assert self.session is not None
        if self.page.url.startswith(self.origin):
            self.ask("() => dispatchEvent(new PageTransitionEvent('pagehide'))")
            self.collect()
        self._load(f"/sessions/{self.session.pk}/items/{item}/")
        self.settle()

    def _load(self, path: str) -> None:
        self.documents[path] = self.client.get(path, follow=True).content
        self.page.goto(f"{self.origin}{path}")

    def settle(self) -> None:
        """Wait until the page has done what it does by itself, and take what it sent."""
        for _ in range(TRIES):
            path, self.wanted = self.wanted, ""
            if path:
                self._load(path)
            elif self.ask(IS_SETTLED) and not self.wanted:
                break
        else:
            raise AssertionError("The page's queue is not what it has written down.")
        self.collect()

    def collect(self) -> None:
        """Take what the page has sent; what it merely asks is answered at once."""
        for one in self.ask("() => wire.take()"):
            message = Message(one["id"], one["by"], one["url"], one["body"])
            if message.by == "http" and not message.body:
                self._tell(self._answer(message))
            else:
                self.asked.append(message)

    def deliver(self, place: int, *, again: bool = False) -> None:
        """Let the server have a request, and its word begin its way back."""
        one = self.asked[place] if again else self.asked.pop(place)
        self.said.append(self._answer(one))

    def drop(self, place: int) -> None:
        """Lose a request on its way."""
        one = self.asked.pop(place)
        if one.by == "http":
            self.ask("(id) => wire.fail(id)", one.id)

    def hear(self, place: int, *, again: bool = False) -> None:
        """Let the page have the server's word."""
        one = self.said[place] if again else self.said.pop(place)
        self._tell(one)

    def miss(self, place: int) -> None:
        """Lose the server's word on its way."""
        one = self.said.pop(place)
        if one.by == "http":
            self.ask("(id) => wire.fail(id)", one.id)

    def pass_time(self, ms: int) -> None:
        self.ask("(ms) => wire.advance(ms)", ms)

    def _tell(self, one: Message) -> None:
        told = json.loads(one.body) if one.body.startswith("{") else {}
        self.acknowledged += [f for f in told.get("frames", []) if f.get("type") == "saved"]
        if one.by == "http":
            self.ask("(one) => wire.answer(one)", [one.id, one.status, one.body])
            return
        for frame in told.get("frames", []):
            self.ask("(text) => wire.hear(text)", json.dumps(frame))

    def _answer(self, one: Message) -> Message:
        """Ask the server's own view."""
        assert self.session is not None
        url, body = one.url, one.body
        if one.by == "socket":
            url, body = self._as_http(json.loads(one.body))
        if not url:
            return Message(one.id, one.by, url, '{"frames": []}', 200)
        target = urlsplit(url)
        path = f"{target.path}?{target.query}"
        if body:
            answer = self.client.post(path, body, content_type="application/json")
        else:
            answer = self.client.get(path)
        return Message(one.id, one.by, url, answer.content.decode(), answer.status_code)

    def _as_http(self, frame: dict[str, Any]) -> tuple[str, str]:
        """A socket's frame asks the same verbs as the request does."""
        assert self.session is not None
        base = f"/sessions/{self.session.pk}"
        if frame["type"] == "answer":
            return f"{base}/save/", json.dumps({"saves": [frame]})
        if frame["type"] == "claim":
            return f"{base}/claim/", json.dumps(frame)
        return ("", "") if frame["type"] == "ping" else (f"{base}/timer/", "")
