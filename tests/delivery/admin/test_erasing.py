from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client

from delivery.models import Candidate
from delivery.session import scoring, sessions
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def ended() -> Candidate:
    session = factories.session()
    sessions.complete(session.pk, factories.after(10), by="candidate:1", confirmed=True)
    scoring.score(session.pk, factories.after(11))
    return session.candidate


def erased(candidate: Candidate) -> bool:
    candidate.refresh_from_db()
    return candidate.erased_at is not None


def test_staff_erase_a_person_by_typing_their_number(client: Client, ended: Candidate) -> None:
    client.force_login(User.objects.create_superuser("root"))
    change = client.get(f"/admin/delivery/candidate/{ended.pk}/change/").content.decode()
    path = f"/admin/delivery/candidate/{ended.pk}/erase/"
    assert path in change
    assert "This cannot be taken back." in client.get(path).content.decode()
    refused = client.post(path, {"number": "another", "reason": "They asked."})
    assert "This is not the number of this candidate." in refused.content.decode()
    assert not erased(ended)
    client.post(path, {"number": ended.number, "reason": "They asked."})
    assert erased(ended)
    assert "This candidate was erased already." in client.get(path).content.decode()


def test_a_person_in_a_test_cannot_be_erased(client: Client) -> None:
    candidate = factories.session().candidate
    client.force_login(User.objects.create_superuser("root"))
    path = f"/admin/delivery/candidate/{candidate.pk}/erase/"
    assert "in the middle of a test" in client.get(path).content.decode()
    client.post(path, {"number": candidate.number, "reason": "x"})
    assert not erased(candidate)


def test_the_command_erases_where_the_number_is_given_twice(ended: Candidate, capsys: Any) -> None:
    number = ended.number
    with pytest.raises(CommandError, match="The two numbers differ"):
        call_command("erase_candidate", number, "--reason", "x", "--confirm", "y")
    with pytest.raises(CommandError, match="No candidate has the number"):
        call_command("erase_candidate", "nobody", "--reason", "x", "--confirm", "nobody")
    call_command("erase_candidate", number, "--reason", "They asked.", "--confirm", number)
    assert erased(ended)
    assert "the ledger stays whole" in capsys.readouterr().out
    call_command("ledger_verify", verbosity=0)


def test_an_erased_person_cannot_sign_in_any_more(client: Client, ended: Candidate) -> None:
    client.force_login(ended.user, backend="delivery.candidate.backend.AccessCodeBackend")
    assert client.get("/").status_code == 200
    call_command("erase_candidate", ended.number, "--reason", "x", "--confirm", ended.number)
    assert client.get("/").status_code == 302
