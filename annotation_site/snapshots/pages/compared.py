"""A comparison's numbers as its page shows them: sentences, rows, and the pairs that moved with picture and sound."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.safestring import SafeString

from annotation_site.corpus.models import Clip, Painting
from annotation_site.corpus.playing import clip_player

Found = Mapping[str, Any]
"""`mpd_builder.comparison.Comparison.as_dict`, or a part of it."""

IDS_LISTED = 200


@dataclass(frozen=True, slots=True)
class Headline:
    """A figure at the top: what it is, the number, what it rests on."""

    label: str
    value: str
    detail: str


@dataclass(frozen=True, slots=True)
class MoverShown:
    """A pair whose score moved. Addresses are empty for what is not in the corpus any more.

    The bar runs from one score to the other, on a line of 100 from 0 to 1.
    """

    of: Found
    painting: str
    music: str
    painting_url: str
    thumbnail: str
    player: SafeString | str
    bar_start: str
    bar_length: str


@dataclass(frozen=True, slots=True)
class IdList:
    """Ids of one kind of change; of them, `n_more` are not shown."""

    title: str
    words: str
    ids: tuple[str, ...]
    n_more: int

    @property
    def n(self) -> int:
        return len(self.ids) + self.n_more


def headlines(found: Found) -> list[Headline]:
    pairs, scores, bands, ratings = found["pairs"], found["scores"], found["bands"], found["ratings"]["counts"]
    largest = scores["largest"]
    return [
        Headline("Pairs added", f"{pairs['added']:,}", f"{pairs['after']:,} now"),
        Headline("Pairs removed", f"{pairs['removed']:,}", f"{pairs['before']:,} before"),
        Headline("Scores changed", f"{scores['n_changed']:,}", f"of {scores['n_kept']:,} pairs in both"),
        Headline("Largest change", _number(largest), f"on average {_number(scores['mean_absolute'])}"),
        Headline(
            "Over the band's edge",
            f"{bands['came_in'] + bands['went_out'] + bands['went_across']:,}",
            f"{bands['came_in']:,} in, {bands['went_out']:,} out, {bands['went_across']:,} across",
        ),
        Headline("Ratings added", f"{ratings['added']:,}", f"{ratings['removed']:,} removed"),
    ]


def count_rows(found: Found) -> list[tuple[str, Found]]:
    """(what, counts) of everything that is counted on both sides."""
    rows = [
        ("Pairs", found["pairs"]),
        ("Ratings", found["ratings"]["counts"]),
        ("Raters", found["raters"]["counts"]),
        ("Paintings", found["paintings"]["counts"]),
        ("Tracks", found["tracks"]["counts"]),
        ("Clips", found["clips"]),
        ("Preferences", found["preferences"]["counts"]),
    ]
    return [(name, counts) for name, counts in rows if counts]


def agreement_rows(agreement: Found) -> list[tuple[str, str, str]]:
    """(what, before, after)."""
    alphas = agreement["alpha_before"], agreement["alpha_after"]
    spreads = agreement["dispersion_before"], agreement["dispersion_after"]

    def both(name: str, told: Callable[[Any], str], two: tuple[Any, Any]) -> tuple[str, str, str]:
        return name, told(two[0]), told(two[1])

    return [
        both("Krippendorff's alpha", _alpha, alphas),
        both("Mean dispersion", lambda spread: _number(spread["mean"]), spreads),
        both("Dispersion below 0.09", lambda spread: _percent(spread["share_below_09"]), spreads),
        both("Dispersion below 0.11", lambda spread: _percent(spread["share_below_11"]), spreads),
    ]


def movers_shown(movers: Sequence[Found]) -> list[MoverShown]:
    """With the painting's thumbnail and the clip to be played, where the corpus still has them."""
    paintings = Painting.objects.in_bulk({each["painting_id"] for each in movers}, field_name="key")
    clips = Clip.objects.select_related("track").in_bulk({each["clip_id"] for each in movers}, field_name="key")
    return [_mover(each, paintings.get(each["painting_id"]), clips.get(each["clip_id"])) for each in movers]


def _mover(of: Found, painting: Painting | None, clip: Clip | None) -> MoverShown:
    has_picture = painting is not None and painting.media_removed_at is None
    has_sound = clip is not None and clip.track.media_removed_at is None
    music = of["music"] or of["clip_id"]
    return MoverShown(
        of=of,
        painting=of["painting"] or of["painting_id"],
        music=music,
        painting_url=reverse("admin:corpus_painting_change", args=[painting.pk]) if painting else "",
        thumbnail=painting.thumbnail.url if painting and has_picture else "",
        player=clip_player(clip, label=music) if clip and has_sound else "",
        bar_start=f"{100 * min(of['before'], of['after']):.2f}",
        bar_length=f"{100 * abs(of['change']):.2f}",
    )


def id_lists(found: Found) -> list[IdList]:
    """Whatever came, went or changed and has a name; empty lists are left out."""
    paintings, tracks, preferences = found["paintings"], found["tracks"], found["preferences"]
    held_out, towards_train = (
        [f"{each['title'] or each['id']}: {each['before']} to {each['after']}" for each in found["splits"][name]]
        for name in ("held_out", "towards_train")
    )
    gone = "Withdrawn, or their pairs no longer count."
    lists = [
        ("Raters who came", "", found["raters"]["added"]),
        ("Raters who went", "They withdrew, or no pair with a rating of theirs counts.", found["raters"]["removed"]),
        ("Paintings that came", "", paintings["added"]),
        ("Paintings that went", gone, paintings["removed"]),
        ("Paintings that may be published no more", "", paintings["restricted"]),
        ("Paintings described anew", "Title, artist, licence and the like differ.", paintings["changed"]),
        ("Tracks that came", "", tracks["added"]),
        ("Tracks that went", gone, tracks["removed"]),
        ("Tracks that may be published no more", "", tracks["restricted"]),
        ("Tracks described anew", "Title, artist, licence and the like differ.", tracks["changed"]),
        ("Preferences that turned round", "The other candidate wins now.", preferences["flipped"]),
        ("Items held out that were not", "", held_out),
        (
            "Items in training that were held out",
            "With the same salt and shares this should not be."
            if found["splits"]["comparable"]
            else "The salt or the shares differ, so every item was dealt anew.",
            towards_train,
        ),
    ]
    return [
        IdList(title, words, tuple(ids[:IDS_LISTED]), max(0, len(ids) - IDS_LISTED))
        for title, words, ids in lists
        if ids
    ]


def difference_rows(differences: Sequence[Found]) -> list[tuple[str, str, str]]:
    """(name, before, after) of what differs."""
    return [(_named(each["name"]), _told(each["before"]), _told(each["after"])) for each in differences]


def _named(name: str) -> str:
    """A dotted name of the manifest as words; what it has no value for is `not stated`."""
    parts = [part.replace("_", " ") or "not stated" for part in name.split(".")]
    told = ", ".join(parts)
    return told[:1].upper() + told[1:]


def _told(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list):
        return ", ".join(_told(each) for each in value) or "none"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"


def _alpha(alpha: Found) -> str:
    if alpha["value"] is None:
        return "undefined"
    if alpha["low"] is None:
        return _number(alpha["value"])
    return f"{alpha['value']:.3f} ({alpha['low']:.3f} to {alpha['high']:.3f})"
