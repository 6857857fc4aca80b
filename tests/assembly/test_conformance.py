"""The table of what conformance asks names tests that are there, row by row."""

import ast
import re
from functools import cache
from pathlib import Path

TESTS = Path(__file__).parent.parent
TABLE = (TESTS.parent / "assembly" / "qti" / "CONFORMANCE.md").read_text()
ROW = re.compile(r"^\| (\d+) \| (B|A|E|EA|X) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
NAMED = re.compile(r"`([\w/]+\.py)(?:::(\w+))?`")


@cache
def functions(path: str) -> set[str]:
    tree = ast.parse((TESTS / path).read_text())
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_row_is_there_once() -> None:
    assert [int(row[0]) for row in ROW.findall(TABLE)] == list(range(1, 77))


def test_every_row_names_a_test_that_is_there() -> None:
    for number, _level, _feature, held in ROW.findall(TABLE):
        named = NAMED.findall(held)
        assert named, number
        for path, name in named:
            assert name in functions(path) if name else functions(path), (number, path, name)
