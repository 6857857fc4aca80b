"""The lane of a loop: the same outcomes in the same order, whoever wrote them."""

import asyncio
import random
from typing import Any
from uuid import UUID

import psycopg
import pytest
import pytest_asyncio
from channels.db import database_sync_to_async
from django.db import connection

from delivery.models import AssessmentSession, ItemSession, Quarantine, ResponseRevision
from delivery.queries import plans
from delivery.rules.refusals import Reason
from delivery.saving import glances, lane, swift
from delivery.saving.responses import Refused, Save, Saved
from delivery.seat import presence
from delivery.session import sessions
from integrity import ledger
from integrity.ledger import Verdict
from tests import factories
from tests.factories import after

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.asyncio,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer"),
]
OURS = "SELECT pid FROM pg_stat_activity WHERE query LIKE '%%integrity_must_stand%%' AND pid <> %s"


@pytest_asyncio.fixture(autouse=True)
async def _lanes() -> Any:
    yield
    await swift.stop()
    lane.stop()


async def told(*saves: Save) -> list[Any]:
    """Queue saves in one turn of the loop and wait for what becomes of each."""
    loop = asyncio.get_running_loop()
    futures: list[asyncio.Future[Any]] = [loop.create_future() for _ in saves]
    for save, future in zip(saves, futures, strict=True):
        swift.queue(save, future.set_result)
    return await asyncio.wait_for(asyncio.gather(*futures), 20)


@database_sync_to_async
def begun() -> AssessmentSession:
    return factories.session()


async def known() -> AssessmentSession:
    """A session of which this process wrote the last answer, with the loop's connection there."""
    session: AssessmentSession = await begun()
    await told(factories.save(session, "Q1", writer="page", client_seq=1))
    await opened()
    await told(factories.save(session, "Q1", "B", writer="page", client_seq=2))
    return session


async def opened() -> None:
    for _ in range(500):
        if swift.is_open():
            return
        await asyncio.sleep(0.01)
    pytest.fail("the loop has no connection")


def next_save(session: AssessmentSession, number: int, value: str = "C", item: str = "Q1") -> Save:
    return factories.save(session, item, value, writer="page", client_seq=number)


async def whole(session: AssessmentSession) -> bool:
    verdict: Verdict = await database_sync_to_async(ledger.verify)(session.stream)
    return verdict.is_whole


async def test_what_is_remembered_is_written_by_the_loop() -> None:
    session = await known()
    lane.stop()
    (saved,) = await told(next_save(session, 3))
    assert isinstance(saved, Saved)
    assert saved.revision == 3
    assert not lane.is_running()
    row = await database_sync_to_async(ItemSession.objects.get)(session=session, key="Q1")
    assert (row.revision, row.response, row.client_seq) == (3, {"RESPONSE": "C"}, 3)
    assert await whole(session)


async def test_answers_of_many_sessions_share_a_statement_and_keep_their_order() -> None:
    some = [await known() for _ in range(3)]
    saves = [
        next_save(one, number, value) for number, value in ((3, "A"), (4, "B")) for one in some
    ]
    outcomes = await told(*saves)
    assert [one.revision for one in outcomes] == [3, 3, 3, 4, 4, 4]
    assert [one.key for one in outcomes] == [one.key for one in saves]
    assert all([await whole(one) for one in some])


async def test_an_answer_behind_one_that_is_written_waits_for_it() -> None:
    session = await known()
    first = asyncio.ensure_future(told(next_save(session, 3, "A")))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    (second,) = await told(next_save(session, 4, "B"))
    assert [one.revision for one in (*await first, second)] == [3, 4]


async def test_where_few_answers_come_none_waits_for_anothers_commit() -> None:
    held, free = await known(), await known()

    def hold() -> psycopg.Connection[Any]:
        other = psycopg.connect(**connection.get_connection_params())
        other.execute(
            "SELECT 1 FROM delivery_assessmentsession WHERE id = %s FOR UPDATE", [held.pk]
        )
        return other

    other = await database_sync_to_async(hold)()
    first = asyncio.ensure_future(told(next_save(held, 3, "A")))
    await asyncio.sleep(0.1)
    (saved,) = await told(next_save(free, 3, "B"))
    assert isinstance(saved, Saved)
    assert not first.done()
    await database_sync_to_async(other.close)()
    (late,) = await first
    assert isinstance(late, Saved)


async def test_another_item_is_the_threads_and_does_not_overtake() -> None:
    session = await known()
    outcomes = await told(
        next_save(session, 3, "A"), next_save(session, 4, "A", "Q2"), next_save(session, 5, "B")
    )
    assert [(one.item, one.revision) for one in outcomes] == [("Q1", 3), ("Q2", 1), ("Q1", 4)]
    seqs = [one.ledger_seq for one in outcomes]
    assert seqs == sorted(seqs)
    assert await whole(session)


async def test_a_refused_answer_is_kept_aside_and_its_neighbours_are_saved() -> None:
    session, other = await known(), await known()
    outcomes = await told(next_save(session, 1, "A"), next_save(other, 3))
    assert isinstance(outcomes[0], Refused)
    assert outcomes[0].refusal.reason == Reason.STALE
    assert isinstance(outcomes[1], Saved)
    assert await database_sync_to_async(Quarantine.objects.count)() == 1


async def test_what_waits_for_the_only_connection_is_saved_though_nothing_was_written_before_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(swift, "CONNECTIONS", 1)
    session, other = await known(), await known()
    outcomes = await told(next_save(session, 1, "A"), next_save(other, 3, "A", "Q2"))
    assert isinstance(outcomes[0], Refused)
    assert isinstance(outcomes[1], Saved)


async def test_the_first_answer_of_an_item_is_looked_at_by_the_loop() -> None:
    session = await known()
    lane.stop()
    saves = [next_save(session, 3, "A", "Q2"), next_save(session, 4, "B", "Q2")]
    outcomes = await told(*saves)
    assert [(one.item, one.revision) for one in outcomes] == [("Q2", 1), ("Q2", 2)]
    assert not lane.is_running()
    assert await whole(session)


async def test_a_session_that_has_moved_on_is_read_anew_by_the_loop() -> None:
    moved, still = await known(), await known()
    await database_sync_to_async(presence.ask_help)(moved.pk, after(2), by="candidate:1")
    lane.stop()
    outcomes = await told(next_save(moved, 3, "A", "Q2"), next_save(still, 3, "A", "Q2"))
    assert [(type(one), one.revision) for one in outcomes] == [(Saved, 1), (Saved, 1)]
    assert not lane.is_running()
    # What was read is known from here on.
    glances.forget(moved.pk)
    (saved,) = await told(next_save(moved, 4, "B", "Q2"))
    assert saved.revision == 2
    assert not lane.is_running()
    assert await whole(moved)


async def test_a_session_whose_plan_is_not_known_here_leaves_its_neighbours_to_the_loop() -> None:
    moved, still = await known(), await known()
    await database_sync_to_async(presence.ask_help)(moved.pk, after(2), by="candidate:1")
    plans.forget()
    heard: list[Any] = []
    for session in (moved, still):
        swift.queue(next_save(session, 3, "A", "Q2"), heard.append)
    for _ in range(500):
        if len(heard) == 2:
            break
        await asyncio.sleep(0.01)
    # What the thread wrote came behind what the loop did.
    rows = await database_sync_to_async(list)(
        ItemSession.objects.filter(key="Q2", revision=1).order_by("revisions__pk")
    )
    assert [row.session_id for row in rows] == [still.pk, moved.pk]
    assert await whole(moved)


async def test_what_changed_since_it_was_remembered_is_looked_at_by_the_loop() -> None:
    session = await known()
    await database_sync_to_async(presence.ask_help)(session.pk, after(2), by="candidate:1")
    lane.stop()
    (saved,) = await told(next_save(session, 3))
    assert isinstance(saved, Saved)
    assert saved.revision == 3
    assert await whole(session)


async def test_an_answer_behind_a_pause_is_judged_by_it() -> None:
    session = await known()
    await database_sync_to_async(sessions.pause)(
        session.pk, paused_by="proctor", reason="x", by="user:1", at=after(2)
    )
    (late,) = await told(
        factories.save(session, "Q1", writer="page", client_seq=3, received_at=after(64))
    )
    assert isinstance(late, Refused)
    assert late.refusal.reason == Reason.PAUSED


async def test_a_save_that_comes_again_is_told_the_same() -> None:
    session = await known()
    one = next_save(session, 3)
    assert await told(one) == await told(one)
    assert await database_sync_to_async(ResponseRevision.objects.count)() == 3


async def test_an_answer_is_saved_though_the_loops_connection_is_gone() -> None:
    session = await known()

    def end() -> None:
        with psycopg.connect(**connection.get_connection_params()) as other:
            for (pid,) in other.execute(OURS, [other.info.backend_pid]).fetchall():
                other.execute("SELECT pg_terminate_backend(%s)", [pid])

    await database_sync_to_async(end)()
    (saved,) = await told(next_save(session, 3))
    assert isinstance(saved, Saved)
    await told(next_save(session, 4))
    await opened()
    (again,) = await told(next_save(session, 5, "A"))
    assert isinstance(again, Saved)
    assert await whole(session)


@pytest.mark.parametrize("seed", range(6))
async def test_whatever_comes_when_each_session_keeps_its_order_and_its_last_answers(
    seed: int,
) -> None:
    drawn = random.Random(seed)
    some = [await known() for _ in range(3)]
    loop = asyncio.get_running_loop()
    asked: list[tuple[Save, asyncio.Future[Any]]] = []
    last: dict[tuple[UUID, str], Any] = {}
    for number in range(3, 43):
        session = drawn.choice(some)
        save = next_save(session, number, drawn.choice("ABC"), drawn.choice(("Q1", "Q1", "Q2")))
        last[session.pk, save.item] = dict(save.raw)
        asked.append((save, loop.create_future()))
        swift.queue(save, asked[-1][1].set_result)
        await asyncio.sleep(drawn.choice((0, 0, 0.001, 0.004)) if drawn.random() < 0.5 else 0)
        if drawn.random() < 0.1:
            await database_sync_to_async(presence.ask_help)(session.pk, after(2), by="x")
    outcomes = await asyncio.wait_for(asyncio.gather(*(future for _, future in asked)), 20)
    assert {type(one) for one in outcomes} == {Saved}
    for session in some:
        own = [
            one.ledger_seq
            for (save, _), one in zip(asked, outcomes, strict=True)
            if save.session_id == session.pk
        ]
        assert own == sorted(own)
        assert await whole(session)
        rows = await database_sync_to_async(list)(ItemSession.objects.filter(session=session))
        kept = {(session.pk, row.key): row.response for row in rows if row.revision}
        expected = {place: raw for place, raw in last.items() if place[0] == session.pk}
        assert {place: raw for place, raw in kept.items() if place in expected} == expected
