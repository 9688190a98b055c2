"""A file as libsndfile needs it: by a damaged header it looks for places before the beginning, where a file raises."""

from __future__ import annotations

import os
from io import BufferedIOBase


class SteadyFile:
    """Reads like the file; a seek to where nothing can be leaves it where it is, which libsndfile then notices."""

    def __init__(self, file: BufferedIOBase) -> None:
        self._file = file
        self.read = file.read
        self.readinto = file.readinto
        self.tell = file.tell

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        try:
            return self._file.seek(offset, whence)
        except (OSError, ValueError, OverflowError):
            return self._file.tell()
