import pytest

from delivery.rules import writers
from delivery.rules.writers import Page


@pytest.mark.parametrize(
    ("name", "page"),
    [
        ("line.1.own", Page("line", 1)),
        ("line.12.own.more", Page("line", 12)),
        ("", None),
        ("page", None),
        ("line.1", None),
        ("line.1.", None),
        (".1.own", None),
        ("line.one.own", None),
        ("line.-1.own", None),
        ("line.²2.own", None),
        ("line.1234567890.own", None),
    ],
)
def test_a_name_tells_its_line_and_place_or_nothing(name: str, page: Page | None) -> None:
    assert writers.page_of(name) == page


@pytest.mark.parametrize(
    ("one", "other", "newer"),
    [
        (("line.1.a", 2), ("line.1.a", 1), True),
        (("line.1.a", 1), ("line.1.a", 1), False),
        (("line.2.b", 1), ("line.1.a", 9), True),
        (("line.1.a", 9), ("line.2.b", 1), False),
        # Two pages that began in the same moment do not know of each other.
        (("line.2.b", 2), ("line.2.c", 1), None),
        (("other.2.b", 2), ("line.1.a", 1), None),
        (("page", 2), ("page", 1), True),
        (("page", 2), ("line.1.a", 1), None),
        (("", 0), ("", 0), None),
    ],
)
def test_the_later_page_is_newer_and_within_a_page_the_later_answer(
    one: tuple[str, int], other: tuple[str, int], newer: bool | None
) -> None:
    assert writers.is_newer(*one, *other) is newer
