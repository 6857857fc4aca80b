import pytest
from hypothesis import given
from hypothesis import strategies as st

from assembly.qti import bases


@given(st.integers(), st.integers(2, 36))
def test_a_number_is_read_as_it_was_written(number: int, base: int) -> None:
    written = bases.written(number, base)
    assert int(written, base) == number
    if len(written) <= bases.LONGEST:
        assert bases.read(f" {written.upper()} ", base) == str(number)
        assert int(bases.shown(str(number), base), base) == number


@pytest.mark.parametrize("text", ["9", "12a", "", "-", "1.5", "0b1", "1_0", "\N{SUPERSCRIPT TWO}"])
def test_what_is_no_number_in_a_base_stays_as_it_was_typed(text: str) -> None:
    assert bases.read(text, 8) == f"{text} (base 8)"
    assert bases.shown(f"{text} (base 8)", 8) == text


def test_numbers_of_ten_fingers_stay_as_they_were_typed() -> None:
    assert bases.shown("007", 10) == "007"
    assert [bases.known(base) for base in (0, 1, 2, 36, 37)] == [10, 10, 2, 36, 10]
