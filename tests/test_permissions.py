"""Every address as every role: nothing opens but to the person it is meant for."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.http import HttpResponseBase
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from delivery.models import AssessmentSession, Outage
from delivery.session import sessions
from tests import factories

BACKEND = "django.contrib.auth.backends.ModelBackend"
ROLES = ("anonymous", "owner", "other", "proctor", "stranger", "auditor", "staff")
PUBLIC = {"healthz", "staff_signin", "set_language", "candidate:sign_in", "candidate:launch"}
# Numbers are for this machine alone, whoever asks.
PUBLIC |= {"readyz", "metrics"}
# A frame without cookies shows nothing by itself; its files open to signed addresses alone.
PUBLIC |= {"/admin/login/", "candidate:sign_out", "portable_frame"}
PUBLIC |= {"portable_file"}
# A sealed frame has no cookies: its page is empty, its files have signed addresses.
PUBLIC |= {"portable_frame", "portable_file"}
# The page at which Safe Exam Browser quits, and its file behind a one-time token.
PUBLIC |= {"candidate:browser_quit", "candidate:seb_file"}
# Whoever holds a receipt verifies it; the page names no person.
PUBLIC |= {"candidate:verify", "candidate:verify_code", "candidate:verifier"}
# The service worker's own script, and where a test's own candidate signs in again on its page.
PUBLIC |= {"candidate:worker", "candidate:again"}
# What each role may open; an address is looked up by its name, then by its namespace.
OPEN = {
    "landing": {"owner", "other", "proctor", "stranger", "auditor", "staff"},
    "staff_signout": {"owner", "other", "proctor", "stranger", "auditor", "staff"},
    "candidate:home": {"owner", "other"},
    "candidate:appearance": {"owner", "other"},
    "candidate": {"owner"},
    "proctor:home": {"proctor", "stranger"},
    "proctor": {"proctor"},
    "auditor": {"auditor"},
    "author": set[str](),
    "health": {"proctor", "stranger", "staff"},
    "admin:index": {"staff"},
    "admin:logout": {"owner", "other", "proctor", "stranger", "auditor", "staff"},
    "admin:password_change": {"staff"},
    "admin:password_change_done": {"staff"},
    "admin:jsi18n": {"staff"},
    "admin": set[str](),
}
SIGN_IN = ("/signin/", "/staff/signin/")
ELSEWHERE = {*SIGN_IN, "/staff/", "/admin/login/", "/admin/"}


@dataclass(frozen=True)
class Address:
    """One address of the product with the values of one session in it."""

    name: str
    path: str

    @property
    def open_to(self) -> set[str]:
        return OPEN.get(self.name, OPEN.get(self.name.split(":")[0], set()))


@dataclass(frozen=True)
class Scene:
    """A session with its sitting, and a signed-in client for each role."""

    session: AssessmentSession
    enrolment_id: int
    outage_id: int
    clients: dict[str, Client]


@pytest.fixture
def scene(db: None) -> Scene:
    sitting = factories.sitting(opens_at=None, closes_at=None)
    elsewhere = factories.sitting()
    enrolment = factories.enrolment(sitting, factories.candidate("Ada"))
    session = sessions.start(enrolment.pk, timezone.now(), by="candidate:1")
    users = {
        "owner": enrolment.candidate.user,
        "other": factories.enrolment(sitting, factories.candidate("Ben")).candidate.user,
        "proctor": factories.proctor("pia", sitting),
        "stranger": factories.proctor("quentin", elsewhere),
        "auditor": member("ana", "Auditor"),
        "staff": member("sam", is_staff=True),
    }
    clients = {"anonymous": Client()}
    for role, user in users.items():
        clients[role] = Client()
        clients[role].force_login(user, BACKEND)
    now = timezone.now()
    AssessmentSession.objects.update(started_at=now - timedelta(minutes=9))
    outage = Outage.objects.create(began_at=now - timedelta(minutes=5), ended_at=now)
    return Scene(session, enrolment.pk, outage.pk, clients)


def member(name: str, group: str = "", *, is_staff: bool = False) -> User:
    user = User.objects.create_user(name, password=name, is_staff=is_staff)
    if group:
        user.groups.add(Group.objects.get_or_create(name=group)[0])
    return user


def routes(
    resolver: URLResolver, prefix: str = "/", namespace: str = ""
) -> Iterator[tuple[str, str]]:
    """Yields (name, route) of every address; one without a name is named by its route."""
    for pattern in resolver.url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from routes(pattern, route, inner)
        elif isinstance(pattern, URLPattern):
            yield namespace + pattern.name if pattern.name else route, route


# The admin's short address of a row only leads to the long one.
ROUTES = sorted(
    (name, route)
    for name, route in set(routes(get_resolver()))
    if not name.endswith("<path:object_id>/")
)


def filled(name: str, route: str, scene: Scene) -> Address:
    session = scene.session
    values = {
        "session_id": str(session.pk),
        "enrolment_id": str(scene.enrolment_id),
        "sitting_id": str(session.sitting_id),
        "outage_id": str(scene.outage_id),
        "key": session.position,
        "href": "figure.png",
        "token": "not-a-token",
        "name": f"session:{session.pk}",
    }
    path = re.sub(r"<(?:\w+:)?(\w+)>", lambda found: values.get(found[1], "1"), route)
    # Django's admin has one address by regular expression, for everything it does not know.
    return Address(name, re.sub(r"\(\?P<\w+>.*", "unknown/", path).rstrip("$"))


def is_denied(client: Client, answer: HttpResponseBase) -> bool:
    """Forbidden, not there, or sent to where one may be."""
    target = answer.get("Location", "").split("?")[0]
    if target.startswith("/author/"):
        # The admin sends authors to their own pages, which decide for themselves.
        return client.get(target).status_code in {403, 404}
    return answer.status_code in {403, 404} or target in ELSEWHERE


@pytest.mark.parametrize("role", ROLES[1:])
def test_no_address_opens_to_a_role_it_is_not_meant_for(role: str, scene: Scene) -> None:
    client, opened = scene.clients[role], []
    for name, route in ROUTES:
        address = filled(name, route, scene)
        if name in PUBLIC or role in address.open_to:
            continue
        answers = [client.get(address.path), client.post(address.path)]
        # A view may refuse the method first, but not both.
        answers = [answer for answer in answers if answer.status_code != 405]
        if not answers or not all(is_denied(client, answer) for answer in answers):
            opened.append((name, [answer.status_code for answer in answers]))
    assert opened == []


def test_every_address_that_is_not_public_asks_anonymous_to_sign_in(scene: Scene) -> None:
    client, opened = scene.clients["anonymous"], []
    for name, route in ROUTES:
        address = filled(name, route, scene)
        if name in PUBLIC:
            continue
        answers = [client.get(address.path), client.post(address.path)]
        if not all(answer.get("Location", "").split("?")[0] in SIGN_IN for answer in answers):
            opened.append((name, [answer.status_code for answer in answers]))
    assert opened == []


@pytest.mark.parametrize(
    ("role", "names"),
    [
        ("anonymous", ["healthz", "staff_signin", "candidate:sign_in"]),
        ("owner", ["candidate:home", "candidate:item", "candidate:map", "candidate:timer"]),
        ("other", ["candidate:home"]),
        ("proctor", ["proctor:home", "proctor:board", "proctor:rows", "proctor:session"]),
        ("proctor", ["proctor:outage", "health"]),
        ("stranger", ["proctor:home"]),
        ("auditor", ["auditor:streams", "auditor:stream"]),
        ("staff", ["admin:index"]),
    ],
)
def test_each_role_reaches_its_own_pages(role: str, names: list[str], scene: Scene) -> None:
    known = dict(ROUTES)
    paths = [filled(name, known[name], scene).path for name in names]
    assert [(path, scene.clients[role].get(path).status_code) for path in paths] == [
        (path, 200) for path in paths
    ]
