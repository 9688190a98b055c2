"""Two sealed snapshots side by side, worked out once from their folders and kept by their digests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.conf import settings

from annotation_site.jobs.models import JobState
from annotation_site.snapshots.errors import SnapshotError
from annotation_site.snapshots.models import Snapshot
from annotation_site.snapshots.services import snapshot_folder
from mpd_builder import __version__
from mpd_builder.comparison import compare
from mpd_builder.snapshot import SnapshotDamaged, read_tables

MOVERS = 20


def comparison_kept(*, before: Snapshot, after: Snapshot) -> dict[str, Any]:
    """What `mpd_builder.comparison` finds, as JSON values.

    Sealed folders never change, so what was found once is read from beside them. Raises `SnapshotError` in words.
    """
    for snapshot in (before, after):
        if snapshot.state != JobState.DONE:
            raise SnapshotError(f"{snapshot} is not sealed yet: wait until its export is done.")
    place = _place(before, after)
    try:
        kept: dict[str, Any] = json.loads(place.read_text())
    except (OSError, ValueError):
        kept = _computed(before, after)
        _keep(place, kept)
    return kept


def _computed(before: Snapshot, after: Snapshot) -> dict[str, Any]:
    try:
        older, newer = (read_tables(snapshot_folder(snapshot)) for snapshot in (before, after))
    except SnapshotDamaged as error:
        raise SnapshotError(f"They cannot be compared, since one of them is not whole: {error}") from None
    found = compare(older, newer, n_movers=MOVERS).as_dict()
    for side in ("before", "after"):
        del found[side]["path"]  # nobody's business outside this machine
    return found


def _place(before: Snapshot, after: Snapshot) -> Path:
    name = f"{before.digest[:32]}-{after.digest[:32]}-{__version__}.json"
    return Path(settings.SNAPSHOTS_ROOT) / "comparisons" / name


def _keep(place: Path, found: dict[str, Any]) -> None:
    """Where it cannot be kept, it is worked out again the next time."""
    fresh = place.with_name(f"{place.name}.{uuid4().hex[:8]}.partial")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_text(json.dumps(found, allow_nan=False))
        fresh.replace(place)
    except OSError:
        fresh.unlink(missing_ok=True)
