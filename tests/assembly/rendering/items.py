"""One small item of each interaction, with the answers that a candidate could give it."""

from dataclasses import dataclass

from hypothesis import strategies as st

from assembly.qti import reading
from assembly.qti.item import AssessmentItem
from assembly.qti.values import Raw

NAMESPACE = "http://www.imsglobal.org/xsd/imsqtiasi_v3p0"


def item(
    body: str, declarations: str = "", *, tail: str = "", adaptive: str = "false"
) -> AssessmentItem:
    source = (
        f'<qti-assessment-item xmlns="{NAMESPACE}" identifier="i" title="t"'
        f' adaptive="{adaptive}" time-dependent="false">{declarations}'
        f"<qti-item-body>{body}</qti-item-body>{tail}</qti-assessment-item>"
    )
    return reading.read_item(source.encode())


def declaration(base_type: str, cardinality: str = "single", inside: str = "") -> str:
    return (
        f'<qti-response-declaration identifier="R" cardinality="{cardinality}"'
        f' base-type="{base_type}">{inside}</qti-response-declaration>'
    )


def choices(tag: str, names: str, extra: str = "") -> str:
    return "".join(f'<{tag} identifier="{name}" {extra}>choice {name}</{tag}>' for name in names)


def interaction(name: str, inside: str, extra: str = "") -> str:
    return (
        f'<qti-{name}-interaction response-identifier="R" {extra}>{inside}</qti-{name}-interaction>'
    )


@dataclass(frozen=True)
class Case:
    item: AssessmentItem
    answers: st.SearchStrategy[Raw]


def some(names: str, low: int = 0, high: int | None = None) -> st.SearchStrategy[Raw]:
    """Several of the names in their own order; nothing is None."""
    picked = st.sets(st.sampled_from(names), min_size=low, max_size=high or len(names))
    return picked.map(lambda found: [name for name in names if name in found] or None)


def one(names: str) -> st.SearchStrategy[Raw]:
    return st.one_of(st.none(), st.sampled_from(names))


def pairs(sources: str, targets: str) -> st.SearchStrategy[Raw]:
    every = [f"{source} {target}" for source in sources for target in targets]
    picked = st.sets(st.sampled_from(every))
    return picked.map(lambda found: [pair for pair in every if pair in found] or None)


def assigned(sources: str, targets: str) -> st.SearchStrategy[Raw]:
    """At most one source for each target, target by target."""
    each = st.tuples(*(st.sampled_from(["", *sources]) for _ in targets))
    return each.map(
        lambda found: [f"{s} {t}" for s, t in zip(found, targets, strict=True) if s] or None
    )


IMAGE = '<img src="map.png" alt="A map" width="200" height="100"/>'
AREAS = (
    '<{tag} identifier="a" shape="circle" coords="10,10,5" {extra}/>'
    '<{tag} identifier="b" shape="rect" coords="20,20,40,40" {extra}/>'
    '<{tag} identifier="c" shape="poly" coords="50,50,60,60,70,50" hotspot-label="Peak" {extra}/>'
)
HOTSPOTS = AREAS.format(tag="qti-hotspot-choice", extra="")
ASSOCIABLE = AREAS.format(tag="qti-associable-hotspot", extra='match-max="1"')
SET = "<qti-simple-match-set>{}</qti-simple-match-set>"
ASSOCIABLE_CHOICE = "qti-simple-associable-choice"
NUMBER = st.integers(0, 90)
POINT = st.tuples(NUMBER, NUMBER).map(lambda found: f"{found[0]} {found[1]}")
TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=40)
LINES = st.lists(TEXT, max_size=4).map("\n".join)


def match(first_max: str, extra: str) -> AssessmentItem:
    inside = SET.format(choices(ASSOCIABLE_CHOICE, "ab", f'match-max="{first_max}"')) + SET.format(
        choices(ASSOCIABLE_CHOICE, "xyz", 'match-max="0"')
    )
    return item(interaction("match", inside, extra), declaration("directedPair", "multiple"))


def or_none(found: str) -> Raw:
    return found or None


CASES: dict[str, Case] = {
    "choice_single": Case(
        item(
            interaction("choice", choices("qti-simple-choice", "abc"), 'max-choices="1"'),
            declaration("identifier"),
        ),
        one("abc"),
    ),
    "choice_multiple": Case(
        item(
            interaction(
                "choice", choices("qti-simple-choice", "abc"), 'max-choices="0" shuffle="true"'
            ),
            declaration("identifier", "multiple"),
        ),
        some("abc"),
    ),
    "text_entry": Case(
        item(f"<p>{interaction('text-entry', '')}</p>", declaration("string")), TEXT.map(or_none)
    ),
    "text_entry_integer": Case(
        item(f"<p>{interaction('text-entry', '')}</p>", declaration("integer")),
        st.one_of(st.none(), st.integers(-99, 99).map(str)),
    ),
    "text_entry_hexadecimal": Case(
        item("<p>" + interaction("text-entry", "", 'base="16"') + "</p>", declaration("integer")),
        st.one_of(st.none(), st.integers(-9999, 9999).map(str)),
    ),
    "inline_choice": Case(
        item(
            f"<p>{interaction('inline-choice', choices('qti-inline-choice', 'abc'))}</p>",
            declaration("identifier"),
        ),
        one("abc"),
    ),
    "extended_text": Case(
        item(interaction("extended-text", ""), declaration("string")), LINES.map(or_none)
    ),
    "extended_text_several": Case(
        item(
            interaction("extended-text", "", 'max-strings="3"'), declaration("string", "ordered")
        ),
        st.lists(TEXT.filter(bool), max_size=3).map(lambda found: found or None),
    ),
    "order": Case(
        item(
            interaction("order", choices("qti-simple-choice", "abc"), 'shuffle="true"'),
            declaration("identifier", "ordered"),
        ),
        st.one_of(st.none(), st.permutations(list("abc"))),
    ),
    "order_some": Case(
        item(
            interaction(
                "order", choices("qti-simple-choice", "abcd"), 'min-choices="1" max-choices="2"'
            ),
            declaration("identifier", "ordered"),
        ),
        st.lists(st.sampled_from("abcd"), max_size=2, unique=True).map(lambda f: f or None),
    ),
    "order_apart": Case(
        item(
            interaction(
                "order", choices("qti-simple-choice", "abc"), 'class="qti-choices-left"'
            ),
            declaration("identifier", "ordered"),
        ),
        st.one_of(st.none(), st.permutations(list("abc"))),
    ),
    "match_rows": Case(match("1", 'max-associations="2"'), st.one_of(
        st.none(), st.sampled_from([["a x"], ["b z"], ["a y", "b y"], ["a x", "b z"]])
    )),
    "match_table": Case(match("0", 'max-associations="0"'), pairs("ab", "xyz")),
    "hottext": Case(
        item(
            interaction(
                "hottext", f"<p>See {choices('qti-hottext', 'abc')}.</p>", 'max-choices="2"'
            ),
            declaration("identifier", "multiple"),
        ),
        some("abc", 0, 2),
    ),
    "slider": Case(
        item(
            interaction("slider", "", 'lower-bound="0" upper-bound="10" step="1"'),
            declaration("integer"),
        ),
        st.one_of(st.none(), st.integers(0, 10).map(str)),
    ),
    "associate": Case(
        item(
            interaction(
                "associate", choices(ASSOCIABLE_CHOICE, "abcd", 'match-max="1"'),
                'max-associations="2"',
            ),
            declaration("pair", "multiple"),
        ),
        st.sampled_from([None, ["a b"], ["d c"], ["a c", "d b"]]),
    ),
    "gap_match": Case(
        item(
            interaction(
                "gap-match",
                choices("qti-gap-text", "ab", 'match-max="2"')
                + '<p>one <qti-gap identifier="x"/> two <qti-gap identifier="y"/></p>',
            ),
            declaration("directedPair", "multiple"),
        ),
        assigned("ab", "xy"),
    ),
    "hotspot": Case(
        item(
            interaction("hotspot", IMAGE + HOTSPOTS, 'max-choices="2"'),
            declaration("identifier", "multiple"),
        ),
        some("abc", 0, 2),
    ),
    "graphic_order": Case(
        item(
            interaction("graphic-order", IMAGE + HOTSPOTS), declaration("identifier", "ordered")
        ),
        st.one_of(st.none(), st.permutations(list("abc"))),
    ),
    "graphic_associate": Case(
        item(
            interaction("graphic-associate", IMAGE + ASSOCIABLE, 'max-associations="1"'),
            declaration("pair", "multiple"),
        ),
        st.sampled_from([None, ["a b"], ["c b"]]),
    ),
    "graphic_gap_match": Case(
        item(
            interaction(
                "graphic-gap-match",
                IMAGE + choices("qti-gap-text", "xy", 'match-max="0"') + ASSOCIABLE,
            ),
            declaration("directedPair", "multiple"),
        ),
        assigned("xy", "abc"),
    ),
    "select_point": Case(
        item(
            interaction("select-point", IMAGE, 'max-choices="2"'),
            declaration("point", "multiple"),
        ),
        st.lists(POINT, max_size=2).map(lambda found: found or None),
    ),
    "position_object": Case(
        item(
            "<qti-position-object-stage>" + IMAGE + interaction(
                "position-object", '<img src="pin.png" alt="pin" width="9" height="9"/>',
                'max-choices="1"',
            ) + "</qti-position-object-stage>",
            declaration("point"),
        ),
        st.one_of(st.none(), POINT),
    ),
    "upload": Case(
        item(interaction("upload", ""), declaration("file")),
        st.sampled_from([None, "data:text/plain;name=a.txt;base64,YQ=="]),
    ),
    "drawing": Case(
        item(interaction("drawing", IMAGE), declaration("file")),
        st.sampled_from([None, "data:image/png;name=drawing.png;base64,YQ=="]),
    ),
    "portable_custom": Case(
        item(
            interaction(
                "portable-custom",
                "<qti-interaction-markup><p>inside</p></qti-interaction-markup>",
                'custom-interaction-type-identifier="urn:x" module="m"',
            ),
            declaration("string", "multiple"),
        ),
        st.lists(TEXT.filter(bool), max_size=2).map(lambda found: found or None),
    ),
    "media": Case(
        item(
            interaction("media", '<audio src="a.mp3"/>', 'max-plays="2"'), declaration("integer")
        ),
        st.sampled_from([None, "1", "2"]),
    ),
}  # fmt: skip
