"""What becomes of every document of the shared corpus, as the report that is checked in.

With INVIGIL_QTI_DIR set, it is written anew by
`manage.py shell -c "from tests.assembly import corpus_report; corpus_report.write()"`.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from assembly.packages import checking
from assembly.qti import package
from assembly.qti.errors import ReadingError
from tests import material

EXPECTED = Path(__file__).with_name("corpus_report.txt")
KINDS = ("item", "test", "package")
OUTCOMES = ("imported", "degraded", "refused")


def rows(folder: Path) -> Iterator[tuple[str, str, str, str]]:
    """(kind, outcome, place, reason) of each item and test, and of packages as a whole."""
    for path in package.packages_in(folder):
        name = path.relative_to(folder).as_posix()
        try:
            with package.open_package(path) as opened:
                report = checking.check(opened).report()
        except ReadingError as error:
            yield "package", "refused", name, error.reason
            continue
        if path != folder:
            yield "package", "imported", name, ""
        for kind, listed in (("item", report.items), ("test", report.tests)):
            for row in listed:
                outcome = "imported" if row.outcome == "kept" else str(row.outcome)
                place = row.href if path == folder else f"{name}!{row.href}"
                yield kind, outcome, place, "" if outcome == "imported" else row.reason


def report(folder: Path) -> str:
    found = sorted(rows(folder))
    counts = Counter((kind, outcome) for kind, outcome, _place, _reason in found)
    reasons = Counter((kind, outcome, reason) for kind, outcome, _, reason in found if reason)
    table = [f"{'':8}" + "".join(f"{outcome:>10}" for outcome in OUTCOMES)]
    table += [
        f"{kind + 's':8}" + "".join(f"{counts[kind, outcome]:10}" for outcome in OUTCOMES)
        for kind in KINDS
    ]
    named = [
        f"{number:5}  {kind} {outcome}: {reason}"
        for (kind, outcome, reason), number in sorted(reasons.items())
    ]
    lines = [" ".join(filter(None, row)) for row in found]
    return "\n".join([*table, "", *named, "", *lines, ""])


def write() -> None:
    EXPECTED.write_text(report(material.corpus()))
