"""Crowds: everybody starts in one second, everybody submits in one second, all of them twice."""

from __future__ import annotations

import asyncio
import http.client
import random
import re
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from tests.faults.driving import BROKEN, Candidate, Record, headers, post

FORM = "application/x-www-form-urlencoded"
TRIES = 10
# In a crowd one waits for one's turn before one presses the button again.
PATIENCE = 30.0


@dataclass
class Arrival:
    """One candidate in front of the start page, with a browser's cookies."""

    enrolment: int
    cookie: str
    ports: list[int]
    record: Record
    items: list[str]
    sessions: set[str] = field(default_factory=set)
    page: Candidate | None = None

    @property
    def session(self) -> str:
        return next(iter(self.sessions))

    def open_page(self) -> None:
        """Read the start page and keep the cookie by which the server knows the device."""
        connection = http.client.HTTPConnection(
            "127.0.0.1", random.choice(self.ports), timeout=PATIENCE
        )
        try:
            connection.request(
                "GET", f"/sittings/{self.enrolment}/", headers=headers(self.cookie, FORM)
            )
            response = connection.getresponse()
            response.read()
            given = [value.split(";")[0] for value in response.msg.get_all("Set-Cookie", [])]
            known = [one for one in given if not one.startswith(("csrftoken", "sessionid"))]
            self.cookie = "; ".join([self.cookie, *known])
        finally:
            connection.close()

    def start(self) -> None:
        """Press the button; where no answer comes, press it again."""
        told = self._until_led(f"/sittings/{self.enrolment}/", "consent=1&javascript=1")
        found = re.search(r"/sessions/([0-9a-f-]{36})/", told)
        if found is None:
            self.record.wrong.append(f"a start led to {told}")
            return
        self.sessions.add(found[1])

    def submit(self) -> None:
        told = self._until_led(f"/sessions/{self.session}/submit/", "confirmed=1")
        if not told.endswith("/receipt/"):
            self.record.wrong.append(f"a submission led to {told}")

    def _until_led(self, path: str, body: str) -> str:
        for _ in range(TRIES):
            try:
                port = random.choice(self.ports)
                status, location, _text = post(port, path, self.cookie, body, FORM, PATIENCE)
            except BROKEN:
                self.record.broken += 1
                time.sleep(random.uniform(0.1, 0.5))
                continue
            if location:
                return location
            self.record.wrong.append(f"{path} was answered by {status}")
            return ""
        return "nowhere"

    def answer(self) -> None:
        """Save one answer and keep its acknowledgement."""
        page = self.page or Candidate(
            self.session,
            self.cookie,
            self.items,
            self.ports,
            self.record,
            0.0,
            patience_seconds=PATIENCE,
        )
        self.page, frame = page, page.next_answer() | {"epoch": 0}
        for _ in range(TRIES):
            try:
                told = page.post(random.choice(self.ports), [frame])
            except BROKEN:
                self.record.broken += 1
                time.sleep(random.uniform(0.1, 0.5))
                continue
            self.record.note(frame, self.session, told[0])
            return


async def _all_in_a_second(acts: list[Callable[[], None]]) -> float:
    """Do everything, begun at random moments of one second; return how long all of it took."""
    begun = time.monotonic()

    def later(act: Callable[[], None], at: float) -> None:
        time.sleep(max(0.0, begun + at - time.monotonic()))
        act()

    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(len(acts)) as pool:
        work: list[Awaitable[None]] = [
            loop.run_in_executor(pool, later, act, random.random()) for act in acts
        ]
        await asyncio.gather(*work)
    return time.monotonic() - begun - 1.0


async def all_start(arrivals: list[Arrival]) -> float:
    """Start everybody within one second, by a double click each; return when all had started."""
    for arrival in arrivals:
        await asyncio.to_thread(arrival.open_page)
    seconds = await _all_in_a_second([one.start for one in arrivals for _ in range(2)])
    for arrival in arrivals:
        if len(arrival.sessions) != 1:
            arrival.record.wrong.append(f"{arrival.enrolment} has {len(arrival.sessions)} sessions")
        await asyncio.to_thread(arrival.answer)
    return max(0.0, seconds)


async def all_submit(arrivals: list[Arrival]) -> float:
    """Submit for everybody within one second, twice each, with an answer on its way meanwhile."""
    acts: list[Callable[[], None]] = []
    for arrival in arrivals:
        acts += [arrival.answer, arrival.submit, arrival.submit]
        arrival.record.states[arrival.session] = "completed"
    return max(0.0, await _all_in_a_second(acts))
