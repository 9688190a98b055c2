"""The work of an export: read one moment of the database, build, write, seal."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import ExitStack
from datetime import date
from pathlib import Path

from django.db import InterfaceError, OperationalError, connection

from annotation_site.jobs.running import JobFailed, Reporter
from annotation_site.scoring.models import Campaign
from annotation_site.snapshots.failures import DATABASE_GONE, disk_words
from annotation_site.snapshots.media import StoredMedia
from annotation_site.snapshots.models import Snapshot
from annotation_site.snapshots.selectors import has_public_form, one_moment
from annotation_site.snapshots.services import Form, archive_prepare, snapshot_folder, snapshot_keep
from annotation_site.snapshots.source import CampaignSource
from mpd_builder import __version__
from mpd_builder.build import building
from mpd_builder.judgments import JudgmentsError
from mpd_builder.snapshot import (
    Dataset,
    MediaError,
    NothingToWrite,
    Recipe,
    RecipeError,
    Sealed,
    SnapshotExists,
    verify,
    write,
)
from mpd_builder.snapshot.leakage import SplitsLeak

log = logging.getLogger(__name__)

Progress = Callable[[int, int, str], None]

REFUSALS = (JudgmentsError, MediaError, NothingToWrite, RecipeError, SnapshotExists, SplitsLeak)
"""What the builder raises in a person's words."""


def export_campaign(
    *, campaign: Campaign, recipe: Recipe, out_dir: Path, created_on: date, progress: Progress, resume: bool = False
) -> tuple[Dataset, Sealed]:
    """Export a campaign as it is now to `out_dir`, which must not exist. Raises `REFUSALS` and OSError.

    resume: as in `snapshot.write`.
    """
    progress(0, 0, "Reading, scoring and splitting")
    with ExitStack() as stack:
        with one_moment():
            dataset = stack.enter_context(building(CampaignSource(campaign), recipe))
            media = StoredMedia(campaign)
        sealed = write(
            dataset,
            media=media,
            recipe=recipe,
            out_dir=out_dir,
            created_on=created_on,
            code_version=__version__,
            progress=progress,
            resume=resume,
        )
    return dataset, sealed


def snapshot_export(snapshot: Snapshot, report: Reporter) -> None:
    """Write the snapshot of a job's row.

    What an earlier attempt sealed is taken over. Of what it left half-made, media are used again, and the rest goes.
    """
    folder = snapshot_folder(snapshot)
    try:
        if not folder.exists():
            dataset, sealed = export_campaign(
                campaign=snapshot.campaign,
                recipe=Recipe.from_dict(snapshot.recipe),
                out_dir=folder,
                created_on=snapshot.created_at.date(),
                progress=lambda done, total, words: report(done, total or None, words),
                resume=True,
            )
            keep = (sealed.digest, sealed.n_files, sealed.n_bytes, dataset.facts.to_dict())
        else:
            found = verify(folder)
            if not found.ok:
                raise JobFailed(f"An earlier attempt left something damaged: {found.words}. Start a new export.")
            keep = (found.digest, found.n_files, found.n_bytes, found.manifest["facts"])
        digest, n_files, n_bytes, facts = keep
        snapshot_keep(snapshot=snapshot, digest=digest, n_files=n_files, n_bytes=n_bytes, facts=facts)
        snapshot.refresh_from_db(fields=["digest", "facts"])
        archive_prepare(snapshot=snapshot, form=Form.PUBLIC if has_public_form(snapshot) else Form.COMPLETE)
    except REFUSALS as error:
        raise JobFailed(str(error)) from None
    except OSError as error:
        raise JobFailed(disk_words(error, folder)) from None
    except (InterfaceError, OperationalError) as error:
        connection.close()  # the next query opens a fresh one
        log.warning("the database went away during an export: %s (%s)", snapshot.pk, error)
        raise JobFailed(DATABASE_GONE) from None
