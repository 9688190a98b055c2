"""Everything that is kept about one rater, for them to take away: a zip of JSON and CSV, built in bounded memory.

It keeps the rater blind. What they judged stands under codes that only say which rows are about the same answer; a
hidden repeat is an answer like any other, under a code of its own; nothing tells one clip or painting from another.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from tempfile import TemporaryFile
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from django.template.loader import render_to_string
from django.utils.crypto import salted_hmac

from annotation_site.accounts.models import Rater
from annotation_site.leases.skips import reason_words
from annotation_site.preferences.models import Vote, VoteBar
from annotation_site.protocols.models import PracticeAnswer
from annotation_site.scoring.models import Rating, RatingState, SlotBar
from annotation_site.spreadsheets import csv_lines

CHUNK = 1_000
RATINGS = (
    *("id", "campaign", "pair", "value", "state", "corrects", "given_at"),
    *("played_ms", "active_ms", "input_method", "protocol", "evidence"),
)
VOTES = (
    *("id", "campaign", "task", "direction", "choice", "state", "corrects", "given_at"),
    *("active_ms", "protocol", "evidence"),
)
SKIPS = ("campaign", "kind", "reason", "note", "given_at")
OF_THE_CLIP = ("gain_db", "duration_s")
"""What the evidence says of a clip and not of its listener: to the hundredth, so that it tells one from another."""


def own_data(*, rater: Rater, now: datetime) -> IO[bytes]:
    """The zip as an open temporary file, at its beginning; it goes when it is closed. `rater` with its `user`."""
    file = TemporaryFile()  # noqa: SIM115 - whoever sends it closes it
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        for name, parts in _members(rater, now):
            member = ZipInfo(name, date_time=now.utctimetuple()[:6])
            member.compress_type, member.external_attr = ZIP_DEFLATED, 0o644 << 16
            with archive.open(member, "w") as opened:
                for part in parts:
                    opened.write(part.encode())
    file.seek(0)
    return file


def _members(rater: Rater, now: datetime) -> Iterator[tuple[str, Iterable[str]]]:
    yield "README.txt", [render_to_string("accounts/own_data.txt", {"rater": rater, "now": now})]
    yield "account.json", [json.dumps(_account(rater, now), ensure_ascii=False, indent=2) + "\n"]
    yield "ratings.csv", csv_lines(columns=RATINGS, rows=_ratings(rater))
    yield "votes.csv", csv_lines(columns=VOTES, rows=_votes(rater))
    yield "skips.csv", csv_lines(columns=SKIPS, rows=_skips(rater))


def _account(rater: Rater, now: datetime) -> dict[str, Any]:
    user = rater.user
    return {
        "exported_at": _time(now),
        "username": user.username,
        "email": user.email,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "joined_at": _time(user.date_joined),
        "last_login_at": _time(user.last_login),
        "rater": {
            "code": rater.code,
            "role": rater.role,
            "discipline": rater.discipline,
            "training_years": rater.training_years,
            "background": rater.background,
            "state": rater.state,
            "created_at": _time(rater.created_at),
            "consented_at": _time(rater.consented_at),
            "briefed_at": _time(rater.briefed_at),
            "admitted_at": _time(rater.admitted_at),
        },
        "steps": [
            {"step": taken.step, "protocol": taken.version_id, "taken_at": _time(taken.taken_at)}
            for taken in rater.steps.order_by("pk")
        ],
        "practice": [
            {"protocol": number, "round": index, "value": value, "given_at": _time(at)}
            for number, index, value, at in PracticeAnswer.objects.filter(round__rater=rater)
            .order_by("pk")
            .values_list("round__version", "round__number", "value", "created_at")
        ],
    }


def _ratings(rater: Rater) -> Iterator[tuple[Any, ...]]:
    rows = Rating.objects.filter(rater=rater).order_by("created_at", "pk")
    names = ("key", "pair__campaign__slug", "pair", "repeat", "value", "state", "supersedes__key", "created_at")
    told = ("played_ms", "active_ms", "input_method", "protocol")
    for *row, evidence in rows.values_list(*names, *told, "evidence").iterator(chunk_size=CHUNK):
        key, campaign, pair, again, value, state, corrects, given_at, *rest = row
        # Of its own even where the pair is one that has a code already.
        code = _code(rater, "again", again) if again else _code(rater, "pair", pair)
        shown = RatingState.COUNTED if state == RatingState.REPEAT else state
        yield key, campaign, code, value, str(shown), corrects or "", _time(given_at), *rest, _evidence(evidence)


def _votes(rater: Rater) -> Iterator[tuple[Any, ...]]:
    rows = Vote.objects.filter(rater=rater).order_by("created_at", "pk")
    names = ("key", "task__campaign__slug", "task", "task__direction", "choice", "left", "state")
    told = ("supersedes__key", "created_at", "active_ms", "protocol", "evidence")
    for row in rows.values_list(*names, *told).iterator(chunk_size=CHUNK):
        key, campaign, task, direction, choice, left, state, corrects, given_at, active_ms, protocol, evidence = row
        chosen = "left" if choice == left else "right"
        given = (str(state), corrects or "", _time(given_at), active_ms, protocol, _evidence(evidence))
        yield key, campaign, _code(rater, "task", task), direction, chosen, *given


def _skips(rater: Rater) -> Iterator[tuple[Any, ...]]:
    """Without codes: a skipped repeat would share the one of its first rating, or have one to itself."""
    for kind, bars, campaign in (("pair", SlotBar, "pair__campaign__slug"), ("task", VoteBar, "task__campaign__slug")):
        rows = bars._default_manager.filter(rater=rater).order_by("created_at", "pk")
        for slug, reason, note, at in rows.values_list(campaign, "reason", "note", "created_at").iterator(
            chunk_size=CHUNK
        ):
            yield slug, kind, reason_words(reason), note, _time(at)


def _code(rater: Rater, kind: str, number: int) -> str:
    """The same for the same answer in every download, and nothing that another rater's file has too."""
    return salted_hmac(__name__, f"{rater.pk} {kind} {number}", algorithm="sha256").hexdigest()[:16]


def _evidence(evidence: Any) -> str:
    """As the browser sent it, but for what tells clips apart. As one line of JSON."""
    clips = evidence.get("clips") if isinstance(evidence, dict) else None
    if isinstance(clips, dict):
        evidence = {**evidence, "clips": {name: _listening(heard) for name, heard in clips.items()}}
    return json.dumps(evidence, ensure_ascii=False, sort_keys=True)


def _listening(heard: Any) -> Any:
    if not isinstance(heard, Mapping):
        return heard
    return {name: value for name, value in heard.items() if name not in OF_THE_CLIP}


def _time(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
