"""Reads about protocols: what is in force, which steps a rater has before them, how practice goes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from random import Random

from django.db.models import Count, Q, QuerySet

from annotation_site.accounts.models import Rater
from annotation_site.protocols.first import NUMBER, first_fields
from annotation_site.protocols.models import (
    Example,
    ExampleKind,
    PracticeAnswer,
    PracticeRound,
    ProtocolVersion,
    Step,
    StepTaken,
    VersionState,
)

AGAIN = {
    Step.CONSENT: "again_consent",
    Step.BRIEFING: "again_briefing",
    Step.EXAMPLES: "again_briefing",
    Step.PRACTICE: "again_practice",
}
"""By which word of a version raters of earlier ones have to take a step again. A background is asked for once."""


def version_in_force() -> ProtocolVersion:
    """The newest published version. Where there is none yet, the one that the site comes with."""
    newest = ProtocolVersion.objects.filter(state=VersionState.PUBLISHED).order_by("-number").first()
    return newest or ProtocolVersion.objects.get_or_create(number=NUMBER, defaults=first_fields())[0]


def draft_open() -> ProtocolVersion | None:
    return ProtocolVersion.objects.filter(state=VersionState.DRAFT).first()


def examples_of(version: ProtocolVersion, kind: ExampleKind) -> QuerySet[Example]:
    """In the order of showing, with all that a page shows of them."""
    found = Example.objects.filter(version=version, kind=kind).select_related("painting", "clip__track")
    return found.order_by("position", "pk")


def steps_of(version: ProtocolVersion) -> tuple[Step, ...]:
    """The steps of a version, in order."""
    kinds = set(Example.objects.filter(version=version).values_list("kind", flat=True))
    has = {
        Step.CONSENT: True,
        Step.BACKGROUND: version.asks_background,
        Step.BRIEFING: True,
        Step.EXAMPLES: ExampleKind.WORKED in kinds,
        Step.PRACTICE: ExampleKind.PRACTICE in kinds,
    }
    return tuple(step for step in Step if has[step])


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a rater stands with the version in force. `due` is None once all is done.

    `is_refused`: practice is due, but its attempts are used up, and only an admin can let them go on.
    """

    version: ProtocolVersion
    steps: tuple[Step, ...]
    done: frozenset[Step]
    is_refused: bool = False

    @property
    def due(self) -> Step | None:
        return next((step for step in self.steps if step not in self.done), None)

    def place(self, step: Step) -> str:
        """Which of the steps this is, in words; nothing for who is done and reads it again."""
        if self.due is None or step not in self.steps:
            return ""
        return f"Step {self.steps.index(step) + 1} of {len(self.steps)}"


def standing_of(*, rater: Rater) -> Standing:
    """Whoever is admitted has done all there is: a version that asks for more takes their admission away."""
    version = version_in_force()
    steps = steps_of(version)
    if rater.admitted_at is not None:
        return Standing(version, steps, frozenset(steps))
    asked_since = _asked_since()
    taken = StepTaken.objects.filter(rater=rater).values_list("step", "version")
    done = frozenset(Step(step) for step, number in taken if number >= asked_since.get(Step(step), 0))
    is_due = Step.PRACTICE in steps and Step.PRACTICE not in done
    return Standing(version, steps, done, is_due and attempts_left(rater=rater, version=version) == 0)


def _asked_since() -> dict[Step, int]:
    """The newest version that asks for each step anew."""
    flags = ("number", *dict.fromkeys(AGAIN.values()))
    published = ProtocolVersion.objects.filter(state=VersionState.PUBLISHED).order_by("number").values(*flags)
    return {step: row["number"] for row in published for step, flag in AGAIN.items() if row[flag]}


def attempts_left(*, rater: Rater, version: ProtocolVersion) -> int | None:
    """How many more practice rounds the rater may try; None where there is no limit."""
    if not version.practice_attempts or version.qualifies_within is None:
        return None
    rounds = PracticeRound.objects.filter(rater=rater, version=version, has_passed=False, is_forgiven=False)
    return max(0, version.practice_attempts - rounds.count())


def round_newest(*, rater: Rater, version: ProtocolVersion) -> PracticeRound | None:
    return PracticeRound.objects.filter(rater=rater, version=version).order_by("-number").first()


def practice_left(practice: PracticeRound, *, seed: int) -> list[Example]:
    """The pairs of a round that wait for a mark, in an order that is the rater's and the round's own."""
    pairs = list(examples_of(practice.version, ExampleKind.PRACTICE))
    Random(f"{seed} {practice.number}").shuffle(pairs)  # noqa: S311 - no secret
    answered = set(PracticeAnswer.objects.filter(round=practice).values_list("example", flat=True))
    return [pair for pair in pairs if pair.pk not in answered]


def answers_of(practice: PracticeRound) -> QuerySet[PracticeAnswer]:
    return practice.answers.select_related("example__painting", "example__clip__track").order_by("pk")


def versions_with_raters() -> QuerySet[ProtocolVersion]:
    """With `n_briefed`: how many people read its briefing."""
    briefed = Count("steps", filter=Q(steps__step=Step.BRIEFING, steps__rater__is_simulated=False))
    return ProtocolVersion.objects.annotate(n_briefed=briefed)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a draft. `is_fatal`: it cannot be published like this."""

    words: str
    is_fatal: bool = True


def problems_of(version: ProtocolVersion) -> list[Problem]:
    """What keeps a draft from being published, and what an admin should know before they do."""
    found = [
        Problem(f"There is no text for the {name}.")
        for name in ("consent", "briefing")
        if not getattr(version, name).strip()
    ]
    examples = list(version.examples.select_related("painting", "clip__track"))
    practice = [example for example in examples if example.kind == ExampleKind.PRACTICE]
    if version.qualifies_within is not None and not practice:
        found.append(Problem("Raters should qualify, but there are no practice pairs to qualify by."))
    if practice and max(pair.reference for pair in practice) - min(pair.reference for pair in practice) < LEAST_SPAN:
        found.append(
            Problem(
                "The practice pairs do not span the scale: have one that fits badly and one that fits well.",
                is_fatal=False,
            )
        )
    return found + list(_problems_of_items(examples))


LEAST_SPAN = 0.4
"""Practice should show poor, middle and good (ITU-R BS.1534: training spans the range)."""


def _problems_of_items(examples: Iterable[Example]) -> Iterable[Problem]:
    for example in examples:
        pairs = example.painting.pairs.filter(clip=example.clip).count()
        if pairs:
            yield Problem(f"“{example}” is a pair of a campaign: raters would score what they were told. Take another.")
        elif example.painting.withdrawn_at or example.clip.track.withdrawn_at:
            yield Problem(f"“{example}” was withdrawn from the corpus. Take another.")
        elif example.clip.is_silent:
            yield Problem(f"“{example}” has a silent clip. Take another.")
        else:
            for item, kind in ((example.painting, "painting"), (example.clip, "clip")):
                if n := item.pairs.count():
                    words = (
                        f"The {kind} of “{example}” is in {n:,} pairs already; it comes into no new ones from now on."
                    )
                    yield Problem(words, is_fatal=False)
