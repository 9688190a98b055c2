"""Stored media, to people who are logged in. Names are hashes of the bytes, so an answer never goes stale."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from django.core.files.storage import default_storage
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseForbidden,
    HttpResponseNotModified,
    StreamingHttpResponse,
)
from django.views.decorators.http import require_safe

from annotation_site.corpus.selectors import media_may_be_read
from annotation_site.ranges import Unsatisfiable, asked_range

CHUNK = 256 * 1024
FOR_EVER = "private, max-age=31536000, immutable"
TYPES = {
    "jpg": "image/jpeg",
    "flac": "audio/flac",
    "png": "image/png",
    "gif": "image/gif",
    "webp": "image/webp",
    "avif": "image/avif",
    "tif": "image/tiff",
    "bmp": "image/bmp",
    "wav": "audio/wav",
    "aiff": "audio/aiff",
    "ogg": "audio/ogg",
    "mp3": "audio/mpeg",
}


@require_safe
def media(request: HttpRequest, name: str) -> HttpResponseBase:
    """One stored file, or the one range of it that is asked for: a browser's player seeks by ranges."""
    if not media_may_be_read(user=request.user, name=name):
        return HttpResponseForbidden(
            "You may not fetch this file, or you are not logged in.", content_type="text/plain"
        )
    return stored_file(request, name, kept=FOR_EVER)


def stored_file(request: HttpRequest, name: str, *, kept: str) -> HttpResponseBase:
    """A stored file for somebody who may have it. `kept` is for how long their browser keeps it."""
    tag = f'"{name.rsplit("/", 1)[1].split(".")[0]}"'
    if request.headers.get("If-None-Match") == tag:
        return _kept(HttpResponseNotModified(), tag, kept)
    try:
        size = default_storage.size(name)
    except FileNotFoundError:
        raise Http404 from None
    try:
        asked = asked_range(request.headers, size=size, etag=tag)
    except Unsatisfiable:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    start, stop = asked or (0, size)
    content_type = TYPES.get(name.rsplit(".", 1)[1], "application/octet-stream")
    wanted = () if request.method == "HEAD" or start == stop else _Part(name, start, stop)
    response = StreamingHttpResponse(wanted, content_type=content_type, status=206 if asked else 200)
    response["Content-Length"] = str(stop - start)
    if asked:
        response["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    return _kept(response, tag, kept)


class _Part:
    """The bytes [start, stop) of a stored file in blocks; closes it when the response ends, begun or not."""

    def __init__(self, name: str, start: int, stop: int) -> None:
        self.file = _opened(name, start, stop)
        self.left = stop - start

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        block = self.file.read(min(CHUNK, self.left))
        if not block:
            raise StopIteration
        self.left -= len(block)
        return block

    def close(self) -> None:
        self.file.close()


def _opened(name: str, start: int, stop: int) -> IO[bytes]:
    """The stored file from `start` on. A storage far away is asked for the part only."""
    if open_part := getattr(default_storage, "open_part", None):
        body: IO[bytes] = open_part(name, start, stop)
        return body
    file = default_storage.open(name, "rb")
    file.seek(start)
    return file


def _kept(response: HttpResponseBase, tag: str, kept: str) -> HttpResponseBase:
    response["ETag"] = tag
    response["Accept-Ranges"] = "bytes"
    response["Cache-Control"] = kept
    return response
