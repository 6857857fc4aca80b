"""What the README says is what there is."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
CONFIGURATION = README.split("## Configuration")[1].split("\n## ")[0]
PACKAGES = ("integrity", "assembly", "delivery")


def test_configuration_table_names_every_setting_that_is_read() -> None:
    sources = (path.read_text() for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
    pattern = r'\b(?:text|flag|listed|whole|path)\(\s*"([A-Z_]{4,})"'
    read = {name for source in sources for name in re.findall(pattern, source)}
    first_cells = "".join(re.findall(r"^\| (.+?) \|", CONFIGURATION, re.MULTILINE))
    named = set(re.findall(r"`([A-Z_]{4,})`", first_cells))
    assert read - named == set()
    assert named - read == set()


def test_readme_names_every_command_of_ours() -> None:
    commands = {
        path.stem
        for package in PACKAGES
        for path in (ROOT / package).glob("management/commands/[a-z]*.py")
    }
    assert {name for name in commands if f"`{name}" not in README} == set()


def test_pictures_of_the_readme_are_there() -> None:
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", README)
    assert [name for name in pictures if not (ROOT / name).exists()] == []
    assert len(pictures) == 2
