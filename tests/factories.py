"""Rows for tests, made without surprises: small QTI of our own, a fixed noon, a fixed cast."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from django.contrib.auth.models import Group, User

from assembly import models as assembly_models
from assembly.models import AssessmentTestVersion, ItemVersion
from delivery.models import AssessmentSession, Candidate, Enrolment, Sitting
from delivery.people import enrolments
from delivery.saving import responses
from delivery.saving.responses import Outcome, Save
from delivery.session import sessions

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
QTI = 'xmlns="http://www.imsglobal.org/xsd/imsqtiasi_v3p0"'
MATCH = "https://purl.imsglobal.org/spec/qti/v3p0/rptemplates/match_correct.xml"

# A text to enter, and a hint to ask for that counts as no attempt.
HELPED = f"""<qti-assessment-item {QTI} identifier="H" title="Helped" adaptive="false"
  time-dependent="false">
  <qti-response-declaration identifier="RESPONSE" cardinality="single" base-type="string">
    <qti-correct-response><qti-value>York</qti-value></qti-correct-response>
  </qti-response-declaration>
  <qti-response-declaration identifier="HINT" cardinality="single" base-type="boolean"/>
  <qti-outcome-declaration identifier="SCORE" cardinality="single" base-type="float"/>
  <qti-item-body><p><qti-text-entry-interaction response-identifier="RESPONSE"/>
    <qti-end-attempt-interaction response-identifier="HINT" title="Hint" count-attempt="false"/>
  </p></qti-item-body>
  <qti-response-processing
    template="{MATCH}"/>
</qti-assessment-item>"""

# The same, whose hint speaks of roses and scores nothing.
HINTED = HELPED.replace(
    "<qti-item-body>",
    """<qti-outcome-declaration identifier="ASKED" cardinality="single" base-type="boolean"/>
  <qti-item-body>""",
).replace(
    f"""<qti-response-processing
    template="{MATCH}"/>""",
    """<qti-response-processing><qti-response-condition>
    <qti-response-if><qti-variable identifier="HINT"/>
      <qti-set-outcome-value identifier="ASKED"><qti-variable identifier="HINT"/>
      </qti-set-outcome-value></qti-response-if>
    <qti-response-else-if><qti-match>
        <qti-variable identifier="RESPONSE"/><qti-correct identifier="RESPONSE"/></qti-match>
      <qti-set-outcome-value identifier="SCORE">
        <qti-base-value base-type="float">1</qti-base-value>
      </qti-set-outcome-value></qti-response-else-if>
  </qti-response-condition></qti-response-processing>
  <qti-modal-feedback outcome-identifier="ASKED" identifier="true" show-hide="show">
    <qti-content-body><p>Think of roses.</p></qti-content-body></qti-modal-feedback>""",
)

_number = count(1)


def after(seconds: float) -> datetime:
    """Return the instant so many seconds past noon."""
    return NOON + timedelta(seconds=seconds)


def choice_xml(identifier: str, *, correct: str = "A", title: str = "") -> str:
    """Return a single choice of A, B and C worth one point."""
    choices = "".join(
        f'<qti-simple-choice identifier="{name}">Choice {name} of {identifier}</qti-simple-choice>'
        for name in "ABC"
    )
    return f"""<qti-assessment-item {QTI} identifier="{identifier}"
      title="{title or f"Item {identifier}"}" adaptive="false" time-dependent="false">
      <qti-response-declaration identifier="RESPONSE" cardinality="single" base-type="identifier">
        <qti-correct-response><qti-value>{correct}</qti-value></qti-correct-response>
      </qti-response-declaration>
      <qti-outcome-declaration identifier="SCORE" cardinality="single" base-type="float">
        <qti-default-value><qti-value>0</qti-value></qti-default-value>
      </qti-outcome-declaration>
      <qti-outcome-declaration identifier="MAXSCORE" cardinality="single" base-type="float">
        <qti-default-value><qti-value>1</qti-value></qti-default-value>
      </qti-outcome-declaration>
      <qti-item-body>
        <qti-choice-interaction response-identifier="RESPONSE" max-choices="1" shuffle="true">
          <qti-prompt>Which is right in {identifier}?</qti-prompt>{choices}
        </qti-choice-interaction>
      </qti-item-body>
      <qti-response-processing template="{MATCH}"/>
    </qti-assessment-item>"""


@dataclass(frozen=True)
class Part:
    """A part of a test with one section; `seconds` limits the section, `control` is raw XML."""

    id: str = "P1"
    items: Sequence[str] = ("Q1", "Q2", "Q3")
    mode: str = "nonlinear"
    submission: str = "individual"
    seconds: int | None = None
    control: str = ""
    rules: str = ""
    ref_rules: Mapping[str, str] = field(default_factory=dict)


def _refs(part: Part) -> str:
    return "".join(
        f'<qti-assessment-item-ref identifier="{name}" href="{name}.xml">'
        f"{part.ref_rules.get(name, '')}</qti-assessment-item-ref>"
        for name in part.items
    )


def _part_xml(part: Part) -> str:
    limits = f'<qti-time-limits max-time="{part.seconds}"/>' if part.seconds else ""
    return f"""<qti-test-part identifier="{part.id}" navigation-mode="{part.mode}"
      submission-mode="{part.submission}">{part.control}
      <qti-assessment-section identifier="S-{part.id}" title="Section {part.id}" visible="true">
      {limits}{part.rules}{_refs(part)}</qti-assessment-section></qti-test-part>"""


def xml_of_test(parts: Sequence[Part], *, identifier: str, seconds: int | None = None) -> str:
    """Return a test of these parts; `seconds` is its max-time."""
    limits = f'<qti-time-limits max-time="{seconds}"/>' if seconds else ""
    return f"""<qti-assessment-test {QTI} identifier="{identifier}" title="Test {identifier}">
      {limits}{"".join(_part_xml(part) for part in parts)}</qti-assessment-test>"""


def item_version(identifier: str, xml: str = "", **fields: Any) -> ItemVersion:
    """Return a published item version worth one point."""
    item = assembly_models.Item.objects.create(identifier=f"{identifier}-{next(_number)}")
    return ItemVersion.objects.create(
        item=item,
        number=1,
        state=assembly_models.VersionState.PUBLISHED,
        title=f"Item {identifier}",
        xml=xml or choice_xml(identifier),
        max_score=1.0,
        created_at=NOON,
        **fields,
    )


def published(
    *parts: Part, seconds: int | None = 3600, items: dict[str, ItemVersion] | None = None
) -> AssessmentTestVersion:
    """Return a published test; by default one nonlinear part of three items in an hour."""
    parts = parts or (Part(),)
    identifier = f"T{next(_number)}"
    xml = xml_of_test(parts, identifier=identifier, seconds=seconds)
    test = assembly_models.AssessmentTest.objects.create(
        identifier=identifier, title=f"Test {identifier}", xml=xml
    )
    version = AssessmentTestVersion.objects.create(
        test=test,
        number=1,
        title=test.title,
        xml=xml,
        select_mode=test.select_mode,
        order_mode=test.order_mode,
        published_at=NOON,
        published_by="factory",
    )
    given = items or {}
    assembly_models.TestVersionItem.objects.bulk_create(
        assembly_models.TestVersionItem(
            version=version, ref=name, item_version=given.get(name) or item_version(name)
        )
        for part in parts
        for name in part.items
    )
    return version


def sitting(version: AssessmentTestVersion | None = None, **fields: Any) -> Sitting:
    """Return a sitting with a window from 11:00 to 18:00 around noon."""
    window = {"opens_at": after(-3600), "closes_at": after(6 * 3600)}
    made = {"title": "Physics", "test_version": version or published(), **window, **fields}
    return Sitting.objects.create(**made)


def candidate(name: str = "Alice Adams", **fields: Any) -> Candidate:
    """Return a candidate with a number of their own."""
    made = enrolments.new_candidate(f"C{next(_number):05}", name)
    for attribute, value in fields.items():
        setattr(made, attribute, value)
    made.save()
    return made


def enrolment(at_sitting: Sitting | None = None, who: Candidate | None = None) -> Enrolment:
    """Return an enrolment of a candidate at a sitting."""
    return enrolments.enrol(at_sitting or sitting(), who or candidate(), by="system", at=NOON)


def session(
    at_sitting: Sitting | None = None, who: Candidate | None = None, at: datetime = NOON
) -> AssessmentSession:
    """Return a session that the candidate started at noon."""
    enrolled = enrolment(at_sitting, who)
    by = f"candidate:{enrolled.candidate_id}"
    return sessions.start(enrolled.pk, at, by=by)


def save(of: AssessmentSession, item: str, value: str | None = "A", **fields: Any) -> Save:
    """Return a save of one choice, received a second past noon unless `received_at` says else."""
    made = {"received_at": after(1), "key": f"key-{next(_number)}", **fields}
    by = f"candidate:{of.candidate_id}"
    return Save(session_id=of.pk, item=item, raw={"RESPONSE": value}, by=by, **made)


def answer(of: AssessmentSession, item: str, value: str | None = "A", **fields: Any) -> Outcome:
    """Save one answer and return its outcome."""
    return responses.save([save(of, item, value, **fields)])[0]


def proctor(name: str = "paula", *sittings_of: Sitting) -> User:
    """Return a proctor of these sittings."""
    user = User.objects.create_user(f"{name}-{next(_number)}", password="proctor")
    user.groups.add(Group.objects.get_or_create(name="Proctor")[0])
    for one in sittings_of:
        one.proctors.add(user)
    return user
