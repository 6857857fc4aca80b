"""The layout's rules, read from the source: imports point down, pure stays pure, all is small."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("integrity", "assembly", "delivery")  # from the bottom to the top
WIRING = {"settings", "urls", "asgi", "celery", "apps", "hosting"}
# The folders of delivery's services, from the bottom to the top; the first is pure.
FOLDERS = (
    "rules", "facts", "queries", "people", "session", "saving", "vitals", "seat", "sitting",
    "records",
)  # fmt: skip
MOST_MODULES = 18
AUDIENCES = {"auditor", "author", "candidate", "proctor"}
FACES = AUDIENCES | {"admin", "tasks", "management", "demo", "templatetags"}
PURE = (
    "integrity.chain",
    "integrity.wholefiles",
    "integrity.proof.merkle",
    *(
        f"integrity.policy.{name}"
        for name in (
            "browsers", "lockdown", "networks", "seb", "seb_files", "shortcuts", "watchlist",
        )
    ),
    "assembly.qti", "assembly.selection", "assembly.adaptive",
    "delivery.rules",
    *(f"delivery.facts.{name}" for name in ("events", "recovery_events", "replay")),
)  # fmt: skip
FRAMEWORKS = ("django", "channels", "celery", "daphne", "django_fsm", "redis", "psycopg")


def modules() -> Iterator[tuple[str, ast.Module, str]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "migrations" not in path.parts:
                name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
                source = path.read_text()
                yield name.removesuffix(".__init__"), ast.parse(source), source


MODULES = list(modules())
NAMES = {name for name, _, _ in MODULES}


def imports(name: str, tree: ast.Module) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            parts = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {part if part in NAMES else node.module for part in parts}
    return found


def level(name: str) -> int:
    """3 wiring, 2 audiences and other faces, 1 services, 0 models, -1 pure."""
    package, *rest = name.split(".")
    head = rest[0] if rest else ""
    if any(f"{name}.".startswith(f"{pure}.") for pure in PURE):
        return -1
    if head == "models":
        return 0
    if package == "delivery" and (head in WIRING or name.endswith(".commands.serve")):
        return 3
    return 2 if head in FACES or head in {"apps", "urls"} else 1


def wrong_import(name: str, target: str) -> bool:
    package, head = [*name.split("."), ""][:2]
    target_package, target_head = [*target.split("."), ""][:2]
    if level(name) == -1 and target.split(".", maxsplit=1)[0] in FRAMEWORKS:
        return True
    if target_package not in PACKAGES:
        return False
    if package != target_package:
        down = PACKAGES.index(package) > PACKAGES.index(target_package)
        return not down or (level(target) > 1 and level(name) < 3)
    if {head, target_head} == {"candidate", "proctor"}:
        return True
    if {head, target_head} <= set(FOLDERS) and level(target) >= 0:
        return FOLDERS.index(head) < FOLDERS.index(target_head)
    return level(target) > level(name)


@pytest.mark.parametrize(("name", "tree", "source"), MODULES, ids=[name for name, _, _ in MODULES])
def test_module_keeps_the_layout(name: str, tree: ast.Module, source: str) -> None:
    broken = [f"imports {target}" for target in imports(name, tree) if wrong_import(name, target)]
    if source.strip() and not ast.get_docstring(tree):
        broken.append("opens without a sentence")
    if len(source.splitlines()) > 400:
        broken.append(f"has {len(source.splitlines())} lines")
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            broken.append(f"line {node.lineno}: relative import")
        if isinstance(node, ast.ImportFrom) and "signals" in str(node.module):
            broken.append(f"line {node.lineno}: signals")
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            inner = [one for one in ast.walk(node) if isinstance(one, ast.Import | ast.ImportFrom)]
            broken += [f"line {one.lineno}: import inside a function" for one in inner]
            length = (node.end_lineno or 0) - node.lineno + 1
            if length > 40:
                broken.append(f"{node.name} has {length} lines")
    assert broken == []


def test_top_package_is_empty_so_that_pure_modules_load_without_django() -> None:
    assert (ROOT / "delivery/__init__.py").read_text() == ""


SMALL = (
    "integrity", "integrity/policy", "integrity/proof",
    "assembly", "assembly/packages", "assembly/rendering",
    *(f"delivery/{folder}" for folder in FOLDERS),
)  # fmt: skip


@pytest.mark.parametrize("folder", SMALL)
def test_folder_is_small_enough_to_know(folder: str) -> None:
    files = [path.stem for path in (ROOT / folder).glob("*.py") if path.stem != "__init__"]
    assert 0 < len(files) <= MOST_MODULES


def test_delivery_has_no_module_outside_its_folders() -> None:
    loose = {path.stem for path in (ROOT / "delivery").glob("*.py")} - {"__init__"}
    assert loose - WIRING == {"tasks"}


def test_upward_import_is_caught() -> None:
    assert wrong_import("integrity.ledger", "delivery.session.sessions")


def test_upward_import_between_folders_is_caught() -> None:
    assert wrong_import("delivery.session.sessions", "delivery.sitting.rolls")


def test_django_in_a_pure_module_is_caught() -> None:
    assert wrong_import("delivery.rules.clock", "django.utils.timezone")


def test_sibling_audience_is_caught() -> None:
    assert wrong_import("delivery.candidate.views", "delivery.proctor.views")
