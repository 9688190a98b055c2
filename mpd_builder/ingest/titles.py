"""A title for a file that came without one."""

from __future__ import annotations

import re
from pathlib import Path

from mpd_builder.ingest.metadata import printable


def title_of(path: Path) -> str:
    """The file's name without its extension, `_` and `-` read as spaces."""
    return re.sub(r"[\s_-]+", " ", printable(path.stem)).strip() or printable(path.name)
