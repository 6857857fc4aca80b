"""XML from strangers: what is plain and small is parsed, the rest gets one clear error."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assembly.qti import xml
from assembly.qti.errors import ReadingError

ENTITIES = '<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;&x;">]>\n<a>&y;</a>'


@pytest.mark.parametrize(
    ("source", "reason", "line"),
    [
        (ENTITIES.encode(), "doctype", 1),
        (b"<?xml version='1.0'?>\n<!-- -->\n<?pi?>\n<!DOCTYPE a SYSTEM 'x'>\n<a/>", "doctype", 4),
        (ENTITIES.encode("utf-16"), "doctype", 1),
        (b"\xef\xbb\xbf<!DOCTYPE a><a/>", "doctype", 1),
        (b"<a>\n&nbsp;</a>", "entity", 2),
        (b"<a>\n<b></a>", "not_xml", 2),
        (b"", "not_xml", None),
        (b"PK\x03\x04rest", "not_xml", None),
        (b"plain text", "not_xml", None),
        (b"<?xml version='1.0' encoding='utf-7'?><a/>", "encoding", None),
        (b"<?xml version='1.0' encoding='cp037'?><a/>", "encoding", None),
        (b"<a>\xff\xfe</a>", "encoding", None),
        (b"<a>" + b"x" * 200 + b"</a>", "too_large", None),
        (b"<a>" * 130 + b"</a>" * 130, "too_deep", 1),
        (b"<a>" * 300 + b"</a>" * 300, "too_deep", 1),
    ],
)
def test_what_is_not_plain_xml_is_refused(source: bytes, reason: str, line: int | None) -> None:
    with pytest.raises(ReadingError) as refusal:
        xml.parse_xml(source, limit=2200 if reason != "too_large" else 100)
    assert refusal.value.reason == reason
    assert refusal.value.line == line


@pytest.mark.parametrize(
    "source",
    [
        "<a>é</a>".encode(),
        b"\xef\xbb\xbf" + "<a>é</a>".encode(),
        "<a>é</a>".encode("utf-16"),
        "<a>é</a>".encode("utf-16-be"),
        "<a>é</a>".encode("utf-32"),
        '<?xml version="1.0" encoding="ISO-8859-1"?><a>é</a>'.encode("latin-1"),
        '<?xml version="1.0" encoding="windows-1252" standalone="yes"?><a>é</a>'.encode("cp1252"),
        '<?xml version="1.0" encoding="UTF-8"?>\n<!-- c --><a>é</a>'.encode(),
    ],
)
def test_usual_encodings_are_understood(source: bytes) -> None:
    assert xml.text(xml.parse_xml(source)) == "é"


@pytest.mark.parametrize("after", ["", '<d xmlns="false"/>'])
@pytest.mark.parametrize(
    "inside", ['<b x:c="2"/>', "<x:c/>", '<b xmlns:x="a b"/>', '<x:b xmlns:x="a b" x:c="d"/>']
)
def test_namespaces_that_are_none_are_refused(inside: str, after: str) -> None:
    """A relative namespace after it makes the parser forget the error."""
    with pytest.raises(ReadingError) as refusal:
        xml.parse_xml(f"<a>{inside}{after}</a>".encode())
    assert (refusal.value.reason, refusal.value.line) == ("not_xml", 1)


def test_relative_namespaces_alone_are_let_pass() -> None:
    assert xml.name(xml.parse_xml(b'<a><d xmlns="false"/></a>')[0]) == "d"


def test_lines_are_those_of_the_file() -> None:
    root = xml.parse_xml(b"<?xml version='1.0'\n  encoding='utf-8'?>\n<a>\n  <b/>\n</a>")
    assert xml.line(root) == 3
    assert xml.line(root[0]) == 4


@given(st.binary(max_size=200) | st.text(max_size=100).map(lambda text: f"<a>{text}</a>".encode()))
def test_any_bytes_are_parsed_or_refused(source: bytes) -> None:
    try:
        found = xml.name(xml.parse_xml(source))
    except ReadingError as error:
        found = error.reason
    assert found
