"""Sending a snapshot as a zip: whole, or the part that a resumed download asks for (RFC 9110, section 14)."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from annotation_site.ranges import Unsatisfiable, asked_range
from annotation_site.snapshots.models import Snapshot
from annotation_site.snapshots.services import Form, archive_prepare


def download(request: HttpRequest, snapshot: Snapshot, form: Form) -> HttpResponseBase:
    """The snapshot's zip. One range is honoured; several at once, or another snapshot's, get the whole file.

    Raises `NoPublicForm`.
    """
    prepared = archive_prepare(snapshot=snapshot, form=form)
    archive, etag = prepared.archive, f'"{prepared.digest}"'
    try:
        span = asked_range(request.headers, size=archive.size, etag=etag)
    except Unsatisfiable:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{archive.size}"})
    start, stop = span or (0, archive.size)
    response = StreamingHttpResponse(
        archive.read(start, stop), status=206 if span else 200, content_type="application/zip"
    )
    response["Content-Length"] = stop - start
    response["Content-Disposition"] = f'attachment; filename="{prepared.name}.zip"'
    response["Accept-Ranges"] = "bytes"
    response["ETag"] = etag
    if span:
        response["Content-Range"] = f"bytes {start}-{stop - 1}/{archive.size}"
    return response
