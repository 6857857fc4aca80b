"""Answers by socket, sent by next to nothing: what is measured is the server, not its load."""

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.bench import load, wire
from tests.bench.load import Connection, Mark, Seat
from tests.bench.wire import Hear

PATIENCE_SECONDS = 5.0
# A socket that sends more than 600 frames within a minute is cut off.
MOST_SAVES = 550


async def _field(port: int, seat: Seat) -> str:
    connection = Connection(port)
    form = await load.open_form(connection, seat)
    connection.close()
    return form.field


async def socket_saves(
    port: int, seats: Sequence[Seat], seconds: float, mark: Mark = load.unmarked
) -> tuple[int, float]:
    """Each socket saves again as soon as it is answered; returns how many were, and the time.

    It ends sooner where the sockets have said as much as they may.
    """
    name, said = await _field(port, seats[0]), [0] * len(seats)
    over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    ends, waiting = float("inf"), len(seats)

    def save(number: int) -> None:
        said[number] += 1
        wires[number].send(json.dumps(load.answer(seats[number], name)))

    def ear(number: int) -> Hear:
        def hear(text: bytes) -> None:
            nonlocal waiting
            if b'"refused"' in text and not over.done():
                over.set_exception(RuntimeError(text.decode()))
            if b'"saved"' not in text:
                return
            if time.monotonic() < ends and said[number] < MOST_SAVES:
                save(number)
                return
            waiting -= 1
            if not waiting and not over.done():
                over.set_result(None)

        return hear

    wires = await wire.open_wires(port, list(seats), ear)
    mark()
    began = time.monotonic()
    ends = began + seconds
    for number in range(len(wires)):
        save(number)
    await asyncio.wait_for(over, seconds + PATIENCE_SECONDS)
    took = time.monotonic() - began
    mark()
    for one in wires:
        one.close()
    return sum(said), took


@dataclass
class Paced:
    """How long each answer took, in seconds, at a steady rate."""

    seconds: list[float] = field(default_factory=list)
    failed: int = 0

    def at(self, share: float) -> float:
        """Return the time within which this share of the answers came, in milliseconds."""
        ordered = sorted(self.seconds)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


async def paced_saves(port: int, seats: Sequence[Seat], a_second: float, seconds: float) -> Paced:
    """Saves by socket at a rate that does not wait for answers."""
    name = await _field(port, seats[0])
    told, sent = Paced(), dict[str, float]()

    def hear(text: bytes) -> None:
        if b'"saved"' in text:
            told.seconds.append(time.monotonic() - sent.pop(json.loads(text)["key"]))
        elif b'"refused"' in text:
            told.failed += 1

    wires = await wire.open_wires(port, list(seats), lambda _number: hear)
    began = time.monotonic()
    for number in range(int(a_second * seconds)):
        await asyncio.sleep(max(0.0, began + number / a_second - time.monotonic()))
        place = number % len(wires)
        message = load.answer(seats[place], name)
        sent[str(message["key"])] = time.monotonic()
        wires[place].send(json.dumps(message))
    until = time.monotonic() + PATIENCE_SECONDS
    while sent and time.monotonic() < until:  # noqa: ASYNC110  (no event an answer)
        await asyncio.sleep(0.05)
    told.failed += len(sent)
    for one in wires:
        one.close()
    return told
