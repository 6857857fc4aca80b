from assembly.cache import Cache


def test_a_value_is_made_once_and_the_oldest_leaves_first() -> None:
    cache: Cache[str] = Cache(2)
    made: list[int] = []

    def make(key: int) -> tuple[str, bool]:
        made.append(key)
        return f"value {key}", True

    assert [cache.get(key, make) for key in (1, 1, 2, 3)] == [
        "value 1",
        "value 1",
        "value 2",
        "value 3",
    ]
    assert (made, [key in cache for key in (1, 2, 3)]) == ([1, 2, 3], [False, True, True])


def test_a_value_that_may_change_is_made_each_time() -> None:
    cache: Cache[int] = Cache(2)
    values = iter(range(9))
    assert [cache.get(1, lambda _key: (next(values), False)) for _ in range(3)] == [0, 1, 2]
    assert 1 not in cache


def test_an_emptied_cache_makes_its_values_anew() -> None:
    cache: Cache[int] = Cache(2)
    cache.get(1, lambda _key: (1, True))
    cache.clear()
    assert cache.get(1, lambda _key: (2, True)) == 2
