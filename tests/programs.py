"""Finds the programs that tests start (Chromium, PostgreSQL and others), or installs them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGES = {
    "Chromium": "chromium",
    "OpenSSL": "openssl",
    "PostgreSQL": "postgresql",
    "Redis": "redis-server",
    "nginx": "nginx-light",
}


def chromium() -> str | None:
    for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"):
        found = shutil.which(name)
        if found and "snap" not in str(Path(found).resolve()):
            return found
    on_a_mac = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
    if on_a_mac.exists():
        return str(on_a_mac)
    kept = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH", Path.home() / ".cache/ms-playwright"))
    downloaded = sorted(kept.glob("chromium-*/chrome-*/chrome"))
    return str(downloaded[-1]) if downloaded else None


def postgresql() -> Path | None:
    """The folder with initdb, postgres and pgbench."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    folders = Path("/usr/lib/postgresql").glob("*/bin")
    versions = sorted(folders, key=lambda folder: float(folder.parent.name))
    return versions[-1] if versions else None


def redis() -> str | None:
    return shutil.which("redis-server")


def nginx() -> str | None:
    return shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


def missing() -> list[str]:
    found = {
        "Chromium": chromium(),
        "OpenSSL": shutil.which("openssl"),
        "PostgreSQL": postgresql(),
        "Redis": redis(),
        "nginx": nginx(),
    }
    return [name for name, program in found.items() if program is None]


def required() -> bool:
    return os.environ.get("CI", "").lower() in {"1", "true"}


def need(program: str) -> None:
    """Skips the test where a program is missing; with CI=true that is a failure."""
    if program in missing():
        reason = f"needs {program}, which is not installed"
        pytest.fail(reason) if required() else pytest.skip(reason)


def _system() -> str:
    release = Path("/etc/os-release")
    lines = release.read_text().splitlines() if release.exists() else []
    return next((line[3:].strip('"') for line in lines if line.startswith("ID=")), "")


def _install(names: list[str]) -> None:
    packages = [PACKAGES[name] for name in names]
    if _system() == "ubuntu" and "chromium" in packages:
        # Ubuntu's package is a snap, which does not run without its daemon.
        packages.remove("chromium")
        subprocess.run(
            [sys.executable, "-m", "playwright", "install", "--with-deps", "chromium"], check=False
        )
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    for command in (
        ["update", "-q"],
        ["install", "-q", "-y", "--no-install-recommends", *packages],
    ):
        subprocess.run(
            ["apt-get", *command], env=environment, check=False, stdout=subprocess.DEVNULL
        )


def main() -> int:
    names = missing()
    if not names:
        return 0
    if "--closing" in sys.argv:
        print(f"Left out, because not installed here: the tests that need {', '.join(names)}.")
        return 0
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print(
            f"Installing what the tests need and this machine lacks: {', '.join(names)} (apt-get)."
        )
        _install(names)
        names = missing()
    if names:
        print(f"Not installed: {', '.join(names)}. The tests that need them are left out.")
    return 1 if names and required() else 0


if __name__ == "__main__":
    sys.exit(main())
