"""The candidate's real page with a wire of our own between it and the server's real ends.

No request leaves the browser by itself: each waits until it is delivered, twice, late or never, and
so does each answer to it. So do the frames of the page's socket, whose other end is the server's
own, and what the server says on it by itself. The page's timers run when they are told to, so that
a run is the same each time.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
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
from tests.journeys.sockets import Sockets

HARNESS = Path(__file__).with_name("wire.js").read_text(encoding="utf-8")
TRIES = 200
# A browser that lets no page keep anything.
FORGETS = "indexedDB.open = () => { throw new Error('not here') }; window.forgets = true;"
# What is chosen already cannot be chosen again: a browser says nothing about it.
CHOOSE = """([value]) => {
  const radios = [...document.querySelectorAll("#item-form input[type=radio]")];
  if (!radios.length || !document.getElementById("cover").hidden) return "";
  if ((radios.find((one) => one.checked)?.value ?? "") === value) return "";
  for (const one of radios) one.checked = one.value === value;
  radios[0].dispatchEvent(new Event("change", { bubbles: true }));
  return document.getElementById("desk").dataset.key;
}"""
LOOK = """() => ({
  key: document.getElementById("desk")?.dataset.key ?? "",
  covered: !(document.getElementById("cover")?.hidden ?? true),
  said: document.getElementById("save-state")?.textContent ?? "",
  shown: document.querySelector("#item-form input[type=radio]:checked")?.value ?? "",
})"""
# What the page holds is written down, and what it was told it has heard.
IS_SETTLED = """async () => {
  await wire.breathe();
  if (wire.isLeaving || wire.isLoading) return false;
  // On a busy machine a script is known later than its page.
  if (!wire.answers) return !document.querySelector('script[src*="/session."]');
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
    """Something on its way: from the page to the server, or the server's word about it.

    `socket` names the socket that carries it, "" where a request does; `closes` is its end.
    """

    id: str
    url: str
    body: str
    socket: str = ""
    closes: bool = False
    status: int = 0


@dataclass
class Wire:
    """What is under way between one page and the server."""

    page: Page
    origin: str
    sockets: Sockets
    client: Client = field(default_factory=Client)
    asked: list[Message] = field(default_factory=list)
    said: list[Message] = field(default_factory=list)
    acknowledged: list[dict[str, Any]] = field(default_factory=list)
    # What came by socket, by its kind, in all sessions.
    heard: Counter[str] = field(default_factory=Counter)
    session: AssessmentSession | None = None
    documents: dict[str, bytes] = field(default_factory=dict)
    wanted: str = ""
    carries_sockets: bool = True
    # Whether the page gets an item that it wants to show anew.
    draws: bool = True
    drawn: list[Route] = field(default_factory=list)

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
        # What the page before still wanted is another session's.
        self.page.goto("about:blank")
        self.wanted, self.drawn, self.documents = "", [], {}
        self.carries_sockets = True
        self.sockets.clear()
        self.client, self.session = Client(), session
        self.client.force_login(session.candidate.user, backend=backend.PATH)
        self.asked, self.said, self.acknowledged = [], [], []

    def _serve(self, route: Route) -> None:
        path = urlsplit(route.request.url).path
        if route.request.resource_type == "xhr" and self.draws:
            return self.drawn.append(route)
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

    def _draw(self) -> None:
        """Give the page the item that it wants to show anew."""
        routes, self.drawn = self.drawn, []
        for route in routes:
            headers = {"HX-Request": "true"}
            path = urlsplit(route.request.url).path
            route.fulfill(body=self.client.get(path, headers=headers).content)

    def settle(self) -> None:
        """Wait until the page has done what it does by itself, and take what it sent."""
        self._rest()
        if self.carries_sockets:
            self._open()
        while self.collect():
            self._rest()

    def _rest(self) -> None:
        for _ in range(TRIES):
            self._draw()
            path, self.wanted = self.wanted, ""
            if path:
                self._load(path)
            elif self.ask(IS_SETTLED) and not (self.wanted or self.drawn):
                return
        raise AssertionError("The page's queue is not what it has written down.")

    def collect(self) -> bool:
        """Take what the page has sent; what it merely asks is answered at once.

        Tells whether something was.
        """
        is_answered = False
        for one in self.ask("() => wire.take()"):
            message = Message(**one)
            if message.socket or message.body:
                self.asked.append(message)
            else:
                self._tell(self._answer(message))
                is_answered = True
        self.listen()
        return is_answered

    def listen(self) -> None:
        """Take what the server has said on sockets, whatever made it say so."""
        for told in self.sockets.take():
            self.said.append(Message("", "", told.text, told.socket, closes=not told.text))

    def is_told_all(self) -> bool:
        """Tell whether the page hears the server, and has heard whatever it had to say."""
        open_ = self.ask("() => wire.socket")
        return bool(open_ and open_["isOpen"]) and not (self.asked or self.said)

    def carry_sockets(self, carry: bool) -> None:
        """Let sockets come about from now on, or break the one that is there."""
        self.carries_sockets = carry
        if not carry:
            self._break_off()
        self.settle()

    def _open(self) -> None:
        """Let the socket that the page wants come about, where the server takes it."""
        wanted = self.ask("() => wire.socket")
        if not wanted or wanted["isOpen"]:
            return
        cookie = "; ".join(f"{name}={one.value}" for name, one in self.client.cookies.items())
        path = urlsplit(wanted["url"]).path
        is_open = self.sockets.open(wanted["name"], path, cookie)
        self.ask(f"(id) => wire.{'opened' if is_open else 'ended'}(id)", wanted["name"])
        self.listen()

    def _break_off(self) -> None:
        """Break the page's socket; what was on its way there, either way, is lost."""
        open_ = self.ask("() => wire.socket")
        if not open_ or not open_["isOpen"]:
            return
        self.collect()
        self.asked = [one for one in self.asked if one.socket != open_["name"]]
        self.said = [one for one in self.said if one.socket != open_["name"]]
        self.sockets.close(open_["name"])
        self.ask("(id) => wire.ended(id)", open_["name"])

    def deliver(self, place: int, *, again: bool = False) -> None:
        """Let the server have a request, and its word begin its way back."""
        one = self.asked[place] if again else self.asked.pop(place)
        if one.closes:
            self.sockets.close(one.socket)
        elif one.socket:
            self.sockets.send(one.socket, one.body)
        else:
            self.said.append(self._answer(one))
        self.listen()

    def drop(self, place: int) -> None:
        """Lose a request on its way."""
        self._lose(self.asked.pop(place))

    def hear(self, place: int, *, again: bool = False) -> None:
        """Let the page have the server's word."""
        self._tell(self.said[place] if again else self.said.pop(place))

    def miss(self, place: int) -> None:
        """Lose the server's word on its way."""
        self._lose(self.said.pop(place))

    def _lose(self, one: Message) -> None:
        if not one.socket:
            self.ask("(id) => wire.fail(id)", one.id)

    def let_all_arrive(self) -> None:
        """Make the wire whole until nothing is under way."""
        while self.asked or self.said:
            while self.asked:
                self.deliver(0)
            while self.said:
                self.hear(0)
            self.settle()

    def pass_time(self, ms: int) -> None:
        self.ask("(ms) => wire.advance(ms)", ms)

    def _tell(self, one: Message) -> None:
        told = json.loads(one.body) if one.body.startswith("{") else {}
        frames = [told] if one.socket else told.get("frames", [])
        self.acknowledged += [frame for frame in frames if frame.get("type") == "saved"]
        if one.closes:
            self.ask("(id) => wire.ended(id)", one.socket)
        elif one.socket:
            self.heard[told["type"]] += self.ask("(one) => wire.hear(one)", [one.socket, one.body])
        else:
            self.ask("(one) => wire.answer(one)", [one.id, one.status, one.body])

    def _answer(self, one: Message) -> Message:
        """Ask the server's own view."""
        target = urlsplit(one.url)
        path = f"{target.path}?{target.query}"
        if one.body:
            answer = self.client.post(path, one.body, content_type="application/json")
        else:
            answer = self.client.get(path)
        body = answer.content.decode()
        return Message(one.id, one.url, body, status=answer.status_code)
