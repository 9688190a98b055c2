"""Examples as pages show them: media and their shape, no titles; of practice pairs no score either."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from annotation_site.corpus.models import Clip, Painting
from annotation_site.leases.gate import clip_seconds
from annotation_site.protocols.models import Example, PracticeAnswer
from annotation_site.protocols.practice import distance_words


def _painting(painting: Painting) -> dict[str, Any]:
    return {"display": painting.display.url, "width": painting.width, "height": painting.height}


def _clip(clip: Clip) -> dict[str, Any]:
    return {"audio": clip.audio.url, "duration_s": round(clip_seconds(clip), 3), "gain_db": 0.0, "peaks": clip.peaks}


def practice_shown(example: Example) -> dict[str, Any]:
    """A practice pair before its mark: nothing here tells where the reference lies."""
    return {"token": str(example.pk), "painting": _painting(example.painting), "clip": _clip(example.clip)}


def example_shown(example: Example) -> dict[str, Any]:
    """A worked example with its score: `percent` of the line for drawing, `words` for who does not see it."""
    return {
        **practice_shown(example),
        "percent": percent(example.reference),
        "words": f"The reference score is {place_words(example.reference)}",
        "explanation": example.explanation,
    }


@dataclass(frozen=True, slots=True)
class AnswerShown:
    """A mark of a finished round beside its reference."""

    painting: Painting
    mark: str
    reference: str
    told: str
    words: str
    explanation: str


def answer_shown(answer: PracticeAnswer) -> AnswerShown:
    pair = answer.example
    places = f"Your mark is {place_words(answer.value)}, the reference is {place_words(pair.reference)}"
    return AnswerShown(
        painting=pair.painting,
        mark=percent(answer.value),
        reference=percent(pair.reference),
        told=distance_words(value=answer.value, reference=pair.reference),
        words=places,
        explanation=pair.explanation,
    )


def percent(value: float) -> str:
    """A place on the line as style sheets and drawings write it."""
    return f"{100 * value:.1f}"


def place_words(value: float) -> str:
    return f"at {100 * value:.0f} of 100, where 0 does not fit at all and 100 fits completely"
