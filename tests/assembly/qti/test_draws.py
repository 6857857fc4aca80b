"""Draws that a seed fixes."""

from hypothesis import given
from hypothesis import strategies as st

from assembly.qti.draws import Draws


@given(st.text("0123456789abcdef", min_size=1), st.integers(1, 9))
def test_draws_stay_in_range_and_permutations_keep_all(seed: str, size: int) -> None:
    draws = Draws(seed)
    assert 0 <= draws.below(size, "x") < size
    assert sorted(draws.permutation(size, "x")) == list(range(size))


def test_draws_differ_by_seed_and_label_and_by_nothing_else() -> None:
    drawn = [Draws(seed).below(10**9, label) for seed in "ab" for label in "xy"]
    assert len(set(drawn)) == 4
    assert Draws("a").below(10**9, "x") == drawn[0]
