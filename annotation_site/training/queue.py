"""Where a run stands among all the work that waits for the same workers."""

from __future__ import annotations

from annotation_site.jobs.models import Job, JobState
from annotation_site.jobs.tasks import job_models
from annotation_site.training.models import TrainingRun


def queue_place(run: TrainingRun) -> int | None:
    """How many jobs are before a queued run, running ones among them; 0 is the next. None once it waits no more.

    All kinds of jobs of the run's queue count. Those asked for earlier come first, as the broker hands them out; one
    that was queued again (a resumed run, a lost worker's job) may come a little later than this says.
    """
    if run.state != JobState.QUEUED:
        return None
    return sum(_before(model, run) for model in job_models() if model.queue == run.queue)


def _before(model: type[Job], run: TrainingRun) -> int:
    rows = model._default_manager
    waiting = rows.filter(state=JobState.QUEUED, created_at__lte=run.created_at)
    if isinstance(run, model):
        waiting = waiting.filter(pk__lt=run.pk)
    return waiting.count() + rows.filter(state=JobState.RUNNING).exclude(worker="").count()
