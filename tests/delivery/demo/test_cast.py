"""The demo's cast: sixty people, every state, nobody twice in a sitting."""

from collections import Counter

from delivery.demo import cast, people
from delivery.demo.cast import End


def test_sixty_people_have_sixty_names_and_all_have_a_part() -> None:
    assert len(people.NAMES) == len(set(people.NAMES)) == 60
    assert {role.person for role in cast.roles()} == set(range(60))


def test_nobody_is_twice_in_one_sitting() -> None:
    places = Counter((role.person, role.sitting) for role in cast.roles())
    assert set(places.values()) == {1}


def test_every_way_to_stand_is_shown() -> None:
    assert {role.end for role in cast.roles()} == set(End)


def test_codes_are_different_in_their_first_four_letters() -> None:
    codes = [role.code for role in cast.roles() if role.code]
    assert len({code[:4] for code in codes}) == len(codes) == 8


def test_accommodations_are_spread_over_the_cast() -> None:
    assert set(cast.MULTIPLIERS.values()) == {"1.25", "1.5"}
    assert len(cast.UNLIMITED) == 2
