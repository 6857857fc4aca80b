"""One item of every interaction, with the answer that is right: as a candidate may meet them."""

from __future__ import annotations

import hashlib
import struct
import zlib
from dataclasses import dataclass

from assembly.models import Asset, ItemVersion, ItemVersionAsset
from assembly.qti.values import Raw
from tests import factories
from tests.factories import MATCH, QTI

CAPTIONS = "WEBVTT\n\n00:00.000 --> 00:01.000\nA bell rings.\n"
IMAGE = '<img src="map.png" alt="A map of the island" width="200" height="100"/>'
COUNTER = """define(["qtiCustomInteractionContext"], (context) => {
  context.register({
    typeIdentifier: "urn:example:counter",
    getInstance(dom, configuration, state) {
      let count = state ? state.count : 0;
      const button = dom.querySelector("button");
      const show = () => { button.textContent = `One more: ${count}`; };
      button.addEventListener("click", () => { count += 1; show(); });
      show();
      configuration.onready({
        getResponse: () => (count ? { base: { integer: count } } : null),
        getState: () => JSON.stringify({ count }),
      });
    },
  });
});
"""


@dataclass(frozen=True, slots=True)
class Kind:
    """`right` is the raw response that scores 1; None where no answer is right by itself."""

    body: str
    base_type: str
    right: Raw = None
    cardinality: str = "single"
    more: str = ""

    def xml(self, identifier: str) -> str:
        return f"""<qti-assessment-item {QTI} identifier="{identifier}" title="{identifier}"
          xml:lang="en" adaptive="false" time-dependent="false">
          <qti-response-declaration identifier="RESPONSE" cardinality="{self.cardinality}"
            base-type="{self.base_type}">{self._correct()}</qti-response-declaration>
          <qti-outcome-declaration identifier="SCORE" cardinality="single" base-type="float">
            <qti-default-value><qti-value>0</qti-value></qti-default-value>
          </qti-outcome-declaration>
          <qti-item-body>{self.body}</qti-item-body>
          {f'<qti-response-processing template="{MATCH}"/>' if self.right is not None else ""}
        </qti-assessment-item>"""

    def _correct(self) -> str:
        if self.right is None:
            return ""
        right = [self.right] if isinstance(self.right, str) else self.right
        values = "".join(f"<qti-value>{value}</qti-value>" for value in right)
        return f"<qti-correct-response>{values}</qti-correct-response>"


def _interaction(name: str, inside: str, extra: str = "", prompt: str = "Do what is asked.") -> str:
    asked = f"<qti-prompt>{prompt}</qti-prompt>" if prompt else ""
    return (
        f'<qti-{name}-interaction response-identifier="RESPONSE" {extra}>'
        f"{asked}{inside}</qti-{name}-interaction>"
    )


def _choices(tag: str, words: str, extra: str = "") -> str:
    return "".join(
        f'<{tag} identifier="{word[0]}" {extra}>{word}</{tag}>' for word in words.split()
    )


def _spots(tag: str, extra: str = "") -> str:
    return (
        f'<{tag} identifier="H" shape="circle" coords="40,50,20" hotspot-label="Harbour" {extra}/>'
        f'<{tag} identifier="P" shape="rect" coords="80,20,120,60" hotspot-label="Peak" {extra}/>'
        f'<{tag} identifier="W" shape="poly" coords="150,30,190,30,170,80" hotspot-label="Wood"'
        f" {extra}/>"
    )


_MATCH_SETS = "".join(
    f"<qti-simple-match-set>{_choices('qti-simple-associable-choice', words, extra)}"
    "</qti-simple-match-set>"
    for words, extra in (("Oslo Rome", 'match-max="1"'), ("Norway Italy", 'match-max="0"'))
)

KINDS: dict[str, Kind] = {
    "choice": Kind(
        _interaction(
            "choice", _choices("qti-simple-choice", "Alpha Beta Gamma"), 'max-choices="1"'
        ),
        "identifier",
        "B",
    ),
    "choices": Kind(
        _interaction(
            "choice", _choices("qti-simple-choice", "Alpha Beta Gamma"), 'max-choices="2"'
        ),
        "identifier",
        ["A", "G"],
        "multiple",
    ),
    "order": Kind(
        _interaction("order", _choices("qti-simple-choice", "Alpha Beta Gamma")),
        "identifier",
        ["G", "A", "B"],
        "ordered",
    ),
    "associate": Kind(
        _interaction(
            "associate",
            _choices("qti-simple-associable-choice", "Alpha Beta Gamma Delta", 'match-max="1"'),
            'max-associations="2"',
        ),
        "pair",
        ["A B", "G D"],
        "multiple",
    ),
    "match": Kind(
        _interaction("match", _MATCH_SETS, 'max-associations="2"'),
        "directedPair",
        ["O N", "R I"],
        "multiple",
    ),
    "match_table": Kind(
        _interaction(
            "match",
            _MATCH_SETS.replace('match-max="1"', 'match-max="2"'),
            'max-associations="3" class="qti-match-tabular" data-first-column-header="City"',
        ),
        "directedPair",
        ["O N", "R I"],
        "multiple",
    ),
    "gap_match": Kind(
        _interaction(
            "gap-match",
            _choices("qti-gap-text", "Night Day", 'match-max="1"')
            + '<p>The <qti-gap identifier="X"/> follows the <qti-gap identifier="Y"/>.</p>',
        ),
        "directedPair",
        ["D X", "N Y"],
        "multiple",
    ),
    "inline_choice": Kind(
        "<p>The sun is a "
        + _interaction("inline-choice", _choices("qti-inline-choice", "Planet Star"), prompt="")
        + ".</p>",
        "identifier",
        "S",
    ),
    "text_entry": Kind(
        "<p>Two and two are "
        + _interaction("text-entry", "", 'expected-length="4" pattern-mask="[0-9]+"', prompt="")
        + ".</p>",
        "integer",
        "4",
    ),
    "extended_text": Kind(_interaction("extended-text", "", 'expected-lines="3"'), "string"),
    "hottext": Kind(
        _interaction(
            "hottext",
            f"<p>They {_choices('qti-hottext', 'was had')} there.</p>",
            'max-choices="1"',
        ),
        "identifier",
        "w",
    ),
    "hotspot": Kind(
        _interaction("hotspot", IMAGE + _spots("qti-hotspot-choice"), 'max-choices="1"'),
        "identifier",
        "P",
    ),
    "select_point": Kind(_interaction("select-point", IMAGE, 'max-choices="1"'), "point"),
    "graphic_order": Kind(
        _interaction("graphic-order", IMAGE + _spots("qti-hotspot-choice")),
        "identifier",
        ["W", "H", "P"],
        "ordered",
    ),
    "graphic_associate": Kind(
        _interaction(
            "graphic-associate",
            IMAGE + _spots("qti-associable-hotspot", 'match-max="1"'),
            'max-associations="1"',
        ),
        "pair",
        ["H W"],
        "multiple",
    ),
    "graphic_gap_match": Kind(
        _interaction(
            "graphic-gap-match",
            IMAGE
            + _choices("qti-gap-text", "Boats Trees", 'match-max="1"')
            + _spots("qti-associable-hotspot", 'match-max="1"'),
        ),
        "directedPair",
        ["B H", "T W"],
        "multiple",
    ),
    "position_object": Kind(
        f"<qti-position-object-stage>{IMAGE}"
        + _interaction(
            "position-object",
            '<img src="pin.png" alt="A pin" width="16" height="16"/>',
            'max-choices="1"',
            prompt="",
        )
        + "</qti-position-object-stage>",
        "point",
    ),
    "slider": Kind(
        _interaction("slider", "", 'lower-bound="0" upper-bound="10" step="1" step-label="true"'),
        "integer",
        "7",
    ),
    "drawing": Kind(_interaction("drawing", IMAGE), "file"),
    "media": Kind(
        _interaction(
            "media",
            '<audio controls="controls"><source src="bell.wav" type="audio/wav"/>'
            '<track kind="captions" srclang="en" label="English" src="bell.vtt"/></audio>',
            'autostart="false" min-plays="1"',
        ),
        "integer",
    ),
    "upload": Kind(_interaction("upload", ""), "file"),
    "end_attempt": Kind(
        "<p>Some help: " + _interaction("end-attempt", "", 'title="Give me a hint"', "") + "</p>",
        "boolean",
    ),
    "portable": Kind(
        '<qti-portable-custom-interaction response-identifier="RESPONSE" module="counter"'
        ' custom-interaction-type-identifier="urn:example:counter"><qti-interaction-modules>'
        '<qti-interaction-module id="counter" primary-path="counter.js"/></qti-interaction-modules>'
        "<qti-interaction-markup><button>One more</button></qti-interaction-markup>"
        "</qti-portable-custom-interaction>",
        "integer",
    ),
}


def png(width: int, height: int, grey: int = 220) -> bytes:
    """A picture of one grey."""
    rows = b"".join(b"\0" + bytes([grey]) * width for _ in range(height))

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def wav(seconds: float = 0.2) -> bytes:
    """Silence."""
    data = b"\x80" * int(8000 * seconds)
    form = struct.pack("<HHIIHH", 1, 1, 8000, 8000, 1, 8)
    chunks = b"fmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


def attach(version: ItemVersion, href: str, media_type: str, content: bytes) -> None:
    """Give an item version a file."""
    asset, _ = Asset.objects.get_or_create(
        sha256=hashlib.sha256(content).hexdigest(),
        defaults={"media_type": media_type, "size": len(content), "content": content},
    )
    ItemVersionAsset.objects.create(item_version=version, href=href, asset=asset)


def version(name: str) -> ItemVersion:
    """Return a published item of a kind with its files."""
    made = factories.item_version(name, KINDS[name].xml(name))
    if "map.png" in made.xml:
        attach(made, "map.png", "image/png", png(200, 100))
    if "pin.png" in made.xml:
        attach(made, "pin.png", "image/png", png(16, 16, 60))
    if "bell.wav" in made.xml:
        attach(made, "bell.wav", "audio/wav", wav())
        attach(made, "bell.vtt", "text/vtt", CAPTIONS.encode())
    if "counter.js" in made.xml:
        attach(made, "counter.js", "text/javascript", COUNTER.encode())
    return made
