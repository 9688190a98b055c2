"""Why an export could not be finished, and what a person can do about it."""

from __future__ import annotations

import errno
from pathlib import Path

FULL = {errno.ENOSPC, errno.EDQUOT}
BARRED = {errno.EACCES, errno.EPERM, errno.EROFS}

DATABASE_GONE = "The database was out of reach while the judgments were read. When it is back, resume the export."


def disk_words(error: OSError, folder: Path) -> str:
    """What is wrong with the place that the snapshot goes to."""
    place = error.filename or folder
    if error.errno in FULL:
        return (
            f"The disk is full: {place} could not be written. Nothing looks like a snapshot that is none. Make room on "
            f"the disk of {folder.parent}, then resume the export."
        )
    if error.errno in BARRED:
        return f"The worker may not write to {place} ({error.strerror}). Give it the right to, then resume the export."
    return (
        f"The snapshot could not be written: {error.strerror or error} ({place}). "
        "Make room or mend the folder, then resume the export."
    )
