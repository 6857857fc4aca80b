"""Which browser a session runs in: configurations of Safe Exam Browser, and what was proved.

A configuration carries a launch link and a salt of its own, so every candidate's has a Config Key
of its own, which is kept with the link. A browser that fails the check costs nobody an answer: the
session pauses with all that was saved, and a proctor decides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction

from delivery.facts import events, journal
from delivery.models import AssessmentSession, Enrolment, LaunchLink, Sitting
from delivery.people import codes, links
from delivery.session import desk, sessions, steps
from integrity.policy import seb, seb_files
from integrity.policy.lockdown import Policy
from integrity.policy.seb import Assurance, Claim, Proof, Settings

LINK_LIFE: Final = timedelta(hours=2)
NEWEST: Final = 20
SHOWN: Final = 8  # hexadecimal digits: enough to compare, too few to answer with
REASON: Final = (
    "The browser did not prove to be Safe Exam Browser with this sitting's configuration."
)


@dataclass(frozen=True, slots=True)
class Addresses:
    """The pages that a configuration names, absolute."""

    origin: str
    sign_in: str
    quit: str
    launch: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Examined:
    """What a claim proved for an address, whether that is enough, and what was expected."""

    url: str
    way: str  # "header" or "api"
    claim: Claim
    proof: Proof
    enough: bool
    expected_config: str
    expected_exam: str

    @property
    def header(self) -> str:
        """Name the header that is missing or wrong."""
        return seb.EXAM_KEY_HEADER if self.proof.config_key else seb.CONFIG_KEY_HEADER

    @property
    def expected(self) -> str:
        """Return how the hash that was expected begins; empty where no key is known."""
        return self.expected_exam if self.proof.config_key else self.expected_config

    @property
    def arrived(self) -> str:
        """Return how the hash that arrived begins; empty where none did."""
        exam, config = self.claim.exam_key_hash, self.claim.config_key_hash
        return (exam if self.proof.config_key else config)[:SHOWN]


def issue(enrolment: Enrolment, *, by: str, at: datetime) -> str:
    """Return the token of a new configuration's launch link."""
    return links.issue_launch_link(enrolment, at + LINK_LIFE, by=by, at=at)


def of_launch(token: str, addresses: Addresses, policy: Policy, at: datetime) -> bytes:
    """Return the .seb file of a launch link, the same however often; raises Refusal once used."""
    with transaction.atomic():
        link = links.find_link(token, at, lock=True)
        sitting = link.enrolment.sitting
        if sitting.lockdown is not None and sitting.lockdown.seb_file is not None:
            content, link.config_key = _uploaded(sitting)
        else:
            secret = bytes.fromhex(codes.digest("seb-launch", token))
            settings = _settings(policy, addresses, addresses.launch(token), secret)
            content, link.config_key = _file(settings, policy), seb.config_key(settings)
        link.save(update_fields=["config_key"])
        return content


def of_sitting(sitting: Sitting, addresses: Addresses, policy: Policy) -> bytes:
    """Return the .seb file for a room: candidates sign in inside the browser."""
    if sitting.lockdown is not None and sitting.lockdown.seb_file is not None:
        return _uploaded(sitting)[0]
    return _file(_of_sitting(sitting, addresses, policy), policy)


def _uploaded(sitting: Sitting) -> tuple[bytes, str]:
    assert sitting.lockdown is not None
    assert sitting.lockdown.seb_file is not None
    return bytes(sitting.lockdown.seb_file.content), sitting.lockdown.seb_file_key


def _of_sitting(sitting: Sitting, addresses: Addresses, policy: Policy) -> Settings:
    secret = bytes.fromhex(codes.digest("seb-sitting", str(sitting.pk)))
    return _settings(policy, addresses, addresses.sign_in, secret)


def _settings(policy: Policy, addresses: Addresses, start_url: str, secret: bytes) -> Settings:
    return seb.settings_of(
        policy.seb_profile,
        start_url=start_url,
        quit_url=addresses.quit,
        origin=addresses.origin,
        secret=secret,
    )


def _file(settings: Settings, policy: Policy) -> bytes:
    if policy.seb_password:
        return seb_files.write_encrypted(settings, policy.seb_password)
    return seb_files.write(settings)


def config_keys(enrolment: Enrolment, policy: Policy, addresses: Addresses) -> list[str]:
    """Return the Config Keys that hold for a candidate, the one to expect first."""
    if policy.seb_file_key:
        return [policy.seb_file_key]
    used = LaunchLink.objects.filter(enrolment=enrolment, used_at__isnull=False)
    own = used.exclude(config_key="").order_by("-used_at").values_list("config_key", flat=True)
    of_room = seb.config_key(_of_sitting(enrolment.sitting, addresses, policy))
    return [*own[:NEWEST], of_room]


def examine(
    enrolment: Enrolment, policy: Policy, addresses: Addresses, *, url: str, way: str, claim: Claim
) -> Examined:
    """Return what a claim proves for an address under a candidate's policy."""
    keys, exam_keys = config_keys(enrolment, policy, addresses), policy.seb_exam_keys
    proof = seb.prove(url, claim, config_keys=keys, exam_keys=exam_keys)
    return Examined(
        url=url,
        way=way,
        claim=claim,
        proof=proof,
        enough=seb.satisfies(proof, exam_keys=exam_keys),
        expected_config=seb.request_hash(url, keys[0])[:SHOWN],
        expected_exam=seb.request_hash(url, exam_keys[0])[:SHOWN] if exam_keys else "",
    )


def note(session_id: UUID, assurance: Assurance, *, way: str, by: str, at: datetime) -> None:
    """Keep how sure the session's browser is; the same level again is no news."""
    with transaction.atomic():
        found = desk.lock(session_id)
        if found.session.assurance == assurance:
            return
        found.session.assurance = assurance.value
        fact = events.BrowserChecked(**found.head(by, at), assurance=assurance.value, way=way)
        journal.record(fact)
        steps.keep(found)


def refuse(session: AssessmentSession, seen: Examined, *, by: str, at: datetime) -> None:
    """Record that the browser is not the required one, and pause what runs until a proctor acts."""
    with transaction.atomic():
        found = desk.lock(session.pk)
        journal.record(
            events.BrowserRefused(
                **found.head(by, at),
                way=seen.way,
                header=seen.header,
                expected=seen.expected,
                arrived=seen.arrived,
            )
        )
        if not sessions.may_pause(found.session, at):
            return
        rule = sessions.PausedBy.RULE
        sessions.pause(session.pk, paused_by=rule, reason=REASON, by="system", at=at)
