"""The demo's protocol: worked examples and practice pairs, with the planted truth as their reference."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from random import Random

from annotation_site.corpus.models import Clip, Painting
from annotation_site.corpus.selectors import clips_for_pairs, paintings_for_pairs
from annotation_site.protocols.models import Example, ExampleKind, ProtocolVersion
from annotation_site.protocols.services import draft_make, version_publish
from mpd_builder.synthetic.latents import QUALITIES, Latents
from mpd_builder.synthetic.truth import Truth

WORKED = (0.12, 0.88)
PRACTICE = (0.2, 0.85)
MIDDLE = 0.5
TRIES = 400
"""So many pairs are drawn for each wanted score; the nearest is taken."""
WORDS = {
    "energy": ("still", "moving"),
    "brightness": ("dark", "light"),
    "warmth": ("cool", "warm"),
    "tension": ("smooth", "jagged"),
    "density": ("sparse", "full"),
    "regularity": ("free", "ordered"),
}


def demo_protocol_make(*, truth: Truth, seed: int, now: datetime) -> ProtocolVersion:
    """Publish a version with two worked examples and two practice pairs, each of items of its own."""
    random = Random(f"{seed} protocol")  # noqa: S311 - no secret
    draft = draft_make(now=now)
    paintings = list(paintings_for_pairs().filter(is_synthetic=True).order_by("key"))
    clips = list(clips_for_pairs().filter(track__is_synthetic=True).select_related("track").order_by("key"))
    wanted = [(ExampleKind.WORKED, score) for score in WORKED] + [(ExampleKind.PRACTICE, score) for score in PRACTICE]
    for position, (kind, score) in enumerate(wanted):
        painting, clip = min(_drawn(paintings, clips, random), key=lambda pair: abs(_coherence(truth, *pair) - score))
        Example.objects.create(
            version=draft,
            kind=kind,
            position=position,
            painting=painting,
            clip=clip,
            reference=round(_coherence(truth, painting, clip), 3),
            explanation=explained(
                truth.paintings[painting.sha256], truth.tracks[clip.track.sha256][clip.index], fits=score > MIDDLE
            ),
        )
        paintings = [other for other in paintings if other != painting]
        clips = [other for other in clips if other.track_id != clip.track_id]
    draft.summary = "Worked examples and practice of the synthetic demonstration."
    draft.save()
    return version_publish(version=draft, by=None, now=now)


def _drawn(paintings: Sequence[Painting], clips: Sequence[Clip], random: Random) -> Iterator[tuple[Painting, Clip]]:
    return ((random.choice(paintings), random.choice(clips)) for _ in range(TRIES))


def _coherence(truth: Truth, painting: Painting, clip: Clip) -> float:
    return truth.coherence(painting.sha256, clip.track.sha256, clip.index)


def explained(painting: Latents, clip: Latents, *, fits: bool) -> str:
    """In what the two agree most, or what parts them most, as a sentence."""
    sides = {name: (2 * getattr(painting, name) - 1, 2 * getattr(clip, name) - 1) for name in QUALITIES}
    by_agreement = sorted(QUALITIES, key=lambda name: sides[name][0] * sides[name][1])
    if fits:
        best, second = by_agreement[-1], by_agreement[-2]
        return f"Both are {_word(best, sides[best][1])} and {_word(second, sides[second][1])}."
    worst = by_agreement[0]
    return f"The painting is {_word(worst, sides[worst][0])}, the music {_word(worst, sides[worst][1])}."


def _word(quality: str, side: float) -> str:
    return WORDS[quality][side > 0]
