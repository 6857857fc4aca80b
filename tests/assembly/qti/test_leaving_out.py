"""What never reaches a page is told; what the schema names is known or told."""

import pytest
from lxml import etree

from assembly.qti import (
    allowed_html,
    leaving_out,
    operators,
    reading,
    reading_body,
    reading_companions,
    reading_interactions,
    upgrade,
)
from tests import material
from tests.assembly.rendering.items import NAMESPACE

# Read by what they stand in: a portable interaction, a calculator, a ruler, a declaration.
PARTS = frozenset(
    """object qti-calculator-info qti-calculator-type qti-context-declaration qti-context-variable
    qti-description qti-increment-si qti-increment-us qti-interaction-module qti-label
    qti-major-increment qti-minimum-length qti-minor-increment qti-resource-icon qti-rule-system-si
    qti-rule-system-us qti-template-variable""".split()  # noqa: SIM905
)
SCHEMA = "{http://www.w3.org/2001/XMLSchema}element"


def told(body: str) -> list[tuple[str, str]]:
    source = (
        f'<qti-assessment-item xmlns="{NAMESPACE}" identifier="i" title="t">'
        f"<qti-item-body>{body}</qti-item-body></qti-assessment-item>"
    )
    root = reading.parse_xml(source.encode())
    return [(one.reason, one.message) for one in leaving_out.of(root)]


@pytest.mark.parametrize(
    ("body", "reason", "named"),
    [
        ("<script>x</script>", "dropped_element", "<script>"),
        ('<p style="color:red">x</p>', "dropped_attribute", "style of <p>"),
        ('<p onclick="x()">x</p>', "dropped_attribute", "onclick of <p>"),
        ('<audio src="a.mp3" autoplay="autoplay"/>', "dropped_attribute", "autoplay of <audio>"),
        ("<poem>x</poem>", "unknown_element", "<poem>"),
    ],
)
def test_what_is_left_out_is_named(body: str, reason: str, named: str) -> None:
    ((found, message),) = told(body)
    assert found == reason
    assert named in message


@pytest.mark.parametrize(
    "body",
    [
        '<p class="a" id="b" xml:lang="de" data-own="1" aria-label="c">x</p>',
        '<object data="a.png" type="image/png" width="1" height="1">x</object>',
        '<math xmlns="http://www.w3.org/1998/Math/MathML"><mi>x</mi></math>',
        '<acronym title="a">x</acronym><center>y</center>',
        '<img src="a.png" alt="" type="image/png"/>',
    ],
)
def test_what_is_shown_is_no_loss(body: str) -> None:
    assert told(body) == []


def test_every_element_that_the_schema_names_is_known() -> None:
    schema = material.folder() / "xsd" / "qtiv3p0" / "imsqti_asiv3p0_sbacv1p0_v1p0.xsd"
    named = {one.get("name") for one in etree.parse(schema).iter(SCHEMA)} - {None}
    known = (
        allowed_html.ELEMENTS
        | allowed_html.DROPPED
        | allowed_html.TRANSPARENT
        | frozenset(reading_body.RENAMED)
        | frozenset(reading_interactions.READERS)
        | frozenset(reading_companions.KINDS)
        | frozenset(upgrade.RENAMED.values())
        | frozenset(f"qti-{name}" for name in operators.TABLE)
        | PARTS
    )
    assert named - known == set()
