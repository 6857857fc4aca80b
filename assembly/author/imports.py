"""Pages for packages: upload, the report of the dry run, the import and its progress."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from assembly import models, tasks
from assembly.author import access
from assembly.author.access import staff
from assembly.author.row_forms import UploadForm
from assembly.packages import jobs
from assembly.packages.jobs import JobError


@staff("add_item", "add_job")
def upload(request: HttpRequest) -> HttpResponse:
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method != "POST" or not form.is_valid():
        return render(request, "author/upload.html", {"form": form})
    given = form.cleaned_data["package"]
    at = timezone.now()
    job = jobs.begin_check(given.read(), given.name, by=access.name(request), at=at)
    transaction.on_commit(lambda: tasks.import_job.delay(job.pk), robust=True)
    return redirect("author:job", job.pk)


@require_GET
@staff("view_job")
def job(request: HttpRequest, job_id: int) -> HttpResponse:
    """The job's page; htmx asks for its fragment until the work is over."""
    found = get_object_or_404(models.Job.objects.defer("upload"), pk=job_id)
    template = "author/_job.html" if getattr(request, "htmx", False) else "author/job.html"
    return render(request, template, {"job": found})


@require_POST
@staff("add_item", "add_job")
def start(request: HttpRequest, job_id: int) -> HttpResponse:
    get_object_or_404(models.Job.objects.defer("upload"), pk=job_id)
    try:
        jobs.begin_import(job_id, at=timezone.now())
    except JobError as error:
        messages.error(request, str(error))
    else:
        transaction.on_commit(lambda: tasks.import_job.delay(job_id), robust=True)
    return redirect("author:job", job_id)
