"""Fixtures of assembly's tests: an author who may do everything, and an item in a browser."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from playwright.sync_api import BrowserContext, Page

from assembly.qti.item import AssessmentItem
from assembly.qti.values import Raw
from tests.assembly import item_page
from tests.assembly.author_desk import signed_in


@pytest.fixture
def anna(client: Client) -> Client:
    """Staff with every permission of assembly."""
    return signed_in(client, Permission.objects.filter(content_type__app_label="assembly"))


@pytest.fixture
def open_item(new_context: Callable[..., BrowserContext]) -> item_page.Open:
    def show(
        found: AssessmentItem,
        raw: Raw = None,
        width: int = 1280,
        shown: dict[str, Any] | None = None,
        **options: object,
    ) -> Page:
        context = new_context(viewport={"width": width, "height": 800}, **options)
        return item_page.opened(context, found, raw, **(shown or {}))

    return show
