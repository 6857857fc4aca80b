"""Long work as rows: begun by a person, done by a worker, found again when a worker dies."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic

from django.db import transaction
from django.db.models import Q

from assembly import bank, models
from assembly.models import JobKind, JobState
from assembly.qti.errors import ReadingError

MAX_UPLOAD = 100 * 1024 * 1024
QUEUED_FOR = timedelta(seconds=20)
SILENT_FOR = timedelta(minutes=10)
BEAT = 0.5


class JobError(Exception):
    """A job that cannot be begun; the message is a full sentence."""


def begin_check(content: bytes, name: str, *, by: str, at: datetime) -> models.Job:
    """Keep an upload and queue its dry run."""
    return models.Job.objects.create(
        kind=JobKind.CHECK,
        name=name[:255],
        upload=content,
        created_by=by,
        created_at=at,
        touched_at=at,
    )


@transaction.atomic
def begin_import(job_id: int, *, at: datetime) -> models.Job:
    """Queue the import of a package whose dry run is done; a second click changes nothing."""
    job = models.Job.objects.select_for_update().get(pk=job_id)
    if job.kind == JobKind.CHECK and job.state == JobState.DONE and job.upload is not None:
        job.kind, job.state = JobKind.IMPORT, JobState.QUEUED
        job.done = job.total = 0
        job.touched_at, job.finished_at = at, None
        job.save()
    elif job.kind != JobKind.IMPORT:
        raise JobError("This package cannot be imported: its check has not succeeded.")
    return job


def run(job_id: int, at: datetime) -> None:
    """Do a queued job; several workers may try, one gets it."""
    taken = models.Job.objects.filter(pk=job_id, state=JobState.QUEUED)
    if not taken.update(state=JobState.RUNNING, touched_at=at):
        return
    job = models.Job.objects.get(pk=job_id)
    try:
        report = bank.import_package(
            bytes(job.upload or b""),
            name=job.name,
            by=job.created_by,
            at=at,
            progress=_Teller(job_id, at),
            dry_run=job.kind == JobKind.CHECK,
        )
    except ReadingError as error:
        _finish(job, JobState.FAILED, at, message=str(error))
    except Exception:
        _finish(job, JobState.FAILED, at, message="The import failed and changed nothing.")
        raise
    else:
        job.report = report.to_json()
        _finish(job, JobState.DONE, at)


def _finish(job: models.Job, state: JobState, at: datetime, message: str = "") -> None:
    job.refresh_from_db(fields=["done", "total"])
    job.state, job.message, job.finished_at, job.touched_at = state, message, at, at
    if job.kind == JobKind.IMPORT or state == JobState.FAILED:
        job.upload = None
    job.save()


@dataclass(slots=True)
class _Teller:
    """Writes progress on the job's row, twice a second at most."""

    job_id: int
    at: datetime
    begun: float = field(default_factory=monotonic)
    last: float = 0.0

    def __call__(self, done: int, total: int, message: str) -> None:
        now = monotonic()
        if done < total and now - self.last < BEAT:
            return
        self.last = now
        alive = self.at + timedelta(seconds=now - self.begun)
        rows = models.Job.objects.filter(pk=self.job_id)
        rows.update(done=done, total=total, message=message[:500], touched_at=alive)


@transaction.atomic
def lost(at: datetime) -> list[int]:
    """Ids of jobs that no worker seems to have: forgotten in the queue, or silent for long."""
    queued = Q(state=JobState.QUEUED, touched_at__lt=at - QUEUED_FOR)
    silent = Q(state=JobState.RUNNING, touched_at__lt=at - SILENT_FOR)
    rows = models.Job.objects.select_for_update().filter(queued | silent)
    ids = list(rows.values_list("pk", flat=True))
    models.Job.objects.filter(pk__in=ids).update(state=JobState.QUEUED, touched_at=at)
    return ids
