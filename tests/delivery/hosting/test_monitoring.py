"""Who watches the service reads numbers, and never what a candidate wrote."""

import json
import logging
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from delivery.hosting import logs
from delivery.rules.refusals import Reason, Refusal
from delivery.saving import responses
from delivery.saving.responses import Refused
from delivery.saving.tally import Tally
from delivery.vitals import metrics
from delivery.vitals.health import Check, Level
from tests import factories


@pytest.mark.django_db
def test_this_machine_reads_the_numbers(client: Client) -> None:
    told = client.get("/metrics")
    assert told.headers["Content-Type"] == metrics.CONTENT_TYPE
    assert b"invigil_lane_waiting 0\n" in told.content
    assert b'invigil_up{part="database"} 1\n' in told.content


@pytest.mark.django_db
@pytest.mark.parametrize(
    "where", [{"REMOTE_ADDR": "192.0.2.7"}, {"HTTP_X_FORWARDED_FOR": "127.0.0.1"}]
)
def test_others_find_no_numbers(where: dict[str, str], client: Client) -> None:
    assert client.get("/metrics", **where).status_code == 404  # type: ignore[arg-type]


@pytest.mark.django_db
def test_ready_process_says_what_it_stands_on(client: Client) -> None:
    told = client.get("/readyz")
    assert (told.status_code, told.json()["ready"]) == (200, True)
    assert told.json()["parts"]["database"] == "good"


@pytest.mark.django_db
def test_saves_are_counted_by_what_became_of_them() -> None:
    session = factories.session()
    save = factories.save(session, "Q1")
    (saved,) = responses.save([save])
    kept = Refused("Q1", "k", 1, Refusal(Reason.STALE), 7)
    counts = Tally()
    counts.note([save, save], [saved, kept], save.received_at + timedelta(milliseconds=20))
    lines = metrics.text([], counts).splitlines()
    assert 'invigil_save_seconds_bucket{le="0.01"} 0' in lines
    assert 'invigil_save_seconds_bucket{le="0.025"} 1' in lines
    assert 'invigil_save_seconds_bucket{le="+Inf"} 1' in lines
    assert "invigil_save_seconds_count 1" in lines
    assert 'invigil_saves_refused_total{reason="stale"} 1' in lines
    assert "invigil_saves_quarantined_total 1" in lines


def test_checks_are_told_with_their_figures() -> None:
    found = [
        Check("sweep", "Sweep", Level.POOR, "It is late.", 7.5),
        Check("redis", "Redis", Level.UNUSED, "It is not used."),
    ]
    lines = metrics.text(found, Tally()).splitlines()
    assert "invigil_sweep_late_seconds 7.5" in lines
    assert [line for line in lines if line.startswith("invigil_up{")] == [
        'invigil_up{part="sweep"} 0.5'
    ]


@pytest.mark.parametrize("formatter", [logs.Json(), logs.Line("{message}", style="{")])
def test_log_leaves_out_the_row_that_did_not_fit(formatter: logging.Formatter) -> None:
    error = ValueError("null value\nDETAIL:  Failing row contains (my answer).")
    info = (ValueError, error, None)
    told = formatter.format(logging.LogRecord("d", logging.ERROR, "", 1, "It failed.", (), info))
    assert "my answer" not in told
    assert "null value" in told


def test_log_line_is_one_object() -> None:
    at = timezone.now()
    record = logging.LogRecord(
        "delivery.saving.lane", logging.WARNING, "", 1, "%s wait.", (3,), None
    )
    told = json.loads(logs.Json().format(record))
    assert (told["level"], told["logger"], told["message"]) == (
        "WARNING",
        "delivery.saving.lane",
        "3 wait.",
    )
    assert told["at"] >= at.isoformat(timespec="milliseconds")[:10]
