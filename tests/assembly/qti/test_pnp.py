from decimal import Decimal

import pytest

from assembly.qti import pnp
from assembly.qti.errors import ReadingError
from assembly.qti.pnp import ExtraTime, Profile
from tests import material

SPACE = 'xmlns="http://www.imsglobal.org/xsd/qti/qtiv3p0/imsafa3p0pnp_v1p0"'


def profile(inside: str) -> bytes:
    return f"<access-for-all-pnp {SPACE}>{inside}</access-for-all-pnp>".encode()


def time(inside: str) -> str:
    return f"<additional-testing-time>{inside}</additional-testing-time>"


def read(inside: str) -> Profile:
    """The profile with this in it, which the official schema holds to be one, too."""
    source = profile(inside)
    assert material.errors(source) == []
    return pnp.read(source)[0].profile


@pytest.mark.parametrize(
    ("inside", "given"),
    [
        ("<time-multiplier>1.5</time-multiplier>", ExtraTime(multiplier=Decimal("1.50"))),
        ("<fixed-minutes>20</fixed-minutes>", ExtraTime(fixed_minutes=20)),
        ("<unlimited/>", ExtraTime(unlimited=True)),
    ],
)
def test_additional_time_is_one_of_three(inside: str, given: ExtraTime) -> None:
    assert read(time(inside)).time == given


def test_supports_are_read_with_their_settings() -> None:
    given = read(
        '<keyword-translation xml:lang="es"/><glossary-on-screen/>'
        "<environment><breaks>true</breaks></environment>"
    )
    assert given.supports == {
        "keyword-translation": {"language": "es"},
        "glossary-on-screen": {},
        "environment": {"breaks": "true"},
    }


def test_what_is_prohibited_wins_over_everything() -> None:
    given = read(
        "<additional-testing-time><unlimited/></additional-testing-time><glossary-on-screen/>"
        "<prohibit-set><glossary-on-screen/><additional-testing-time/></prohibit-set>"
        "<activate-at-initialization-set><glossary-on-screen/><spoken/>"
        "</activate-at-initialization-set>"
    )
    assert given.prohibited == {"glossary-on-screen", "additional-testing-time"}
    assert given.supports == {}
    assert given.time == ExtraTime()
    assert given.activation == {"spoken": "initial"}


def test_hazards_and_languages_are_kept() -> None:
    given = read(
        "<hazard-avoidance>flashing</hazard-avoidance><hazard-avoidance>sound</hazard-avoidance>"
        '<language-of-interface xml:lang="de"/>'
    )
    assert given.requirements == {
        "hazard-avoidance": ("flashing", "sound"),
        "language-of-interface": ("de",),
    }


def test_records_name_their_persons() -> None:
    source = (
        f"<access-for-all-pnp-records {SPACE}><access-for-all-pnp-record>"
        '<person-sourced-id source-system="registry">4711</person-sourced-id>'
        "<appointment-id>A1</appointment-id>"
        "<access-for-all-pnp><captions/></access-for-all-pnp>"
        "</access-for-all-pnp-record></access-for-all-pnp-records>"
    ).encode()
    assert material.errors(source) == []
    record = pnp.read(source)[0]
    assert (record.person, record.system, record.appointments) == ("4711", "registry", ("A1",))
    assert list(record.profile.supports) == ["captions"]


@pytest.mark.parametrize(
    ("inside", "reason"),
    [
        ("<telepathy/>", "unknown"),
        ("<prohibit-set><telepathy/></prohibit-set>", "unknown"),
        (time(""), "time"),
        (time("<unlimited/><fixed-minutes>3</fixed-minutes>"), "time"),
        (time("<time-multiplier>much</time-multiplier>"), "time_value"),
        (time("<time-multiplier>0.5</time-multiplier>"), "time_value"),
        (time("<time-multiplier>NaN</time-multiplier>"), "time_value"),
        (time("<fixed-minutes>-5</fixed-minutes>"), "time_value"),
        ('<keyword-translation xml:lang="&lt;b&gt;"/>', "language"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_line(inside: str, reason: str) -> None:
    with pytest.raises(ReadingError) as refused:
        pnp.read(profile(inside))
    assert (refused.value.reason, refused.value.line) == (reason, 1)


def test_another_document_is_no_profile() -> None:
    with pytest.raises(ReadingError, match="begins with html"):
        pnp.read(b"<html/>")


def test_two_profiles_of_one_person_are_refused() -> None:
    one = (
        "<access-for-all-pnp-record><person-sourced-id>7</person-sourced-id>"
        "<access-for-all-pnp/></access-for-all-pnp-record>"
    )
    source = f"<access-for-all-pnp-records {SPACE}>{one}{one}</access-for-all-pnp-records>"
    with pytest.raises(ReadingError, match="of 7 stands there twice"):
        pnp.read(source.encode())


def test_extensions_of_others_are_passed_over() -> None:
    given = pnp.read(profile('<x:own xmlns:x="urn:x"/><captions/>'))[0].profile
    assert list(given.supports) == ["captions"]
