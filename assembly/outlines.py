"""Between the rows of a draft and the test they mean, in both directions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields

from django.utils.translation import gettext as _

from assembly import adaptive, models
from assembly.qti import assessment
from assembly.qti.assessment import (
    AdaptiveSettings,
    Child,
    ItemSessionControl,
    RubricBlock,
    Selection,
    TimeLimits,
)
from assembly.qti.body import Element, Text, text_of
from assembly.qti.markup import paragraphs
from assembly.selection import Order, Select

CONTROLS = tuple(setting.name for setting in fields(ItemSessionControl))
TIMES = ("min_seconds", "max_seconds", "allow_late_submission")
WEIGHT = "WEIGHT"


def definition(test: models.AssessmentTest) -> assessment.AssessmentTest:
    """The test that the rows of a draft mean; a constant number of queries."""
    sections = models.Section.objects.filter(part__test=test).order_by("position", "id")
    refs = models.ItemRef.objects.filter(section__part__test=test).order_by("position", "id")
    shown = refs.select_related("item", "version").defer("version__xml")
    builder = _Builder(list(sections), list(shown))
    parts = test.parts.order_by("position", "id")
    return assessment.AssessmentTest(
        identifier=test.identifier,
        title=test.title,
        language=test.language,
        time_limits=_limits(test),
        parts=tuple(builder.part(part) for part in parts),
    )


@dataclass(frozen=True, slots=True)
class Branch:
    """A row of a draft with the rows inside it, for its page."""

    kind: str
    row: models.TestPart | models.Section | models.ItemRef
    children: tuple[Branch, ...] = ()

    @property
    def key(self) -> str:
        return f"{self.kind}-{self.row.pk}"

    @property
    def facts(self) -> list[str]:
        """What is special about this row, in words."""
        return [fact for fact in (*_own_facts(self.row), *_time_facts(self.row)) if fact]


def facts(test: models.AssessmentTest) -> list[str]:
    """The test's identifier and what its own settings say."""
    found = [test.identifier, *_time_facts(test)]
    if test.select_mode != Select.AS_WRITTEN:
        found.append(test.get_select_mode_display())
    if test.order_mode != Order.AS_WRITTEN:
        found.append(test.get_order_mode_display())
    return found


def _own_facts(row: models.TestPart | models.Section | models.ItemRef) -> Iterator[str]:
    if isinstance(row, models.TestPart):
        yield row.get_navigation_mode_display()
        return
    if isinstance(row, models.Section):
        if row.rule != models.Rule.ALL:
            yield (
                f"{row.get_rule_display()}: {row.select}" if row.select else row.get_rule_display()
            )
        yield _("shuffled") if row.shuffle else ""
        yield "" if row.visible else _("invisible")
    elif row.weight != 1:
        yield _("weight %(weight)g") % {"weight": row.weight}
    yield _("required") if row.required else ""
    yield _("keeps its place") if row.fixed else ""


def _time_facts(row: models.Timed) -> Iterator[str]:
    if row.min_seconds:
        yield _("at least %(time)s") % {"time": duration(row.min_seconds)}
    if row.max_seconds:
        yield _("at most %(time)s") % {"time": duration(row.max_seconds)}


def duration(seconds: int) -> str:
    """`1 h 05 min`, `25 min`, `32 s`."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min" + (f" {rest:02} s" if rest else "") if minutes else f"{rest} s"


def tree(test: models.AssessmentTest) -> tuple[Branch, ...]:
    """All rows of a draft in their order, in three queries."""
    sections = list(models.Section.objects.filter(part__test=test).order_by("position", "id"))
    refs = models.ItemRef.objects.filter(section__part__test=test).order_by("position", "id")
    builder = _Builder(sections, list(refs.select_related("item", "version").defer("version__xml")))
    return tuple(builder.branch(part) for part in test.parts.order_by("position", "id"))


class _Builder:
    def __init__(self, sections: list[models.Section], refs: list[models.ItemRef]) -> None:
        self.sections, self.refs = sections, refs

    def part(self, row: models.TestPart) -> assessment.TestPart:
        tops = [one for one in self.sections if one.part_id == row.pk and one.parent_id is None]
        return assessment.TestPart(
            identifier=row.identifier,
            title=row.title,
            navigation_mode=assessment.NavigationMode(row.navigation_mode),
            submission_mode=assessment.SubmissionMode(row.submission_mode),
            item_session_control=_control(row),
            time_limits=_limits(row),
            children=tuple(self.section(one) for one in tops),
        )

    def section(self, row: models.Section) -> assessment.Section:
        return assessment.Section(
            identifier=row.identifier,
            title=row.title,
            visible=row.visible,
            required=row.required,
            fixed=row.fixed,
            keep_together=row.keep_together,
            selection=_selection(row),
            ordering_shuffle=row.shuffle and row.rule != models.Rule.ADAPTIVE,
            adaptive=_adaptive(row),
            item_session_control=_control(row),
            time_limits=_limits(row),
            rubric_blocks=_instructions(row.instructions),
            children=self.children(row),
        )

    def inside(self, row: models.Section) -> list[models.Section | models.ItemRef]:
        """Sub-sections and item refs of one section, by their positions."""
        inner: list[models.Section | models.ItemRef] = [
            *(one for one in self.sections if one.parent_id == row.pk),
            *(one for one in self.refs if one.section_id == row.pk),
        ]
        return sorted(inner, key=lambda one: one.position)

    def children(self, row: models.Section) -> tuple[Child, ...]:
        return tuple(
            self.section(one) if isinstance(one, models.Section) else item_ref(one)
            for one in self.inside(row)
        )

    def branch(self, row: models.TestPart | models.Section | models.ItemRef) -> Branch:
        if isinstance(row, models.ItemRef):
            return Branch("ref", row)
        if isinstance(row, models.Section):
            return Branch("section", row, tuple(self.branch(one) for one in self.inside(row)))
        tops = [one for one in self.sections if one.part_id == row.pk and one.parent_id is None]
        return Branch("part", row, tuple(self.branch(one) for one in tops))


def item_ref(row: models.ItemRef) -> assessment.ItemRef:
    return assessment.ItemRef(
        identifier=row.identifier,
        href=href_of(row),
        required=row.required,
        fixed=row.fixed,
        categories=tuple(row.categories.split()),
        weights={} if row.weight == 1 else {WEIGHT: row.weight},
        item_session_control=_control(row),
        time_limits=_limits(row),
    )


def href_of(row: models.ItemRef) -> str:
    """Where an exported package keeps this item: a folder a version, so that no files collide."""
    pinned = f"-v{row.version.number}" if row.version else ""
    return f"items/{row.item.identifier}{pinned}/qti/item.xml"


def _limits(row: models.Timed) -> TimeLimits:
    return TimeLimits(row.min_seconds, row.max_seconds, row.allow_late_submission)


def _control(row: models.Controlled) -> ItemSessionControl:
    return ItemSessionControl(**{name: getattr(row, name) for name in CONTROLS})


def _selection(row: models.Section) -> Selection | None:
    if row.rule not in (models.Rule.FIRST, models.Rule.RANDOM) or row.select is None:
        return None
    first = row.rule == models.Rule.FIRST
    return Selection(row.select, row.with_replacement and not first, first)


def _adaptive(row: models.Section) -> AdaptiveSettings | None:
    if row.rule != models.Rule.ADAPTIVE:
        return None
    settings = adaptive.Settings(
        min_items=row.min_items,
        max_items=row.max_items,
        standard_error=row.standard_error,
        best=row.choose_among,
        scaling=row.scaling,
    )
    return AdaptiveSettings(adaptive.ENGINE, settings.href())


def _instructions(text: str) -> tuple[RubricBlock, ...]:
    shown = tuple(Element("p", {}, (Text(one),)) for one in paragraphs(text))
    return (RubricBlock(("candidate",), "instructions", shown),) if shown else ()


# From a test to rows


def store(
    test: models.AssessmentTest,
    source: assessment.AssessmentTest,
    versions: Mapping[str, models.ItemVersion],
) -> None:
    """Replace the draft's rows by an imported test's; `versions` by item ref."""
    test.parts.all().delete()
    for place, part in enumerate(source.parts, start=1):
        row = models.TestPart.objects.create(
            test=test,
            identifier=part.identifier,
            title=part.title[:500],
            position=place,
            navigation_mode=part.navigation_mode.value,
            submission_mode=part.submission_mode.value,
            **_settings(part),
        )
        _store_children(row, None, part.children, versions)


def _store_children(
    part: models.TestPart,
    parent: models.Section | None,
    children: Sequence[Child],
    versions: Mapping[str, models.ItemVersion],
) -> None:
    refs = []
    for place, child in enumerate(children, start=1):
        if isinstance(child, assessment.Section):
            row = _section_row(part, parent, child, place)
            row.save()
            _store_children(part, row, child.children, versions)
        elif parent is not None:
            refs.append(_ref_row(parent, child, place, versions[child.identifier]))
    models.ItemRef.objects.bulk_create(refs)


def _section_row(
    part: models.TestPart, parent: models.Section | None, source: assessment.Section, place: int
) -> models.Section:
    row = models.Section(
        part=part,
        parent=parent,
        identifier=source.identifier,
        title=source.title[:500],
        position=place,
        instructions=instructions_of(source),
        visible=source.visible,
        required=source.required,
        fixed=source.fixed,
        keep_together=source.keep_together,
        shuffle=source.ordering_shuffle,
        **_settings(source),
    )
    if source.selection:
        row.rule = models.Rule.FIRST if source.selection.first else models.Rule.RANDOM
        row.select = max(1, source.selection.select)
        row.with_replacement = source.selection.with_replacement
    if source.adaptive and source.adaptive.engine_href == adaptive.ENGINE:
        settings = adaptive.Settings.from_href(source.adaptive.settings_href)
        row.rule = models.Rule.ADAPTIVE
        row.min_items, row.max_items = settings.min_items, settings.max_items
        row.standard_error, row.choose_among = settings.standard_error, settings.best
        row.scaling = settings.scaling
    return row


def instructions_of(section: assessment.Section) -> str:
    """The text of a section's rubric blocks for candidates."""
    blocks = [one for one in section.rubric_blocks if not one.view or "candidate" in one.view]
    return "\n\n".join(text_of(block.content).strip() for block in blocks)


def instructed(edited: assessment.AssessmentTest, imported: assessment.AssessmentTest) -> set[str]:
    """The sections whose instructions no longer say what they said when they were imported."""
    before, after = _instructions_in(imported), _instructions_in(edited)
    return {name for name, text in after.items() if text != before.get(name, text)}


def _instructions_in(test: assessment.AssessmentTest) -> dict[str, str]:
    return {
        child.identifier: " ".join(instructions_of(child).split())
        for part in test.parts
        for _path, child in assessment.walk(part.children)
        if isinstance(child, assessment.Section)
    }


def _ref_row(
    section: models.Section, source: assessment.ItemRef, place: int, version: models.ItemVersion
) -> models.ItemRef:
    return models.ItemRef(
        section=section,
        item_id=version.item_id,
        version=version,
        identifier=source.identifier,
        position=place,
        required=source.required,
        fixed=source.fixed,
        categories=" ".join(source.categories)[:500],
        weight=source.weights.get(WEIGHT, next(iter(source.weights.values()), 1.0)),
        **_settings(source),
    )


def _settings(
    source: assessment.TestPart | assessment.Section | assessment.ItemRef,
) -> dict[str, int | bool | None]:
    """Times in whole seconds (fractions stay in the imported XML) and session control."""
    limits = source.time_limits
    low, high = times(limits)
    control = source.item_session_control
    return {
        "min_seconds": low,
        "max_seconds": high,
        "allow_late_submission": limits.allow_late_submission,
        **{name: getattr(control, name) for name in CONTROLS},
    }


def times(limits: TimeLimits) -> tuple[int | None, int | None]:
    """Whole seconds as rows hold them: a minimum above the maximum stays in the XML alone."""
    low, high = limits.min_seconds, limits.max_seconds
    least = None if low is None else round(low)
    most = None if high is None else max(1, round(high))
    return (least if least is None or most is None else min(least, most), most)
