"""Where items came from, and what later sources add to those that are there: they fill gaps, they overwrite nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Any

from django.db import models, transaction
from django.db.models import Min, Q

from annotation_site.corpus.columns import fitted
from annotation_site.corpus.models import ImportIssue, ImportJob, Painting, PaintingOrigin, Track, TrackOrigin
from mpd_builder.ingest import Candidate, Details
from mpd_builder.ingest.metadata import printable
from mpd_builder.ingest.titles import title_of

AnyItem = Painting | Track
AnyOrigin = PaintingOrigin | TrackOrigin


class Note(StrEnum):
    """What an import says of a file whose bytes are in the corpus already. Codes of `ImportIssue`."""

    DUPLICATE = "duplicate"
    WITHDRAWN = "withdrawn"
    LICENCE = "licence_differs"
    PUBLISH = "may_publish_differs"
    CHANGED = "metadata_changed"


@dataclass(slots=True)
class Known:
    """An item of the corpus, the first place that it was found in, and its origins at the places asked about."""

    item: AnyItem
    first: AnyOrigin | None
    here: dict[str, AnyOrigin]

    def is_first(self, candidate: Candidate, *, place: str) -> bool:
        """Whether the item came from this very file."""
        first = self.first
        return first is not None and (first.place, first.file) == (place, origin_file(candidate.name))


def known_items(*, sha256s: Collection[str], place: str, files: Collection[str]) -> dict[str, Known]:
    """The items with these bytes, by SHA-256, with their origins among `files` of `place`; a few queries in all."""
    wanted = {origin_file(file) for file in files}
    paintings = _known(Painting, PaintingOrigin, "painting_id", sha256s, place, wanted)
    return paintings | _known(Track, TrackOrigin, "track_id", sha256s, place, wanted)


def _known(
    model: type[AnyItem],
    origins: type[AnyOrigin],
    owner: str,
    sha256s: Collection[str],
    place: str,
    files: Collection[str],
) -> dict[str, Known]:
    items: list[AnyItem] = list(model._default_manager.filter(sha256__in=sha256s))
    if not items:
        return {}
    known = {item.pk: Known(item, None, {}) for item in items}
    of_these = origins._default_manager.filter(**{f"{owner}__in": list(known)})
    firsts = of_these.values(owner).annotate(first=Min("pk")).values("first")
    rows: list[AnyOrigin] = list(of_these.filter(Q(place=place, file__in=files) | Q(pk__in=firsts)).order_by("pk"))
    for row in rows:
        of = known[getattr(row, owner)]
        of.first = of.first or row
        if row.place == place:
            of.here[row.file] = row
    return {of.item.sha256: of for of in known.values()}


def origin_first(*, item: AnyItem, candidate: Candidate, place: str, job: ImportJob | None, now: datetime) -> AnyOrigin:
    """Note where a new item came from."""
    origin = _origin(item, candidate, place, job, now)
    origin.save(force_insert=True)
    return origin


def origin_add(
    *, known: Known, candidate: Candidate, place: str, job: ImportJob, now: datetime
) -> list[tuple[Note, str, str]]:
    """Note that an item that is there was found here too, and fill its gaps from what is said of it here.

    Returns what a person should be told that is told each time; what came of a change is written as issues with it.
    Doing it again changes nothing.
    """
    before = known.here.get(origin_file(candidate.name))
    origin = _origin(known.item, candidate, place, job, now)
    if before is None or before.details != origin.details:
        with transaction.atomic():
            _origin_write(origin, before)
            for note, reason, hint in _merge(known.item, candidate, has_changed=bool(before)):
                issue_write(job=job, file=candidate.name, code=note, reason=reason, hint=hint)
        known.here[origin.file] = before or origin
        known.first = known.first or origin
    return list(_told_each_time(known, origin))


def issue_write(
    *,
    job: ImportJob | None,
    file: str,
    code: str,
    reason: str,
    hint: str = "",
    level: ImportIssue.Level = ImportIssue.Level.WARNING,
) -> None:
    if job is not None:
        ImportIssue.objects.create(
            job=job, file=file[-1000:], level=level, code=code, reason=printable(reason), hint=hint
        )


def origin_file(name: str) -> str:
    """The file's name as origins keep it. One that a database's index could not hold is cut in front and hashed."""
    if len(name) <= 400:
        return name
    return f"{hashlib.sha256(name.encode()).hexdigest()[:16]}…{name[-380:]}"


def _origin(item: AnyItem, candidate: Candidate, place: str, job: ImportJob | None, now: datetime) -> AnyOrigin:
    facts: dict[str, Any] = {
        "place": place,
        "file": origin_file(candidate.name),
        "details": details_said(candidate),
        "job": job,
        "created_at": now,
    }
    if isinstance(item, Painting):
        return PaintingOrigin(painting=item, **facts)
    return TrackOrigin(track=item, **facts)


def details_said(candidate: Candidate) -> dict[str, Any]:
    """What the source says of the file, without what it leaves open, for a JSON column."""
    said = {name: value for name, value in asdict(candidate.details).items() if value not in ("", None, {}, False)}
    if candidate.details.may_publish is False:
        said["may_publish"] = False
    if candidate.listed_in:
        said["listed_in"] = candidate.listed_in
    if candidate.states_title:
        said["states_title"] = True
    if len(candidate.name) > 400:
        said["file"] = candidate.name
    return said


def _origin_write(origin: AnyOrigin, before: AnyOrigin | None) -> None:
    if before is None:  # another import of the same folder may have written it meanwhile
        type(origin)._default_manager.bulk_create([origin], ignore_conflicts=True)  # type: ignore[list-item]
        return
    before.details = origin.details
    before.save(update_fields=["details"])


def _merge(item: AnyItem, candidate: Candidate, *, has_changed: bool) -> Iterator[tuple[Note, str, str]]:
    """Fill the item's gaps from the details; yields what they say otherwise. Inside a transaction."""
    details = candidate.details
    model: type[models.Model] = type(item)
    item.refresh_from_db(from_queryset=model._default_manager.select_for_update(of=("self",)))  # type: ignore[arg-type]
    gaps = _gaps(item, candidate)
    if details.may_publish is False and item.may_publish:
        gaps["may_publish"] = False
        words = "Here it says that it may not be published; the corpus had it as publishable until now."
        yield Note.PUBLISH, f"{words} The stricter one holds.", "If it may be published, say so on its page."
    elif details.may_publish and not item.may_publish:
        words = "Here it says that it may be published; in the corpus it may not. The stricter one holds."
        yield Note.PUBLISH, words, "If it may be published, say so on its page."
    if gaps:
        for name, value in gaps.items():
            setattr(item, name, value)
        item.save(update_fields=list(gaps))
    if details.licence and details.licence.casefold() != item.licence.casefold():
        words = f"Here its licence is {details.licence!r}, in the corpus {item.licence!r}, which stays."
        yield Note.LICENCE, words, "See which one holds; it can be changed on its page."
    if has_changed and (other := _said_otherwise(item, details)):
        words = f"Its metadata have changed since it came in ({', '.join(other)}); what the corpus has stays."
        yield Note.CHANGED, words, "Take over on its page what is to change."


_TEXTS = ("artist", "source", "licence", "attribution", "collection", "year", "style", "genre")
_NUMBERS = ("valence", "arousal")


def _gaps(item: AnyItem, candidate: Candidate) -> dict[str, Any]:
    """What the item lacks and the details have, by column."""
    details = candidate.details
    texts = {name: getattr(details, name) for name in _TEXTS if getattr(item, name, None) == ""}
    states_title = candidate.states_title or details.title != title_of(PurePosixPath(candidate.name))
    if details.title and states_title and _is_title_derived(item):
        texts["title"] = details.title
    gaps: dict[str, Any] = fitted(type(item), **{name: text for name, text in texts.items() if text})
    for name in _NUMBERS:
        if getattr(item, name, 0) is None and getattr(details, name) is not None:
            gaps[name] = getattr(details, name)
    if more := {name: text for name, text in details.extras.items() if name not in item.extras}:
        gaps["extras"] = item.extras | more
    return gaps


def _is_title_derived(item: AnyItem) -> bool:
    """Whether the title is only the file's name read as words, and nobody stated it."""
    if item.title and item.title != title_of(PurePosixPath(item.file_name)):
        return False
    origin = item.origins.order_by("pk").first()
    return origin is None or "states_title" not in origin.details


def _said_otherwise(item: AnyItem, details: Details) -> list[str]:
    names = ("title", *(name for name in _TEXTS if name != "licence"))
    return [name for name in names if hasattr(item, name) and getattr(details, name) not in ("", getattr(item, name))]


def _told_each_time(known: Known, origin: AnyOrigin) -> Iterator[tuple[Note, str, str]]:
    first, item = known.first, known.item
    if first is not None and (first.place, first.file) != (origin.place, origin.file):
        if first.place == origin.place:
            yield Note.DUPLICATE, f"It has the same bytes as {first.file}; one of them is enough.", ""
        elif PurePosixPath(first.file).name != PurePosixPath(origin.file).name:
            words = f"It has the same bytes as {first.file}, which came from {first.place}; one of them is enough."
            yield Note.DUPLICATE, words, ""
    if item.withdrawn_at is not None:
        because = f" ({item.withdrawn_because})" if item.withdrawn_because else ""
        words = f"It was withdrawn from the corpus{because} and stays so."
        yield Note.WITHDRAWN, words, "It can be put back on its page."
