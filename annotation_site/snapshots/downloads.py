"""Sending a snapshot: as a zip, or one of its files; whole, or the part that a resumed download asks for.

Ranges are those of RFC 9110, section 14: one is honoured; several at once, or another snapshot's, get the whole file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import PurePosixPath
from typing import BinaryIO

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from annotation_site.ranges import Unsatisfiable, asked_range
from annotation_site.snapshots.files import file_open
from annotation_site.snapshots.models import Snapshot
from annotation_site.snapshots.services import Form, archive_prepare

CHUNK = 1 << 20
LOCKED_IN = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
"""The policy of a file that a browser might show: nothing in it runs, and it asks nobody for anything."""

TYPES = {
    ".parquet": "application/vnd.apache.parquet",
    ".json": "application/json",
    ".md": "text/markdown; charset=utf-8",
    ".svg": "image/svg+xml",
    ".jpg": "image/jpeg",
    ".npy": "application/octet-stream",
}

Read = Callable[[int, int], Iterable[bytes]]


def download(request: HttpRequest, snapshot: Snapshot, form: Form) -> HttpResponseBase:
    """The snapshot's zip. Raises `NoPublicForm`."""
    prepared = archive_prepare(snapshot=snapshot, form=form)
    archive = prepared.archive
    response = _ranged(request, archive.read, size=archive.size, digest=prepared.digest, kind="application/zip")
    response["Content-Disposition"] = f'attachment; filename="{prepared.name}.zip"'
    return response


def file_download(request: HttpRequest, snapshot: Snapshot, name: str, *, is_shown: bool = False) -> HttpResponseBase:
    """One file of the snapshot, to be kept, or `is_shown` where it stands (a figure). Raises `NoSuchFile`."""
    opened, file = file_open(snapshot, name)
    kind = TYPES.get(PurePosixPath(name).suffix, "application/octet-stream")
    part = partial(Part, opened)
    response = _ranged(request, part, size=file.n_bytes, digest=file.sha256, kind=kind)
    if not response.streaming:
        opened.close()
    response["Content-Security-Policy"] = LOCKED_IN
    if not is_shown:
        response["Content-Disposition"] = f'attachment; filename="{PurePosixPath(name).name}"'
    return response


class Part:
    """Bytes [start, stop) of an open file, in chunks. Django closes it with the response, read or not."""

    def __init__(self, opened: BinaryIO, start: int, stop: int) -> None:
        self.opened = opened
        self.left = stop - start
        opened.seek(start)

    def __iter__(self) -> Iterator[bytes]:
        while self.left and (chunk := self.opened.read(min(CHUNK, self.left))):
            self.left -= len(chunk)
            yield chunk

    def close(self) -> None:
        self.opened.close()


def _ranged(request: HttpRequest, read: Read, *, size: int, digest: str, kind: str) -> HttpResponseBase:
    etag = f'"{digest}"'
    try:
        span = asked_range(request.headers, size=size, etag=etag)
    except Unsatisfiable:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    start, stop = span or (0, size)
    response = StreamingHttpResponse(read(start, stop), status=206 if span else 200, content_type=kind)
    response["Content-Length"] = stop - start
    response["Accept-Ranges"] = "bytes"
    response["ETag"] = etag
    response["X-Content-Type-Options"] = "nosniff"
    if span:
        response["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    return response
