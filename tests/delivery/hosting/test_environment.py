"""What the environment may say, and what refuses to start."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from delivery.hosting import environment

LONG = "k" * 50
SAFE = {
    "shared_database": True,
    "public": True,
    "debug": False,
    "secret": LONG,
    "hosts": ["exam.example"],
    "https": True,
}


def refuse(**changes: object) -> str:
    with pytest.raises(environment.SettingError) as caught:
        environment.refuse_unsafe(**SAFE | changes)  # type: ignore[arg-type]
    return str(caught.value)


def test_safe_settings_start() -> None:
    environment.refuse_unsafe(**SAFE)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"debug": True}, "DEBUG=1"),
        ({"debug": True, "public": False}, "DEBUG=1"),
        ({"hosts": ["*"]}, "ALLOWED_HOSTS=*"),
        ({"secret": "k" * 49}, "SECRET_KEY is shorter"),
        ({"secret": ""}, "SECRET_KEY is not set"),
        ({"https": False}, "HTTPS=0"),
    ],
)
def test_unsafe_setting_refuses_to_start_and_is_named(
    changes: dict[str, object], named: str
) -> None:
    assert named in refuse(**changes)


def test_every_unsafe_setting_is_named_at_once() -> None:
    message = refuse(debug=True, secret="", https=False)
    assert [word in message for word in ("DEBUG=1", "SECRET_KEY", "HTTPS=0")] == [True] * 3


def test_one_machine_needs_no_setting() -> None:
    environment.refuse_unsafe(
        shared_database=False, public=False, debug=True, secret="", hosts=["localhost"], https=False
    )


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.9.9.9", "[::1]", ".localhost"])
def test_local_host_is_local(host: str) -> None:
    assert environment.is_local(host)


@pytest.mark.parametrize("host", ["exam.example", "10.0.0.1", "*", "[2001:db8::1]", ""])
def test_other_host_is_public(host: str) -> None:
    assert not environment.is_local(host)


def test_secret_is_made_once_and_readable_by_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "var" / "secret_key"
    first = environment.kept_secret(file)
    assert environment.kept_secret(file) == first
    assert len(first) >= environment.SHORTEST_SECRET
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["secret_key"]


def test_database_url_becomes_a_database_whose_connections_are_kept() -> None:
    settings = environment.postgresql(
        "postgresql://ann:p%40ss@db.example:5433/exam?sslmode=require"
    )
    assert [settings[key] for key in ("USER", "PASSWORD", "HOST", "PORT", "NAME")] == [
        "ann",
        "p@ss",
        "db.example",
        "5433",
        "exam",
    ]
    assert settings["OPTIONS"]["sslmode"] == "require"
    assert settings["CONN_MAX_AGE"] == 600


def test_another_database_is_refused() -> None:
    with pytest.raises(environment.SettingError, match="postgresql://"):
        environment.postgresql("mysql://db.example/exam")


@pytest.mark.parametrize("value", ["maybe", "2"])
def test_flag_that_is_neither_yes_nor_no_is_refused(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEBUG", value)
    with pytest.raises(environment.SettingError, match="DEBUG"):
        environment.flag("DEBUG")


def check_deploy(tmp_path: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=Path(__file__).resolve().parents[3],
        env=kept | {"VAR_DIR": str(tmp_path), "DATABASE_PATH": str(tmp_path / "db")} | settings,
        capture_output=True,
        text=True,
        check=False,
    )


def test_deployment_check_is_clean_with_public_hosts(tmp_path: Path) -> None:
    done = check_deploy(tmp_path, ALLOWED_HOSTS="exam.example", SECRET_KEY=os.urandom(40).hex())
    assert (done.returncode, done.stderr) == (
        0,
        "",
    )


def test_unsafe_deployment_does_not_start(tmp_path: Path) -> None:
    done = check_deploy(tmp_path, ALLOWED_HOSTS="exam.example", DEBUG="1")
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1] == (
        "django.core.exceptions.ImproperlyConfigured: Invigil does not start with unsafe settings. "
        "DEBUG=1 shows settings and code to whoever causes an error; unset it. "
        "SECRET_KEY is not set; every process needs the same long random one."
    )
