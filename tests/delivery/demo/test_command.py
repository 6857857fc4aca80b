"""The demo command: a line a step, the sign-ins at the end, and the second run keeps the data."""

from pathlib import Path

from tests.serving import manage


def test_the_demo_begins_anew_and_is_then_kept(tmp_path: Path) -> None:
    first = manage(tmp_path, "demo", "--reset").splitlines()
    assert [line.split(" (")[0] for line in first if line.startswith("demo: ")] == [
        "demo: Users with new passwords",
        "demo: Item bank and tests",
        "demo: 4 sittings",
        "demo: Candidates by their rosters",
        "demo: Their sessions, played by the real verbs",
    ]
    table = [line for line in first if not line.startswith("demo: ")]
    second = manage(tmp_path, "demo").splitlines()
    assert second == ["demo: loaded already; its data is kept", *table]
    assert "streams" in manage(tmp_path, "ledger_verify")
