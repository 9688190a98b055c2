"""The page on which an import is started: what is dropped on it or lies on the server, and what holds for its items."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import HttpRequest, QueryDict
from django.urls import reverse

from annotation_site.accounts.models import User
from annotation_site.corpus.errors import CorpusError
from annotation_site.corpus.forms import PLACES, ImportForm, initial_of
from annotation_site.corpus.models import ImportJob, Upload
from annotation_site.corpus.services import import_start
from annotation_site.corpus.upload_errors import UploadError
from annotation_site.corpus.uploads import (
    PART_BYTES,
    upload_arrived,
    upload_of,
    upload_settle,
    upload_take,
    upload_unfinished,
)

Source = ImportJob.Source

NAMES = {
    Source.UPLOAD: ("This computer", "upload"),
    Source.FOLDER: ("Server folder", "folder"),
    Source.WIKIART: ("WikiArt", "image"),
    Source.AACP: ("AACP", "child_care"),
    Source.DEAM: ("DEAM", "music_note"),
    Source.ZIP: ("Server zip", "folder_zip"),
}
"""Title and symbol of each source, in the page's order."""


def form_of(request: HttpRequest, *, user: User, now: datetime) -> ImportForm:
    """The form as it was sent, or as it begins. Files that came with it are kept first: no mistake in it loses them."""
    if request.method != "POST":
        return ImportForm(initial=_initial(request.GET))
    data = request.POST.copy()
    if unfinished := data.get("use_unfinished"):
        data["kind"], data["upload"], data["whole_only"] = Source.UPLOAD.value, unfinished, "1"
    try:
        if sent := request.FILES.getlist("files"):
            data["upload"] = str(upload_take(user=user, files=sent, now=now).key)
    except UploadError as error:
        form = ImportForm(data)
        form.is_valid()
        form.errors.pop("sent", None)
        form.add_error("sent", str(error))
        return form
    return ImportForm(data)


def _initial(query: QueryDict) -> dict[str, Any]:
    again = query.get("again", "")
    if again.isascii() and again.isdecimal() and (job := ImportJob.objects.filter(pk=int(again[:18])).first()):
        return initial_of(job)
    return {"kind": Source.UPLOAD, **query.dict()}


def start_from(form: ImportForm, *, user: User, now: datetime) -> ImportJob | None:
    """Start what a valid form asks for; None when that is refused, with the reason at the field that it is about."""
    asked, options = form.cleaned_data, form.options()
    try:
        if asked["kind"] == Source.UPLOAD:
            upload = _own_upload(form, user)
            return import_start(source=Source.UPLOAD, upload=upload, options=options, user=user, now=now)
        return import_start(source=asked["kind"], path=Path(asked["path"]), options=options, user=user, now=now)
    except CorpusError as error:
        words = str(error)
        at_place = "lists" if any(str(path) in words for path in options.lists) else "path"
        form.add_error("sent" if asked["kind"] == Source.UPLOAD else at_place, words)
        return None


def _own_upload(form: ImportForm, user: User) -> Upload | None:
    upload = upload_of(user=user, key=form.cleaned_data["upload"])
    if upload is not None and form.cleaned_data["whole_only"]:
        upload_settle(upload=upload)
    return upload


def page_of(form: ImportForm, *, user: User) -> dict[str, Any]:
    """What the page shows beside the form."""
    chosen = form["kind"].value() or (Source.FOLDER if form["path"].value() else Source.UPLOAD)
    given = form["upload"].value()
    held = upload_of(user=user, key=given) if given and "upload" not in form.errors else None
    open_one = held or (upload_unfinished(user=user) if not form.is_bound else None)
    return {
        "form": form,
        "kinds": [
            {
                "value": kind.value,
                "title": title,
                "symbol": symbol,
                "is_chosen": kind == chosen,
                "layout": PLACES.get(kind, ""),
            }
            for kind, (title, symbol) in NAMES.items()
        ],
        "unfinished": {"upload": open_one, "arrived": upload_arrived(open_one)} if open_one else None,
        "shared": [form[name] for name in ("licence", "attribution", "source", "collection")],
        "uploads_url": reverse("api:upload-list"),
        "part_bytes": PART_BYTES // 2,
        "max_file_bytes": settings.UPLOAD_MAX_FILE_BYTES,
        "max_files": settings.UPLOAD_MAX_FILES,
        "roots": settings.IMPORT_ROOTS,
    }
