"""Jobs of a loop are done in the threads of a pool, and what became of them comes back."""

import asyncio
import gc
import threading
from concurrent.futures import Future

import pytest

from delivery.hosting.pool import Pool

pytestmark = pytest.mark.asyncio


async def test_job_is_done_in_a_thread_of_the_pool() -> None:
    pool = Pool(2, "some")
    names = await asyncio.gather(
        *(pool.run(lambda: threading.current_thread().name) for _ in range(9))
    )
    assert set(names) <= {"some_0", "some_1"}


async def test_error_of_a_job_is_raised_where_it_is_waited_for() -> None:
    pool = Pool(1, "some")

    def fail() -> None:
        raise StopIteration("even this one")

    with pytest.raises(RuntimeError, match="StopIteration"):
        await pool.run(fail)
    assert await pool.run(lambda: "goes on") == "goes on"


@pytest.mark.parametrize("many", [0, 1, 3])
async def test_job_waits_for_all_futures_however_they_end(many: int) -> None:
    pool, futures = Pool(1, "some"), [Future[str]() for _ in range(many)]
    job = pool.run_after(futures, lambda: [future.done() for future in futures])
    # The last first: each is waited for.
    for future in reversed(futures):
        assert await pool.run(lambda: "meanwhile") == "meanwhile"
        assert not job.done()
        future.set_exception(ValueError("refused"))
    assert await job == [True] * many


async def test_job_that_nobody_waits_for_is_not_begun() -> None:
    pool, hold, done = Pool(1, "some"), threading.Event(), list[int]()
    first = pool.run(hold.wait)
    left = pool.run(lambda: done.append(1))
    left.cancel()
    hold.set()
    await first
    await pool.run(lambda: done.append(2))
    assert done == [2]


async def test_threads_end_with_their_pool() -> None:
    pool = Pool(2, "ending")
    await pool.run(lambda: None)
    threads = [one for one in threading.enumerate() if one.name.startswith("ending_")]
    del pool
    gc.collect()
    for one in threads:
        one.join(10)
    assert [one.is_alive() for one in threads] == [False, False]
