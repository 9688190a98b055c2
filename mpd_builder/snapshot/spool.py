"""Rows that are too many to hold: kept in a file without a name, in the order in which they came."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from typing import IO

import pyarrow as pa


class Spool:
    """Record batches on disk, written once and then read as often as wanted. Nothing of it outlives the process."""

    def __init__(self, file: IO[bytes], schema: pa.Schema) -> None:
        self.schema = schema
        self.num_rows = 0
        self._file = file
        self._writer = pa.ipc.new_stream(file, schema, options=pa.ipc.IpcWriteOptions(compression="lz4"))

    def append(self, batch: pa.RecordBatch) -> None:
        """Add rows. ValueError once they have been read."""
        self._writer.write_batch(batch)
        self.num_rows += batch.num_rows

    def to_batches(self) -> Iterator[pa.RecordBatch]:
        """All rows, from the first on. Ends the writing."""
        self._writer.close()
        self._file.seek(0)
        yield from pa.ipc.open_stream(self._file)


@contextlib.contextmanager
def spooled(schema: pa.Schema) -> Iterator[Spool]:
    """A spool for rows of this schema, in the folder for temporary files."""
    with tempfile.TemporaryFile(prefix="mpd-spool-") as file:
        yield Spool(file, schema)
