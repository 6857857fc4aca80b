"""Who writes items in tests, and the form that they fill in."""

from collections.abc import Iterable

from django.contrib.auth.models import Permission, User
from django.test import Client


def signed_in(client: Client, permissions: Iterable[Permission], *, staff: bool = True) -> Client:
    user = User.objects.create_user("anna", is_staff=staff)
    user.user_permissions.set(permissions)
    client.force_login(user)
    return client


def choice_form(**changes: str) -> dict[str, str]:
    return {
        "title": "Capital of France",
        "identifier": "capital",
        "language": "en",
        "question": "Which city?",
        "score": "1",
        "shuffle": "on",
        "choice-count": "4",
        "choice-0-text": "Paris",
        "choice-0-correct": "on",
        "choice-1-text": "Lyon",
    } | changes
