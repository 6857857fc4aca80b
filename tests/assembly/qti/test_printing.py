import pytest

from assembly.qti import printing, values
from assembly.qti.values import BaseType, Cardinality, Value


def value(raw: str, base_type: BaseType) -> Value | None:
    return values.parse(raw, base_type, Cardinality.SINGLE)


@pytest.mark.parametrize(
    ("raw", "base_type", "attributes", "expected"),
    [
        ("3", BaseType.INTEGER, {}, "3"),
        ("0.1", BaseType.FLOAT, {}, "0.1"),
        ("2.0", BaseType.FLOAT, {}, "2"),
        ("3.14159", BaseType.FLOAT, {"format": "%.2f"}, "3.14"),
        ("3.14159", BaseType.FLOAT, {"format": "about %.1f m"}, "about 3.1 m"),
        ("255", BaseType.INTEGER, {"base": "16"}, "ff"),
        ("-5", BaseType.INTEGER, {"base": "2"}, "-101"),
        ("42", BaseType.INTEGER, {"format": "%05i"}, "00042"),
        ("12000", BaseType.FLOAT, {"format": "%.1e", "power-form": "true"}, "1.2 × 10⁴"),
        ("10", BaseType.INTEGER, {"format": "%i", "base": "2"}, "1010"),
        ("-10", BaseType.INTEGER, {"format": "%08i", "base": "2"}, "-0001010"),
        ("10", BaseType.INTEGER, {"format": "%-6i|", "base": "2"}, "1010  |"),
        ("10", BaseType.INTEGER, {"format": "%+7.5i", "base": "2"}, " +01010"),
        ("10", BaseType.INTEGER, {"format": "%d", "base": "2"}, "10"),
        ("10", BaseType.INTEGER, {"format": "%x", "base": "2"}, "a"),
        ("50", BaseType.INTEGER, {"format": "%i%%"}, "50%"),
        ("1.2", BaseType.FLOAT, {"format": "%.3r m"}, "1.20 m"),
        ("1234.0", BaseType.FLOAT, {"format": "%.4r"}, "1234"),
        ("0.00001234", BaseType.FLOAT, {"format": "%.2R"}, "1.2E-05"),
        ("2", BaseType.FLOAT, {"format": "%8.3r"}, "    2.00"),
        ("INF", BaseType.FLOAT, {"format": "%i"}, "INF"),
        ("1e400", BaseType.FLOAT, {"format": "%.1f"}, "INF"),
        ("a b", BaseType.PAIR, {}, "a b"),
        ("true", BaseType.BOOLEAN, {}, "true"),
        ("<b>", BaseType.STRING, {"format": "%d"}, "<b>"),
    ],
)
def test_a_scalar_is_printed_in_its_format(
    raw: str, base_type: BaseType, attributes: dict[str, str], expected: str
) -> None:
    assert printing.printed(value(raw, base_type), attributes) == expected


def test_null_prints_nothing() -> None:
    assert printing.printed(None, {"format": "%d"}) == ""


def test_a_list_is_joined_and_an_ordered_one_can_be_asked_by_place() -> None:
    ordered = values.parse(["1", "2", "3"], BaseType.INTEGER, Cardinality.ORDERED)
    assert printing.printed(ordered, {"delimiter": ", "}) == "1, 2, 3"
    assert printing.printed(ordered, {"index": "2"}) == "2"
    assert printing.printed(ordered, {"index": "9"}) == ""


def test_a_record_prints_its_fields_or_one_of_them() -> None:
    record = values.record([("a", values.integer(1)), ("b", values.real(2.5))])
    assert printing.printed(record, {}) == "a=1;b=2.5"
    assert printing.printed(record, {"field": "b", "format": "%.2f"}) == "2.50"


def test_base_and_index_may_name_variables() -> None:
    known = {"PLACE": values.integer(2), "BASE": values.integer(16), "NONE": None}
    attributes = {"index": "{PLACE}", "base": "BASE", "format": "NONE"}
    settled = printing.settled(attributes, known)
    assert settled == {"index": "2", "base": "16", "format": "NONE"}
    numbers = values.parse(["10", "31"], BaseType.INTEGER, Cardinality.ORDERED)
    assert printing.printed(numbers, {"index": settled["index"], "base": settled["base"]}) == "1f"
    assert printing.settled({"index": "1"}, known) == {"index": "1"}
