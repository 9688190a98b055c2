"""Which sealed snapshots hold an item: read from their own tables, which are what counts."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from annotation_site.corpus.models import Painting, Track
from annotation_site.jobs.models import JobState
from annotation_site.snapshots.models import Snapshot
from annotation_site.snapshots.services import snapshot_folder


def snapshots_holding(*, item: Painting | Track) -> list[Snapshot]:
    """The sealed snapshots that hold a painting, or any clip of a track, the newest first.

    One whose folder is gone from this machine or cannot be read is passed over.
    """
    table, column = ("paintings", "painting_id") if isinstance(item, Painting) else ("clips", "track_id")
    sealed = Snapshot.objects.filter(state=JobState.DONE).order_by("-pk")
    return [one for one in sealed if _has(snapshot_folder(one) / "data" / f"{table}.parquet", column, item.key)]


def _has(path: Path, column: str, key: str) -> bool:
    try:
        return bool(pq.read_table(path, columns=[column], filters=[(column, "=", key)]).num_rows)
    except (OSError, pa.ArrowInvalid):
        return False
