"""What stands against publishing a test: errors forbid it, warnings ask to look again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from django.utils.translation import gettext as _

from assembly import adaptive, models, outlines
from assembly.packages import stored
from assembly.qti import assessment, body
from assembly.qti.assessment import AssessmentTest, ItemRef, Section
from assembly.qti.body import Element
from assembly.qti.errors import QtiError
from assembly.qti.interactions_graphic import Image
from assembly.qti.item import AssessmentItem

OPEN = frozenset({"extended_text_interaction", "upload_interaction", "drawing_interaction"})
NO_KEY_NEEDED = OPEN | {"end_attempt_interaction", "media_interaction"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to mend or to look at; `where` is an identifier."""

    level: Literal["error", "warning"]
    code: str
    message: str
    where: str

    @property
    def is_error(self) -> bool:
        return self.level == "error"


def lint(test: models.AssessmentTest) -> list[Finding]:
    imported = test.xml or test.origin
    source = stored.read_test(test) if imported else outlines.definition(test)
    pinned = pins(test)
    return [*structure(source), *_pinned(source, pinned), *_items(pinned)]


def pins(test: models.AssessmentTest) -> dict[str, models.ItemVersion]:
    """The version that each item ref means: its own, else the item's newest that is not retired."""
    refs = list(
        models.ItemRef.objects.filter(section__part__test=test).select_related("version__item")
    )
    items = {ref.item_id for ref in refs if ref.version_id is None}
    newest = models.ItemVersion.objects.filter(item__in=items).select_related("item")
    newest = newest.exclude(state=models.VersionState.RETIRED).order_by("number")
    by_item = {version.item_id: version for version in newest}
    found = {ref.identifier: ref.version or by_item.get(ref.item_id) for ref in refs}
    return {ref: version for ref, version in found.items() if version}


def _error(code: str, message: str, where: str) -> Finding:
    return Finding("error", code, message, where)


def _warning(code: str, message: str, where: str) -> Finding:
    return Finding("warning", code, message, where)


def structure(test: AssessmentTest) -> Iterator[Finding]:
    """What the test's own rules contradict."""
    if not test.parts:
        yield _error("no_parts", _("The test has no parts."), test.identifier)
    for where in _repeated(test):
        yield _error("duplicate", _("The identifier %(id)s is used twice.") % {"id": where}, where)
    for part in test.parts:
        if not part.children:
            message = _("The part %(id)s has no sections.") % {"id": part.identifier}
            yield _error("empty_part", message, part.identifier)
        for _path, child in assessment.walk(part.children):
            if isinstance(child, Section):
                yield from _section(child)


def _repeated(test: AssessmentTest) -> list[str]:
    names: Counter[str] = Counter()
    for part in test.parts:
        names[part.identifier] += 1
        names.update(child.identifier for _path, child in assessment.walk(part.children))
    return [name for name, times in names.items() if times > 1]


def _section(section: Section) -> Iterator[Finding]:
    facts = {"id": section.title or section.identifier, "pool": len(section.children)}
    if not section.children:
        message = _("The section %(id)s is empty.") % facts
        yield _error("empty_section", message, section.identifier)
    if section.adaptive:
        yield from _adaptive_section(section)
        return
    rule = section.selection
    if rule is None:
        return
    required = sum(child.required for child in section.children)
    facts |= {"select": rule.select, "required": required}
    if required > rule.select:
        message = _("The section %(id)s selects %(select)s but requires %(required)s.") % facts
        yield _error("too_many_required", message, section.identifier)
    if rule.select > len(section.children) and not rule.with_replacement:
        message = _("The section %(id)s selects %(select)s of only %(pool)s.") % facts
        yield _error("small_pool", message, section.identifier)


def _adaptive_section(section: Section) -> Iterator[Finding]:
    chosen = section.adaptive
    assert chosen is not None
    if chosen.engine_href != adaptive.ENGINE:
        message = _("The section %(id)s asks for an adaptive engine that is not here.")
        yield _error("foreign_engine", message % {"id": section.identifier}, section.identifier)
        return
    try:
        settings = adaptive.Settings.from_href(chosen.settings_href)
    except adaptive.SettingsError as error:
        yield _error("adaptive_settings", str(error), section.identifier)
        return
    pool = sum(isinstance(child, ItemRef) for _path, child in assessment.walk(section.children))
    if pool < settings.min_items:
        message = _("The adaptive section %(id)s needs %(least)s items but has %(pool)s.")
        facts = {"id": section.identifier, "least": settings.min_items, "pool": pool}
        yield _error("small_pool", message % facts, section.identifier)


def _pinned(test: AssessmentTest, pinned: Mapping[str, models.ItemVersion]) -> Iterator[Finding]:
    for _part, path, ref in assessment.item_refs(test):
        version = pinned.get(ref.identifier)
        if version is None:
            message = _("The item ref %(id)s leads to no item that can be used.")
            yield _error("unresolved_ref", message % {"id": ref.identifier}, ref.identifier)
        elif version.state == models.VersionState.RETIRED:
            message = _("%(id)s uses a retired version of its item.") % {"id": ref.identifier}
            yield _error("retired_item", message, ref.identifier)
        elif any(section.adaptive for section in path) and version.irt_b is None:
            message = _("%(id)s is in an adaptive section but its difficulty is unknown.")
            yield _error("no_parameters", message % {"id": ref.identifier}, ref.identifier)


def _items(pinned: Mapping[str, models.ItemVersion]) -> Iterator[Finding]:
    for version in {version.pk: version for version in pinned.values()}.values():
        try:
            item = stored.read_item(version)
        except QtiError as error:
            yield _error("unreadable_item", str(error), version.item.identifier)
            continue
        yield from item_findings(item)


def item_findings(item: AssessmentItem) -> Iterator[Finding]:
    where = item.identifier
    for identifier in _without_key(item):
        message = _("%(item)s has no key for %(response)s: every answer will score nothing.")
        yield _warning("no_key", message % {"item": where, "response": identifier}, where)
    missing = _without_alternative(item)
    if missing:
        message = _("%(item)s has an image without alternative text: %(files)s.")
        facts = {"item": where, "files": ", ".join(missing)}
        yield _warning("no_alternative_text", message % facts, where)


def _without_key(item: AssessmentItem) -> Iterable[str]:
    """Responses that can only be scored by a key and have none."""
    scored_by_person = any(one.external_scored for one in item.outcomes.values())
    if scored_by_person or item.adaptive:
        return
    for interaction in item.interactions:
        declared = item.responses.get(interaction.response_identifier)
        if declared is None or interaction.name in NO_KEY_NEEDED:
            continue
        keyed = declared.correct or declared.mapping or declared.area_mapping
        if not item.response_processing or not (keyed or item.template_processing):
            yield declared.identifier


def _without_alternative(item: AssessmentItem) -> list[str]:
    """Images without any alternative text; an empty one says on purpose that it is decoration."""
    found = []
    for node in body.walk(item.body):
        if isinstance(node, Element) and node.name == "img" and "alt" not in node.attributes:
            found.append(node.attributes.get("src", ""))
        image = getattr(node, "image", None)
        if isinstance(image, Image) and not image.alt.strip():
            found.append(image.source)
    return list(dict.fromkeys(found))
