from decimal import Decimal
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client

from delivery.models import Candidate
from delivery.people import needs
from delivery.people.needs import Needs, NeedsError
from integrity import ledger
from tests import factories
from tests.factories import NOON

pytestmark = pytest.mark.django_db
SPACE = 'xmlns="http://www.imsglobal.org/xsd/qti/qtiv3p0/imsafa3p0pnp_v1p0"'
PAGE = "/admin/delivery/candidate/needs/"


def records(*given: tuple[str, str]) -> bytes:
    listed = "".join(
        f"<access-for-all-pnp-record><person-sourced-id>{number}</person-sourced-id>"
        f"<access-for-all-pnp>{inside}</access-for-all-pnp></access-for-all-pnp-record>"
        for number, inside in given
    )
    return f"<access-for-all-pnp-records {SPACE}>{listed}</access-for-all-pnp-records>".encode()


def time(inside: str) -> str:
    return f"<additional-testing-time>{inside}</additional-testing-time>"


def again(candidate: Candidate) -> Candidate:
    return Candidate.objects.get(pk=candidate.pk)


def test_profiles_are_put_on_their_candidates() -> None:
    ada, ben = factories.candidate("Ada"), factories.candidate("Ben")
    source = records(
        (ada.number, time("<time-multiplier>1.25</time-multiplier>") + "<spoken/>"),
        (ben.number, '<keyword-translation xml:lang="es"/>'),
    )
    assert needs.keep(needs.read(source), by="user:1", at=NOON) == 2
    ada, ben = again(ada), again(ben)
    assert (ada.time_multiplier, ada.assistive) == (Decimal("1.25"), True)
    assert (ben.time_multiplier, ben.assistive) == (Decimal(1), False)
    assert needs.of(ben) == Needs(frozenset({"glossary-on-screen", "keyword-translation"}), "es")
    entry = ledger.read(f"candidate:{ada.pk}")[-1]
    assert (entry.kind, list(entry.payload)) == ("candidate.needs_imported", ["sha256"])


def test_a_later_profile_takes_the_place_of_an_earlier_one() -> None:
    ada = factories.candidate("Ada", fixed_minutes=10)
    for inside in (time("<unlimited/>") + "<captions/>", time("<fixed-minutes>5</fixed-minutes>")):
        needs.keep(needs.read(records((ada.number, inside))), by="system", at=NOON)
    found = again(ada)
    assert (found.unlimited, found.fixed_minutes) == (False, 5)
    assert found.preferences["supports"] == {}


def test_a_profile_without_time_leaves_the_time_that_was_given() -> None:
    ada = factories.candidate("Ada", fixed_minutes=10)
    needs.keep(needs.read(records((ada.number, "<captions/>"))), by="system", at=NOON)
    assert again(ada).fixed_minutes == 10


def test_what_is_prohibited_is_not_offered() -> None:
    ada = factories.candidate("Ada", fixed_minutes=10)
    inside = "<prohibit-set><glossary-on-screen/><additional-testing-time/></prohibit-set>"
    needs.keep(needs.read(records((ada.number, inside))), by="system", at=NOON)
    assert needs.of(again(ada)) == Needs(frozenset(), "")
    assert again(ada).fixed_minutes == 0


def test_one_unknown_number_refuses_the_whole_file() -> None:
    ada = factories.candidate("Ada")
    with pytest.raises(NeedsError, match=r"these numbers \(1\): nobody"):
        needs.read(records((ada.number, "<captions/>"), ("nobody", "<captions/>")))


def test_a_single_profile_needs_its_candidate(tmp_path: Path) -> None:
    ada, file = factories.candidate("Ada"), tmp_path / "p.xml"
    file.write_text(f"<access-for-all-pnp {SPACE}><captions/></access-for-all-pnp>")
    with pytest.raises(CommandError, match="say whose it is"):
        call_command("pnp_import", str(file))
    call_command("pnp_import", str(file), "--candidate", ada.number, "--dry-run")
    assert again(ada).preferences == {}
    call_command("pnp_import", str(file), "--candidate", ada.number)
    assert list(again(ada).preferences["supports"]) == ["captions"]


def test_a_broken_file_changes_nothing_and_says_where(tmp_path: Path) -> None:
    ada, file = factories.candidate("Ada"), tmp_path / "p.xml"
    file.write_bytes(records((ada.number, time("<fixed-minutes>soon</fixed-minutes>"))))
    with pytest.raises(CommandError, match=r"Nothing was imported\. Line 1: “soon” is not"):
        call_command("pnp_import", str(file))


def test_staff_import_profiles_on_a_page(admin_client: Client) -> None:
    ada = factories.candidate("Ada")
    listed = admin_client.get("/admin/delivery/candidate/").content.decode()
    assert f'href="{PAGE}"' in listed
    file = SimpleUploadedFile("p.xml", records((ada.number, "<captions/>")))
    done = admin_client.post(PAGE, {"file": file}).content.decode()
    assert "1 profile was put on its candidate." in done
    assert list(again(ada).preferences["supports"]) == ["captions"]
    broken = SimpleUploadedFile("p.xml", records((ada.number, "<telepathy/>")))
    refused = admin_client.post(PAGE, {"file": broken}).content.decode()
    assert "telepathy is not a support of AfA PNP 3.0." in refused


def test_staff_see_and_change_what_a_candidate_has(admin_client: Client) -> None:
    ada = factories.candidate("Ada")
    inside = '<keyword-translation xml:lang="es"/><environment><breaks>true</breaks></environment>'
    needs.keep(needs.read(records((ada.number, inside))), by="system", at=NOON)
    address = f"/admin/delivery/candidate/{ada.pk}/change/"
    page = admin_client.get(address)
    shown = page.context["adminform"].form["supports"].value()
    assert set(shown) == {"keyword-translation", "environment"}
    form = {
        "number": ada.number,
        "name": "Ada",
        "time_multiplier": "1",
        "fixed_minutes": "0",
        "supports": ["keyword-translation", "environment", "captions"],
        "prohibited": ["glossary-on-screen"],
        "translation": "pt-BR",
    }
    assert admin_client.post(address, form).status_code == 302
    assert again(ada).preferences["supports"] == {
        "keyword-translation": {"language": "pt-BR"},
        "environment": {"breaks": "true"},
        "captions": {},
    }
    assert needs.of(again(ada)).language == "pt-BR"
    assert "glossary-on-screen" not in needs.of(again(ada)).supports


def test_only_staff_who_may_change_candidates_import_profiles(client: Client) -> None:
    user = factories.proctor()
    user.is_staff = True
    user.save()
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    assert client.get(PAGE).status_code == 403
