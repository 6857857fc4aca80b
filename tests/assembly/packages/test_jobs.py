from datetime import timedelta

import pytest

from assembly import models
from assembly.packages import jobs
from tests.assembly.factories import AT, BY, choice_xml, zipped

pytestmark = pytest.mark.django_db


def begun(content: bytes) -> models.Job:
    return jobs.begin_check(content, "bank.zip", by=BY, at=AT)


def a_package() -> bytes:
    return zipped({"items/Q1.xml": choice_xml("Q1"), "items/b.xml": b"<x/>"})


def test_a_check_reports_and_stores_nothing() -> None:
    job = begun(a_package())
    jobs.run(job.pk, AT)
    job.refresh_from_db()
    assert (job.state, job.kind, job.done, job.total) == ("done", "qti_check", 1, 1)
    assert job.counts == [("kept", 1), ("degraded", 0), ("refused", 1)]
    assert (job.importable, models.Item.objects.count()) == (1, 0)


def test_an_import_follows_its_check_and_lets_go_of_the_upload() -> None:
    job = begun(a_package())
    jobs.run(job.pk, AT)
    jobs.begin_import(job.pk, at=AT)
    jobs.run(job.pk, AT)
    job.refresh_from_db()
    assert (job.state, job.kind, job.upload) == ("done", "qti_import", None)
    assert models.Item.objects.count() == 1


def test_a_second_click_changes_nothing() -> None:
    job = begun(a_package())
    jobs.run(job.pk, AT)
    for _ in range(2):
        assert jobs.begin_import(job.pk, at=AT).state == "queued"
    jobs.run(job.pk, AT)
    jobs.begin_import(job.pk, at=AT)
    jobs.run(job.pk, AT)
    assert models.ItemVersion.objects.count() == 1


def test_a_job_is_done_by_one_worker_only() -> None:
    job = begun(a_package())
    models.Job.objects.filter(pk=job.pk).update(state="running")
    jobs.run(job.pk, AT)
    job.refresh_from_db()
    assert (job.state, job.report) == ("running", {})


def test_a_package_that_cannot_be_opened_fails_with_its_reason() -> None:
    job = begun(b"PK no zip")
    jobs.run(job.pk, AT)
    job.refresh_from_db()
    assert (job.state, job.message) == ("failed", "bank.zip is not a readable zip file.")
    assert job.upload is None
    with pytest.raises(jobs.JobError):
        jobs.begin_import(job.pk, at=AT)


def test_a_fault_of_ours_fails_the_job_and_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: object, **_options: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr("assembly.bank.import_package", fail)
    job = begun(a_package())
    with pytest.raises(RuntimeError):
        jobs.run(job.pk, AT)
    job.refresh_from_db()
    assert (job.state, job.message) == ("failed", "The import failed and changed nothing.")


def test_jobs_that_no_worker_has_are_found_again() -> None:
    waiting, silent, busy = (begun(a_package()) for _ in range(3))
    long_ago = AT - timedelta(minutes=11)
    models.Job.objects.filter(pk=silent.pk).update(state="running", touched_at=long_ago)
    models.Job.objects.filter(pk=busy.pk).update(state="running")
    assert jobs.lost(AT + timedelta(seconds=16)) == [silent.pk]
    assert jobs.lost(AT + timedelta(seconds=32)) == [waiting.pk]
    assert models.Job.objects.get(pk=busy.pk).state == "running"
