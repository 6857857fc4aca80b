"""Staff who may do everything."""

import pytest
from django.contrib.auth.models import User
from django.test import Client


@pytest.fixture
def staff() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("boss"))
    return client
