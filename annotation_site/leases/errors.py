"""What can be wrong with a rater's request. `code` is for programs, the text for the person."""

from __future__ import annotations

import math
from typing import ClassVar

from annotation_site.accounts.models import RaterState


class JudgingError(Exception):
    """A request that cannot be granted, in words that tell the rater why and what to do."""

    code: ClassVar[str] = "refused"
    words: ClassVar[str] = "This cannot be done."

    def __init__(self, words: str = "") -> None:
        super().__init__(words or self.words)


class RaterNotActive(JudgingError):
    _WORDS: ClassVar[dict[RaterState, str]] = {
        RaterState.PAUSED: "Your work is paused. Go on from your home page, or ask an admin, to rate again.",
        RaterState.EXCLUDED: "You no longer take part in this study. If you think this is a mistake, ask an admin.",
        RaterState.WITHDRAWN: "You have withdrawn from this study, so your answers are not taken any more.",
    }

    def __init__(self, state: RaterState) -> None:
        super().__init__(self._WORDS.get(state, self.words))
        self.state = state

    @property
    def code(self) -> str:  # type: ignore[override]
        return f"rater_{self.state.value}"


class LeaseUnknown(JudgingError):
    code = "lease_unknown"
    words = "This task is not one of yours. Load the page again to get your own."


class LeaseLost(JudgingError):
    code = "lease_lost"
    words = "You were away for a while and someone else has this task now. Load the page again to get another."


class AlreadyJudged(JudgingError):
    code = "already_judged"
    words = "You have answered this already."


class KeyReused(JudgingError):
    code = "key_reused"
    words = "This key belongs to another answer of yours. Make a new key for each answer."


class TooSoon(JudgingError):
    """The music cannot have been heard yet. `wait_s`: seconds until the same answer would be taken."""

    code = "too_soon"

    def __init__(self, wait_s: float) -> None:
        seconds = max(1, math.ceil(wait_s))
        super().__init__(f"The music has not been played to its end yet: wait {seconds} s and send your answer again.")
        self.wait_s = wait_s


class WrongGain(JudgingError):
    code = "wrong_gain"
    words = (
        "The music was not played as loud as this campaign asks for: it was changed after your page was loaded. Load "
        "the page again, listen once more and answer."
    )


class GainNotTold(JudgingError):
    code = "gain_not_told"
    words = (
        "This campaign plays all music equally loud, which the page does with JavaScript. Turn JavaScript on, load the "
        "page again and answer there."
    )


class CannotCorrect(JudgingError):
    code = "cannot_correct"
    words = "Only your own latest answers can be corrected."
