"""What the environment says: one reader per kind of setting, each with a safe default."""

import ipaddress
import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from integrity import wholefiles

TRUE = frozenset({"1", "true", "yes", "on"})
FALSE = frozenset({"0", "false", "no", "off", ""})
SHORTEST_SECRET = 50
KEPT_SECONDS = 600
PLANNING = "-c plan_cache_mode=force_generic_plan -c random_page_cost=1.1"
LOCAL_NAMES = frozenset({"localhost", "testserver", ".localhost"})


class SettingError(Exception):
    """A setting that cannot be served with; the message says which one and what to do."""


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, "").strip() or default


def flag(name: str, *, default: bool = False) -> bool:
    value = text(name, "1" if default else "0").lower()
    if value in TRUE:
        return True
    if value in FALSE:
        return False
    raise SettingError(f"{name} is {value!r}; write 1 or 0.")


def listed(name: str, default: tuple[str, ...] = ()) -> list[str]:
    given = [part.strip() for part in text(name).split(",")]
    return [part for part in given if part] or list(default)


def whole(name: str, default: int) -> int:
    value = text(name, str(default))
    if not value.isdecimal():
        raise SettingError(f"{name} is {value!r}; write a whole number.")
    return int(value)


def path(name: str, default: Path) -> Path:
    return Path(text(name, str(default))).expanduser().resolve()


def is_local(host: str) -> bool:
    """True for a name or address that only this machine can reach."""
    if host in LOCAL_NAMES:
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def sqlite(file: Path) -> dict[str, Any]:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(file),
        "CONN_MAX_AGE": KEPT_SECONDS,
        "OPTIONS": {
            # A writer takes its lock when it begins, so that two never meet half-way.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            # FULL: an acknowledged answer survives a power cut, too.
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
        },
    }


def postgresql(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise SettingError("DATABASE_URL begins with postgresql://; leave it empty for SQLite.")
    options: dict[str, Any] = dict(parse_qsl(parts.query))
    # Statements that are prepared look up keys: planning one anew costs more than running it, and
    # what is looked up is in memory, where a page by chance costs little more than the next.
    given = options.get("options", "")
    options["options"] = f"{given} {PLANNING}".strip()
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or options.pop("host", "")),
        "PORT": str(parts.port or options.pop("port", "")),
        # Every thread that asks is long-lived and keeps its connection.
        "CONN_MAX_AGE": KEPT_SECONDS,
        # A connection that died with its server is replaced, not handed to a request.
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
    }


def kept_secret(file: Path) -> str:
    """The secret in `file`, made on the first call; readable by its owner alone."""
    file.parent.mkdir(parents=True, exist_ok=True)
    if not file.exists():
        wholefiles.make_once(file, secrets.token_urlsafe(64))
    return file.read_text().strip()


def refuse_unsafe(
    *, shared_database: bool, public: bool, debug: bool, secret: str, hosts: list[str], https: bool
) -> None:
    """Refuses to start where others depend on it and a setting would let them down."""
    found = []
    if (shared_database or public) and debug:
        found.append("DEBUG=1 shows settings and code to whoever causes an error; unset it.")
    if (shared_database or public) and "*" in hosts:
        found.append("ALLOWED_HOSTS=* accepts any Host header; list the host names.")
    if (shared_database or public) and secret and len(secret) < SHORTEST_SECRET:
        found.append(f"SECRET_KEY is shorter than {SHORTEST_SECRET} characters; make a random one.")
    if public and not secret:
        found.append("SECRET_KEY is not set; every process needs the same long random one.")
    if public and not https:
        found.append("HTTPS=0 sends sign-ins and answers in the clear; serve behind TLS.")
    if found:
        raise SettingError("Invigil does not start with unsafe settings. " + " ".join(found))
