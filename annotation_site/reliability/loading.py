"""A campaign's counted ratings as arrays, with the groups that they fall into."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db.models import FloatField, Func, Q

from annotation_site.accounts.models import Rater, Role
from annotation_site.corpus.models import Clip, Painting, Track
from annotation_site.scoring.models import Campaign, Pair, Rating, RatingState
from mpd_builder.statistics.groupings import Grouping, grouping
from mpd_builder.statistics.ratings import RatingTable, rating_table

CHUNK = 20_000
ROW = np.dtype(
    [("pair", np.int64), ("rater", np.int64), ("value", np.float64), ("time", np.float64), ("active_ms", np.float64)]
)
SHOWN = np.dtype([("pair", np.int64), ("painting", np.int64), ("clip", np.int64)])
NOTHING = ("", "")
NOT_TOLD = "not told"

Codes = npt.NDArray[np.int64]
Labelled = dict[int, tuple[str, str]]


class Seconds(Func):
    """A moment as seconds since 1970, by the database: a datetime object for each of many ratings costs more."""

    output_field = FloatField()

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return self.as_sql(compiler, connection, template="((julianday(%(expressions)s) - 2440587.5) * 86400.0)")

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return self.as_sql(compiler, connection, template="EXTRACT(EPOCH FROM %(expressions)s)::float8")


@dataclass(frozen=True, slots=True)
class Person:
    """Whose ratings they are, as far as an admin's page says it."""

    pk: int
    code: str
    role: str
    state: str
    is_simulated: bool


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """Ratings (units are pairs' ids, raters are raters' ids), their groups and clusters (N,), and who gave them."""

    table: RatingTable
    groupings: tuple[Grouping, ...]
    clusters: dict[str, Codes]
    people: dict[int, Person]


def table_load(*, campaign: Campaign, only: Q | None = None) -> RatingTable:
    """The campaign's counted ratings, all or `only` some of them; the units are pairs' ids."""
    rows = Rating.objects.filter(only or Q(), pair__campaign=campaign, state=RatingState.COUNTED).order_by()
    columns = rows.values_list("pair_id", "rater_id", "value", Seconds("created_at"), "active_ms")
    found = np.fromiter(columns.iterator(chunk_size=CHUNK), dtype=ROW)
    return rating_table(
        found["pair"], found["rater"], found["value"], times=found["time"], active_ms=found["active_ms"]
    )


def ratings_load(*, campaign: Campaign) -> Loaded:
    """Everything that the report is made of."""
    table = table_load(campaign=campaign)
    people = people_load(ids=table.raters_R.tolist())
    painting_U, clip_U = _shown(campaign, table)
    paintings, tracks, track_of = _corpus()
    track_U = np.array([track_of.get(clip, 0) for clip in clip_U.tolist()], dtype=np.int64)
    roles = [people[pk].role for pk in table.raters_R.tolist()]
    groups = (
        *_by_item("of the painting", ("style", "source"), paintings, painting_U[table.unit_N]),
        *_by_item("of the music", ("genre", "source"), tracks, track_U[table.unit_N]),
        _expanded("rater group", roles, table.rater_N),
    )
    return Loaded(
        table=table,
        groupings=tuple(group for group in groups if group.labels),
        clusters={"paintings": painting_U[table.unit_N], "tracks": track_U[table.unit_N]},
        people=people,
    )


def people_load(*, ids: list[int]) -> dict[int, Person]:
    """Who these raters are, by id."""
    return {
        rater.pk: Person(
            pk=rater.pk,
            code=rater.code,
            role=_role(rater),
            state=rater.get_state_display(),
            is_simulated=rater.is_simulated,
        )
        for rater in Rater.objects.filter(pk__in=ids)
    }


def _role(rater: Rater) -> str:
    if rater.is_simulated:
        return "simulated"
    return ROLES.get(rater.role, NOT_TOLD)


ROLES: dict[str, str] = {
    Role.ART_TEACHER: "art teachers",
    Role.MUSIC_TEACHER: "music teachers",
    Role.GRADUATE: "graduate students",
    Role.ARTIST: "painters, musicians, designers",
    Role.OTHER: "others",
}
"""As a group is called; the roles' own labels are what a rater says of themselves."""


# Shapes: U units (pairs), N ratings, I items (paintings or tracks).
def _shown(campaign: Campaign, table: RatingTable) -> tuple[Codes, Codes]:
    """The painting and the clip of each unit, (U,): their ids. 0 for a pair that got its first rating just now."""
    rows = Pair.objects.filter(campaign=campaign, rating_count__gt=0).order_by()
    pairs = np.fromiter(rows.values_list("pk", "painting_id", "clip_id").iterator(chunk_size=CHUNK), dtype=SHOWN)
    pairs.sort(order="pair")
    place_U = np.searchsorted(pairs["pair"], table.units_U)
    is_there_U = np.isin(table.units_U, pairs["pair"])
    found = (np.zeros(table.n_units, dtype=np.int64), np.zeros(table.n_units, dtype=np.int64))
    for ids_U, column in zip(found, ("painting", "clip"), strict=True):
        ids_U[is_there_U] = pairs[column][place_U[is_there_U]]
    return found


def _corpus() -> tuple[Labelled, Labelled, dict[int, int]]:
    """Style and collection of each painting, genre and collection of each track, and the track of each clip."""
    paintings = {pk: (style, place) for pk, style, place in Painting.objects.values_list("pk", "style", "collection")}
    tracks = {pk: (genre, place) for pk, genre, place in Track.objects.values_list("pk", "genre", "collection")}
    return paintings, tracks, dict(Clip.objects.values_list("pk", "track_id"))


def _by_item(of: str, names: tuple[str, ...], labels_of: Labelled, item_N: Codes) -> list[Grouping]:
    """A grouping of ratings for each of the items' labels."""
    items, code_N = np.unique(item_N, return_inverse=True)
    labels = [labels_of.get(item, NOTHING) for item in items.tolist()]
    return [
        _expanded(f"{name} {of}", [both[index] for both in labels], code_N.astype(np.int64))
        for index, name in enumerate(names)
    ]


def _expanded(name: str, labels: list[str], code_N: Codes) -> Grouping:
    """A grouping of ratings by the label of what each rating's code stands for; no label is no group."""
    by_code = grouping(name, np.array(labels, dtype=np.str_))
    return Grouping(name, by_code.code_N[code_N], by_code.labels)
