"""Exports for the tests of this room: the work of the worker, done here."""

from __future__ import annotations

import uuid
from typing import Any

from django.test import Client
from django.urls import reverse

from annotation_site.jobs.models import JobState
from annotation_site.jobs.running import job_run
from annotation_site.scoring.models import Campaign
from annotation_site.snapshots.exporting import snapshot_export
from annotation_site.snapshots.models import Snapshot
from annotation_site.snapshots.services import snapshot_start
from tests.conftest import NOON


def export_do(snapshot: Snapshot) -> str:
    """What the worker does with the message; the end state."""
    return job_run(model=Snapshot, job_id=snapshot.pk, work=snapshot_export)


def sealed_snapshot(campaign: Campaign, *, recipe: str = "demo", **asked: Any) -> Snapshot:
    """A sealed snapshot of the campaign."""
    job = snapshot_start(campaign=campaign, recipe=recipe, now=NOON, **asked)
    export_do(job)
    job.refresh_from_db()
    assert job.state == JobState.DONE, job.error
    return job


def url(name: str, *arguments: object) -> str:
    """The address of a page of the room."""
    return reverse(f"admin:snapshots_snapshot_{name}", args=arguments)


def content_of(response: Any) -> bytes:
    return b"".join(response.streaming_content)


def filled_in(campaign: Campaign, **fields: Any) -> dict[str, Any]:
    """The form as a browser sends it when nothing was changed but `fields`; None leaves one out."""
    sent = {
        "token": uuid.uuid4(),
        "start": "demo",
        "campaign": campaign.pk,
        "name": "",
        "pairs": "complete",
        "min_ratings": "",
        "aggregator": "trimmed mean",
        "trim": "",
        "band_low": "",
        "band_high": "",
        "vote_rule": "majority",
        "votes_needed": "",
        "split": "unseen-both",
        "train": "55",
        "validation": "20",
        "test": "25",
        "salt": "mpd-1",
        "media_files": "full",
        "arrays": "on",
        "rater_ids": "pseudonymous",
        "ratings_licence": "",
    }
    return {name: value for name, value in (sent | fields).items() if value is not None}


def logged_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client
