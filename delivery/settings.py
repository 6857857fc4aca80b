"""Invigil's settings: one machine by default, a cluster by DATABASE_URL and REDIS_URL alone."""

from pathlib import Path
from typing import Any

import django_stubs_ext
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from delivery.hosting import environment

# Lets ModelAdmin[Item] and its like be written where Django has no generics of its own.
django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = environment.path("VAR_DIR", BASE_DIR / "var")

# Who may reach this ------------------------------------------------------------------------

DATABASE_URL = environment.text("DATABASE_URL")
REDIS_URL = environment.text("REDIS_URL")
ALLOWED_HOSTS = environment.listed("ALLOWED_HOSTS", ("127.0.0.1", "localhost", "[::1]"))
PUBLIC = not all(environment.is_local(host) for host in ALLOWED_HOSTS)
HTTPS = environment.flag("HTTPS", default=PUBLIC)
DEBUG = environment.flag("DEBUG")

try:
    environment.refuse_unsafe(
        shared_database=bool(DATABASE_URL),
        public=PUBLIC,
        debug=DEBUG,
        secret=environment.text("SECRET_KEY"),
        hosts=ALLOWED_HOSTS,
        https=HTTPS,
    )
except environment.SettingError as error:
    raise ImproperlyConfigured(str(error)) from error

SECRET_KEY = environment.text("SECRET_KEY") or environment.kept_secret(VAR_DIR / "secret_key")
SECRET_KEY_FALLBACKS = environment.listed("SECRET_KEY_FALLBACKS")
# The ledger's signing key is a file, so that who has the database cannot sign.
LEDGER_KEY_DIR = environment.path("LEDGER_KEY_DIR", VAR_DIR / "ledger")
LEDGER_ORIGIN = environment.text("LEDGER_ORIGIN", "invigil/ledger")
LEDGER_ANCHORS = environment.listed("LEDGER_ANCHORS")
# Who can tell whether what is stored is what the ledger recorded of it.
LEDGER_WITNESSES = ("assembly.testimony.differences", "delivery.records.testimony.differences")
# Who can tell all that is known of a stream, for an evidence bundle.
LEDGER_DOSSIERS = ("delivery.records.dossier.of_stream",)
# A session's end gets a seal of its own: a receipt proves it without what came afterwards.
LEDGER_SEALED_KINDS = ("session.completed", "session.expired", "session.terminated")
CSRF_TRUSTED_ORIGINS = environment.listed("CSRF_TRUSTED_ORIGINS")

# What it is made of ------------------------------------------------------------------------

INSTALLED_APPS = [
    "daphne",  # first: it replaces runserver by an ASGI one
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "channels",
    "csp",
    "django_fsm",
    "django_htmx",
    "integrity",
    "assembly",
    "delivery",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "delivery.hosting.policies.PolicyOnce",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "delivery.hosting.notices.NoticesOnDemand",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "delivery.hosting.access.SignInRequired",
]

ROOT_URLCONF = "delivery.urls"
ASGI_APPLICATION = "delivery.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [
                (
                    "delivery.hosting.pressing.Loader",
                    [
                        "django.template.loaders.filesystem.Loader",
                        "django.template.loaders.app_directories.Loader",
                    ],
                ),
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                # Takes the place of Django's own, which every template has first.
                "delivery.hosting.tokens.csrf_token",
            ],
        },
    },
]

# Where it keeps things ---------------------------------------------------------------------

DATABASES = {
    "default": environment.postgresql(DATABASE_URL)
    if DATABASE_URL
    else environment.sqlite(environment.path("DATABASE_PATH", BASE_DIR / "db.sqlite3")),
}

# Each keeps a database connection; more of them wait for the same core.
WEB_THREADS = environment.whole("WEB_THREADS", 4)

MEDIA_ROOT = environment.path("MEDIA_ROOT", BASE_DIR / "media")
MEDIA_URL = "media/"
STATIC_ROOT = environment.path("STATIC_ROOT", VAR_DIR / "static")
STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "delivery.hosting.static.HashedStatic"},
}

# Nothing vital lives in a cache: every error is a miss, and a session is in the database, too.
_memory = {
    "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
    "OPTIONS": {"MAX_ENTRIES": 10_000},
}
_redis = {"BACKEND": "delivery.hosting.cache.TolerantRedisCache", "LOCATION": REDIS_URL}
CACHES: dict[str, dict[str, Any]] = {
    "default": (_redis if REDIS_URL else _memory) | {"KEY_PREFIX": "invigil"},
    "sessions": _memory | {"KEY_PREFIX": "invigil-session", "LOCATION": "sessions"},
}
SESSION_CACHE_ALIAS = "sessions"
# The processes of a cluster share no memory.
SESSION_ENGINE = (
    "delivery.hosting.signins" if DATABASE_URL else "django.contrib.sessions.backends.cached_db"
)

CHANNEL_LAYERS: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL], "prefix": "invigil"},
    }
    if REDIS_URL
    else {"BACKEND": "channels.layers.InMemoryChannelLayer"},
}

# Work in the background --------------------------------------------------------------------

CELERY_BROKER_URL = REDIS_URL or "memory://localhost"
CELERY_BROKER_TRANSPORT = "delivery.hosting.broker:Transport" if REDIS_URL else None
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# The default of a second would make every task wait half of one.
CELERY_BROKER_TRANSPORT_OPTIONS = (
    {"visibility_timeout": 3600, "socket_timeout": 5, "socket_connect_timeout": 2}
    if REDIS_URL
    else {"polling_interval": 0.05}
)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TIMEZONE = "UTC"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULE = {
    # A tick that was not taken in time is worthless: the next one does its work.
    "close sessions whose time is over": {
        "task": "delivery.tasks.sweep",
        "schedule": 1.0,
        "options": {"expires": 5},
    },
    "note the pages that fell silent": {
        "task": "delivery.tasks.note_silence",
        "schedule": 15.0,
        "options": {"expires": 15},
    },
    "score sessions that wait for it": {
        "task": "delivery.tasks.score_pending",
        "schedule": 1.0,
        "options": {"expires": 5},
    },
    "take up jobs again that were left": {
        "task": "assembly.tasks.requeue_jobs",
        "schedule": 10.0,
        "options": {"expires": 10},
    },
    "seal the heads of the ledger": {
        "task": "integrity.tasks.seal",
        "schedule": 5.0,
        "options": {"expires": 5},
    },
    "say that beat and a worker live": {
        "task": "delivery.tasks.pulse",
        "schedule": 5.0,
        "options": {"expires": 10},
    },
    "tell the anchors of the last checkpoint": {
        "task": "integrity.tasks.anchor",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
}

# Each process says so, and an outage is known by its silence; a test's processes are none.
HEARTBEATS = True

# Who signs in, and how ---------------------------------------------------------------------

AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "delivery.candidate.backend.AccessCodeBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "/signin/"
STAFF_LOGIN_URL = "/staff/signin/"
LOGIN_REDIRECT_URL = "/staff/"
LOGOUT_REDIRECT_URL = "/signin/"

# What the browser may do -------------------------------------------------------------------

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "media-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-src": [SELF],
        "frame-ancestors": [SELF],
        "base-uri": [NONE],
        "object-src": [NONE],
    },
}
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = HTTPS
SESSION_COOKIE_AGE = environment.whole("SESSION_HOURS", 24) * 3600
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "delivery.hosting.access.form_expired"
LANGUAGE_COOKIE_SECURE = HTTPS
LANGUAGE_COOKIE_SAMESITE = "Lax"
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]
SECURE_HSTS_SECONDS = environment.whole("HSTS_SECONDS", 31_536_000) if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
# TLS ends at the proxy in front of Daphne, which sets both headers itself.
BEHIND_PROXY = environment.flag("BEHIND_PROXY", default=HTTPS)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
# The address that candidates type, where it differs from what the proxy passes on.
PUBLIC_ORIGIN = environment.text("PUBLIC_ORIGIN").rstrip("/")
TRUSTED_PROXIES = environment.listed(
    "TRUSTED_PROXIES", ("127.0.0.1", "::1") if BEHIND_PROXY else ()
)
# One file of an answer, and all that a candidate hands in during a session.
ANSWER_FILE_BYTES = environment.whole("ANSWER_FILE_MB", 10) * 1_000_000
ANSWER_FILES_BYTES = environment.whole("ANSWER_FILES_MB", 100) * 1_000_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000  # a proctor may choose every row of a large board
# On one machine's own addresses there is nobody in between for TLS to keep out.
SILENCED_SYSTEM_CHECKS = (
    [] if HTTPS else ["security.W004", "security.W008", "security.W012", "security.W016"]
)

# Words, times, logs ------------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_TZ = True
TIME_ZONE = environment.text("TIME_ZONE", "UTC")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "delivery.hosting.logs.Line",
            "fmt": "{asctime} {levelname} {name}: {message}",
            "style": "{",
        },
        "json": {"()": "delivery.hosting.logs.Json"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "json" if environment.flag("LOG_JSON") else "line",
        }
    },
    "root": {"handlers": ["console"], "level": environment.text("LOG_LEVEL", "WARNING")},
}
