from difflib import unified_diff

from tests import material
from tests.assembly import corpus_report


def test_every_document_of_the_corpus_ends_as_the_report_says() -> None:
    found = corpus_report.report(material.corpus()).splitlines()
    expected = corpus_report.EXPECTED.read_text().splitlines()
    assert list(unified_diff(expected, found, "expected", "found", n=0, lineterm="")) == []


def test_every_loss_and_every_refusal_of_the_report_has_a_reason() -> None:
    lines = corpus_report.EXPECTED.read_text().split("\n\n")[2].splitlines()
    unhappy = [line for line in lines if line.split(" ")[1] != "imported"]
    assert len(unhappy) > 200
    assert [line for line in unhappy if not line.rsplit(" ", 1)[1].replace("_", "").islower()] == []
