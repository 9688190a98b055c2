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
    tag = f'"{name.rsplit("/", 1)[1].split(".")[0]}"'
    if request.headers.get("If-None-Match") == tag:
        return _for_ever(HttpResponseNotModified(), tag)
    try:
        file = default_storage.open(name, "rb")
        size = file.size
    except FileNotFoundError:
        raise Http404 from None
    try:
        asked = asked_range(request.headers, size=size, etag=tag)
    except Unsatisfiable:
        file.close()
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    start, stop = asked or (0, size)
    content_type = TYPES.get(name.rsplit(".", 1)[1], "application/octet-stream")
    response = StreamingHttpResponse(_Part(file, start, stop), content_type=content_type, status=206 if asked else 200)
    response["Content-Length"] = str(stop - start)
    if asked:
        response["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    if request.method == "HEAD":
        file.close()
    return _for_ever(response, tag)


class _Part:
    """The bytes [start, stop) of an open file in blocks; closes it when the response ends, begun or not."""

    def __init__(self, file: IO[bytes], start: int, stop: int) -> None:
        self.file = file
        self.left = stop - start
        file.seek(start)

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


def _for_ever(response: HttpResponseBase, tag: str) -> HttpResponseBase:
    response["ETag"] = tag
    response["Accept-Ranges"] = "bytes"
    response["Cache-Control"] = "private, max-age=31536000, immutable"
    return response
