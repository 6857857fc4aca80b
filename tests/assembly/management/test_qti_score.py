"""The command that scores an oracle."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures" / "qti"


def scored(*arguments: str) -> str:
    output = StringIO()
    call_command("qti_score", *arguments, stdout=output)
    return output.getvalue()


def test_all_cases_of_a_file_are_counted() -> None:
    told = scored(str(FIXTURES / "oracle.jsonl"), "--corpus", str(FIXTURES))
    assert told == "6 passed, 0 failed\n"


def test_a_failure_is_printed_and_ends_with_status_1(tmp_path: Path) -> None:
    oracle = tmp_path / "oracle.jsonl"
    lines = (FIXTURES / "oracle.jsonl").read_text().replace('"SCORE": 2.0', '"SCORE": 9.5')
    oracle.write_text(lines)
    output = StringIO()
    with pytest.raises(SystemExit) as end:
        call_command("qti_score", str(oracle), "--corpus", str(FIXTURES), stdout=output)
    assert end.value.code == 1
    printed = output.getvalue().splitlines()
    assert printed[0] == "own-1  clouds_v2p1.xml"
    assert printed[-1] == "4 passed, 2 failed"


def test_the_corpus_is_looked_for_beside_the_oracle(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus" / "public"
    corpus.mkdir(parents=True)
    for name in ("clouds_v2p1.xml", "river_adaptive.xml", "sum_template.xml", "small_test.xml"):
        (corpus / name).write_bytes((FIXTURES / name).read_bytes())
    (tmp_path / "oracle").mkdir()
    (tmp_path / "oracle" / "o.jsonl").write_bytes((FIXTURES / "oracle.jsonl").read_bytes())
    assert scored(str(tmp_path / "oracle" / "o.jsonl")) == "6 passed, 0 failed\n"


def test_a_missing_file_or_folder_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        scored(str(tmp_path / "none.jsonl"), "--corpus", str(FIXTURES))
    with pytest.raises(CommandError, match="no folder"):
        scored(str(FIXTURES / "oracle.jsonl"), "--corpus", str(tmp_path / "none"))
