"""The work of a verification: every byte of a sealed folder against its seal, and the seal against the row."""

from __future__ import annotations

from annotation_site.jobs.models import JobState
from annotation_site.jobs.running import Reporter
from annotation_site.jobs.services import JobLost
from annotation_site.snapshots.models import Verification
from annotation_site.snapshots.services import snapshot_folder
from mpd_builder.snapshot import Report, verify

MOST_KEPT = 200
"""So many problems are kept by name; how many there are is kept always."""


def snapshot_verify(job: Verification, report: Reporter) -> None:
    """Read the whole folder and keep what was found in the job's row."""
    report(words="Reading every file")
    found = verify(snapshot_folder(job.snapshot))
    problems = _problems(found, digest=job.snapshot.digest)
    held = Verification.objects.filter(pk=job.pk, state=JobState.RUNNING, worker=job.worker)
    if not held.update(
        outcome=Verification.Outcome.DAMAGED if problems else Verification.Outcome.WHOLE,
        n_files=found.n_files,
        n_bytes=found.n_bytes,
        n_problems=len(problems),
        problems=problems[:MOST_KEPT],
    ):
        raise JobLost(f"Verification {job.pk} is no longer held by {job.worker}")


def _problems(found: Report, *, digest: str) -> list[dict[str, str]]:
    problems = [{"file": each.path, "damage": each.damage.value, "words": each.words} for each in found.problems]
    if not problems and found.digest != digest:
        words = f"This is another snapshot, sealed as {found.digest[:12]}: somebody put it in the place of this one."
        problems.append({"file": ".", "damage": "changed", "words": words})
    return problems
