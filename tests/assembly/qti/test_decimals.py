import pytest

from assembly.qti import decimals, item_session, reading, values
from assembly.qti.values import BaseType, Raw


@pytest.mark.parametrize(
    ("typed", "language", "read"),
    [
        ("3,5", "de", "3.5"),
        ("3,5", "", "3.5"),
        ("3,5", "en", "3.5"),
        (" -0,25 ", "fr-CA", "-0.25"),
        ("1,234", "nl", "1.234"),
        ("1,234", "en", "1,234"),
        ("1,234", "de-CH", "1,234"),
        ("1.234,5", "de", "1.234,5"),
        ("3.5", "de", "3.5"),
        ("drei", "de", "drei"),
        (["1,5", "2.5"], "de", ["1.5", "2.5"]),
        (None, "de", None),
    ],
)
def test_a_decimal_comma_is_read_where_it_can_be_meant(
    typed: Raw, language: str, read: Raw
) -> None:
    assert decimals.read(typed, BaseType.FLOAT, language) == read


def test_only_decimal_numbers_are_read_so() -> None:
    assert decimals.read("3,5", BaseType.STRING, "de") == "3,5"
    assert decimals.read("3,5", BaseType.INTEGER, "de") == "3,5"


def test_an_answer_with_a_comma_is_bound_as_the_number_that_it_is() -> None:
    item = reading.read_item(
        b"""<qti-assessment-item xmlns="http://www.imsglobal.org/xsd/imsqtiasi_v3p0" title="t"
        identifier="i" xml:lang="nl" adaptive="false" time-dependent="false">
        <qti-response-declaration identifier="R" cardinality="single" base-type="float"/>
        <qti-item-body><p><qti-text-entry-interaction response-identifier="R"/></p>
        </qti-item-body></qti-assessment-item>"""
    )
    assert item_session.bind(item, {"R": "3,75"}) == {"R": values.real(3.75)}
