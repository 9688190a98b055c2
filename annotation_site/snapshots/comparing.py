"""The work of a comparison: the tables of two sealed folders, side by side."""

from __future__ import annotations

from annotation_site.jobs.models import JobState
from annotation_site.jobs.running import JobFailed, Reporter
from annotation_site.jobs.services import JobLost
from annotation_site.snapshots.models import Comparison, Snapshot
from annotation_site.snapshots.services import snapshot_folder
from mpd_builder import __version__
from mpd_builder.comparison import compare
from mpd_builder.snapshot import Snapshot as Opened
from mpd_builder.snapshot import SnapshotDamaged, read_tables

MOVERS = 20


def snapshots_compare(job: Comparison, report: Reporter) -> None:
    """Compare the two snapshots of a job's row and keep what is found in it."""
    report(words="Reading the tables of both")
    before, after = _opened(job.before), _opened(job.after)
    report(words="Comparing pair by pair")
    found = compare(before, after, n_movers=MOVERS).as_dict()
    for side in ("before", "after"):
        del found[side]["path"]  # nobody's business outside this machine
    held = Comparison.objects.filter(pk=job.pk, state=JobState.RUNNING, worker=job.worker)
    if not held.update(found=found, code_version=__version__):
        raise JobLost(f"Comparison {job.pk} is no longer held by {job.worker}")


def _opened(snapshot: Snapshot) -> Opened:
    try:
        return read_tables(snapshot_folder(snapshot))
    except SnapshotDamaged as error:
        words = error.report.problems[0].words
        raise JobFailed(f"{snapshot} is not whole, so it cannot be compared: {words}. Restore its folder.") from None
