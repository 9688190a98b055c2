"""What an import may cost here, by the site's settings (docs/running.md)."""

from __future__ import annotations

import os
from pathlib import Path

from django.conf import settings

from mpd_builder.ingest import Limits


def limits_here() -> Limits:
    """The limits of one file and of one archive."""
    return Limits(
        max_picture_bytes=settings.IMPORT_MAX_PICTURE_MB * 2**20,
        max_pixels=settings.IMPORT_MAX_PIXELS,
        min_short_side=settings.IMPORT_MIN_SIDE,
        max_sound_bytes=settings.IMPORT_MAX_SOUND_MB * 2**20,
        max_seconds=settings.IMPORT_MAX_MINUTES * 60.0,
        max_archive_members=settings.IMPORT_MAX_ARCHIVE_FILES,
        max_archive_bytes=settings.IMPORT_MAX_ARCHIVE_GB * 2**30,
        max_archive_ratio=float(settings.IMPORT_MAX_ARCHIVE_RATIO),
    )


def processes() -> int:
    """How many processes check files at a time: one a core, unless it is set."""
    return settings.IMPORT_PROCESSES or os.cpu_count() or 1


def is_within_reach(path: Path) -> bool:
    """Whether an import that is asked for in a browser may read `path`, a real path (no link in it)."""
    roots = [Path(root).resolve() for root in settings.IMPORT_ROOTS]
    return not roots or any(path == root or root in path.parents for root in roots)
