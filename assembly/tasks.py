"""Background work of assembly: Celery's face of the jobs."""

from celery import shared_task
from django.utils import timezone

from assembly.packages import jobs


@shared_task
def import_job(job_id: int) -> None:
    jobs.run(job_id, timezone.now())


@shared_task
def requeue_jobs() -> None:
    for job_id in jobs.lost(timezone.now()):
        import_job.delay(job_id)
