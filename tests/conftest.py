"""Fixtures of every test: databases, services, the real server, a real browser."""

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from django.apps import apps
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.db.backends.base.operations import BaseDatabaseOperations
from django.db.models import Model
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from pytest_django import DjangoDbBlocker

from assembly import bank
from delivery.session import desk
from tests import programs, services
from tests.serving import Demo, Serving

hypothesis.settings.register_profile("invigil", deadline=None)
hypothesis.settings.load_profile("invigil")

MIGRATED: dict[type[Model], list[Model]] = {}
DATABASE_FIXTURES = frozenset({"db", "transactional_db", "django_db_setup"})
# How long a busy machine may take; nothing is waited for that is there already.
PATIENCE_MS = 30_000
BROWSER_FIXTURES = frozenset({"browser", "page", "server", "demo_server"})


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database-only", action="store_true", help="only the tests that touch the database"
    )


def pytest_configure(config: pytest.Config) -> None:
    # Safe hashing is slow by design; tests hash hundreds of passwords that guard nothing.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    # The same number of queries on both databases.
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
    settings.HEARTBEATS = False
    expect.set_options(timeout=PATIENCE_MS)
    settings.MEDIA_ROOT = Path(tempfile.mkdtemp(prefix="invigil-media-"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--database-only"):
        return
    chosen = [item for item in items if _touches_database(item)]
    config.hook.pytest_deselected(items=[item for item in items if item not in set(chosen)])
    items[:] = chosen


def _touches_database(item: pytest.Item) -> bool:
    names = set(getattr(item, "fixturenames", ()))
    marked = item.get_closest_marker("django_db") is not None
    return (marked or bool(names & DATABASE_FIXTURES)) and not names & BROWSER_FIXTURES


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    # A thread of a test that ends must not hold on to the database.
    connection.settings_dict["CONN_MAX_AGE"] = 0
    if connection.vendor == "sqlite":
        # A file: threads of a test then meet the locks that threads of a server meet.
        file = tmp_path_factory.mktemp("database") / "test.sqlite3"
        connection.settings_dict["TEST"]["NAME"] = str(file)
        options = connection.settings_dict["OPTIONS"]
        options["init_command"] = options["init_command"].replace("=FULL", "=OFF")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """Remembers the rows that migrations made, so that a flush can give them back."""
    with django_db_blocker.unblock():
        for label in ("integrity", "assembly", "delivery"):
            for model in apps.get_app_config(label).get_models():
                if rows := list(model._default_manager.all()):
                    MIGRATED[model] = rows


@pytest.fixture(scope="session", autouse=True)
def _flush_in_spite_of_triggers() -> Iterator[None]:
    """Lets a transactional test empty the tables, whose triggers rightly refuse that."""
    operations = type(connection.ops)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(operations, "execute_sql_flush", _flush(operations.execute_sql_flush))
        yield


def _flush(original: Callable[..., None]) -> Callable[..., None]:
    def flush(self: BaseDatabaseOperations, sql_list: list[str]) -> None:
        if self.connection.vendor == "postgresql":
            sql_list = ["SET LOCAL session_replication_role = replica", *sql_list]
            original(self, sql_list)
            _give_back()
            return
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            triggers = cursor.fetchall()
        drops = [f'DROP TRIGGER "{name}"' for name, _ in triggers]
        original(self, [*drops, *sql_list, *(sql for _, sql in triggers)])
        _give_back()

    return flush


def _give_back() -> None:
    for model, rows in MIGRATED.items():
        model._default_manager.bulk_create(rows)


@pytest.fixture(autouse=True)
def _nothing_remembered() -> None:
    """Published content is cached by its id for ever, and tests use ids again."""
    cache.clear()
    bank.forget()
    desk.outline_of.cache_clear()


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    programs.need("PostgreSQL")
    with services.postgresql() as url:
        yield url


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    programs.need("Redis")
    with services.redis() as url:
        yield url


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium for one module: Playwright's loop must not outlive it beside async tests."""
    programs.need("Chromium")
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        started = playwright.chromium.launch(
            executable_path=programs.chromium(),
            args=["--no-sandbox", "--disable-background-networking", "--disable-dev-shm-usage"],
        )
        yield started
        started.close()


@pytest.fixture
def new_context(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Makes further browser contexts: another person, another device, JavaScript off."""
    opened: list[BrowserContext] = []

    def make(**options: Any) -> BrowserContext:
        context = browser.new_context(**{"locale": "en-GB", "timezone_id": "UTC", **options})
        context.set_default_timeout(PATIENCE_MS)
        opened.append(context)
        return context

    yield make
    for context in opened:
        context.close()


@pytest.fixture
def page(new_context: Callable[..., BrowserContext]) -> Page:
    return new_context().new_page()


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """The demo's database and static files, made once for all workers."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    return Demo.made_once(shared / "demo")


@pytest.fixture
def server(demo: Demo, tmp_path: Path) -> Iterator[Serving]:
    """A real server process on its own copy of the demo; a test may kill and restart it."""
    serving = Serving(demo.copy_to(tmp_path / "server"))
    serving.start()
    yield serving
    serving.stop()


@pytest.fixture(scope="module")
def demo_server(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """One server for a module's tests that do not disturb each other."""
    serving = Serving(demo.copy_to(tmp_path_factory.mktemp("demo-server")))
    serving.start()
    yield serving
    serving.stop()


@pytest.fixture(autouse=True)
def _empty_caches() -> None:
    """Row ids begin anew with each test's database; parsed content of the last one must go."""
    from assembly import bank

    bank.forget()
