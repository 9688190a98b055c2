"""The steps before the first pair: their order, their record, and what a new version asks again."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from annotation_site.accounts.models import Rater
from annotation_site.corpus.selectors import clips_for_pairs, paintings_for_pairs
from annotation_site.leases.models import SlotState
from annotation_site.protocols.models import ExampleKind, ProtocolVersion, Step, StepTaken
from annotation_site.protocols.selectors import standing_of
from annotation_site.protocols.services import background_give, draft_make, step_due, step_take, version_publish
from annotation_site.scoring.models import Rating, Slot
from annotation_site.scoring.services import rating_submit
from tests import factories
from tests.conftest import NOON
from tests.protocols.conftest import add_example
from tests.scoring.conftest import HEARD, lease

LATER = NOON + timedelta(days=1)


def take(rater: Rater, *steps: Step) -> list[bool]:
    return [step_take(rater=rater, step=step, now=NOON) for step in steps]


def test_a_new_site_has_a_protocol_of_its_own(newcomer: Rater) -> None:
    standing = standing_of(rater=newcomer)
    assert standing.version.number == 1
    assert standing.version.is_published
    assert standing.steps == (Step.CONSENT, Step.BACKGROUND, Step.BRIEFING)


def test_steps_come_in_their_order_and_the_last_one_admits(newcomer: Rater, practised: ProtocolVersion) -> None:
    assert take(newcomer, Step.BRIEFING, Step.PRACTICE) == [False, False]
    for step in (Step.CONSENT, Step.BACKGROUND, Step.BRIEFING, Step.EXAMPLES):
        assert step_due(rater=newcomer, now=NOON) == step
        assert take(newcomer, step) == [True]
        newcomer.refresh_from_db()
        assert newcomer.admitted_at is None
    assert take(newcomer, Step.PRACTICE, Step.PRACTICE) == [True, False]
    newcomer.refresh_from_db()
    assert (newcomer.admitted_at, newcomer.protocol) == (NOON, practised)
    assert step_due(rater=newcomer, now=NOON) == ""
    taken = StepTaken.objects.filter(rater=newcomer, version=practised).order_by("pk").values_list("step", flat=True)
    assert list(taken) == list(Step)


def test_what_a_version_does_not_have_is_not_asked_for(newcomer: Rater) -> None:
    draft = draft_make(now=NOON)
    draft.asks_background = False
    draft.save()
    version_publish(version=draft, by=None, now=NOON)
    assert take(newcomer, Step.CONSENT, Step.BRIEFING) == [True, True]
    newcomer.refresh_from_db()
    assert newcomer.admitted_at == NOON


def test_ratings_carry_the_version_that_their_rater_read(practised: ProtocolVersion, vera: Rater) -> None:
    campaign = factories.make_campaign()
    factories.make_pair(campaign=campaign)
    Rater.objects.filter(pk=vera.pk).update(protocol=practised)
    slot = lease(vera, campaign)
    assert slot.token is not None
    rating_submit(rater=vera, token=slot.token, key=uuid4(), value=0.5, now=HEARD)
    assert Rating.objects.get().protocol == "2"


def test_a_version_that_asks_for_nothing_again_lets_everybody_go_on(vera: Rater) -> None:
    version_publish(version=draft_make(now=NOON), by=None, now=LATER)
    vera.refresh_from_db()
    assert step_due(rater=vera, now=LATER) == ""


@pytest.mark.parametrize(
    ("flags", "asked"),
    [
        (["again_consent"], [Step.CONSENT]),
        (["again_briefing"], [Step.BRIEFING, Step.EXAMPLES]),
        (["again_practice"], [Step.PRACTICE]),
        (["again_consent", "again_practice"], [Step.CONSENT, Step.PRACTICE]),
    ],
)
def test_a_new_version_asks_again_for_what_it_says(
    newcomer: Rater, practised: ProtocolVersion, flags: list[str], asked: list[Step]
) -> None:
    take(newcomer, *Step)
    draft = draft_make(now=NOON)
    for flag in flags:
        setattr(draft, flag, True)
    draft.save()
    version_publish(version=draft, by=None, now=LATER)
    newcomer.refresh_from_db()
    assert newcomer.admitted_at is None
    done = []
    while due := step_due(rater=newcomer, now=LATER):
        step_take(rater=newcomer, step=Step(due), now=LATER)
        newcomer.refresh_from_db()
        done.append(Step(due))
    assert done == asked
    assert newcomer.protocol_id == (3 if Step.BRIEFING in asked else 2), "the version whose briefing they read"
    assert newcomer.admitted_at == LATER


def test_work_that_was_begun_is_kept_while_the_new_briefing_is_read(vera: Rater) -> None:
    campaign = factories.make_campaign()
    factories.make_pair(campaign=campaign)
    lease(vera, campaign)
    draft = draft_make(now=NOON)
    draft.again_briefing = True
    draft.save()
    version_publish(version=draft, by=None, now=NOON)
    assert Slot.objects.get(state=SlotState.LEASED).rater == vera


def test_simulated_raters_are_never_asked(db: None) -> None:
    robot = factories.make_rater(is_simulated=True)
    draft = draft_make(now=NOON)
    draft.again_consent = True
    draft.save()
    version_publish(version=draft, by=None, now=NOON)
    robot.refresh_from_db()
    assert robot.admitted_at is not None


def test_who_lacked_only_what_a_version_dropped_is_admitted_at_the_next_visit(
    newcomer: Rater, practised: ProtocolVersion
) -> None:
    take(newcomer, Step.CONSENT, Step.BACKGROUND, Step.BRIEFING, Step.EXAMPLES)
    draft = draft_make(now=NOON)
    draft.examples.filter(kind=ExampleKind.PRACTICE).delete()
    version_publish(version=draft, by=None, now=LATER)
    newcomer.refresh_from_db()
    assert step_due(rater=newcomer, now=LATER) == ""
    newcomer.refresh_from_db()
    assert newcomer.admitted_at == LATER


def test_a_background_can_be_mended_later_without_being_a_step_again(newcomer: Rater) -> None:
    take(newcomer, Step.CONSENT)
    background_give(rater=newcomer, now=NOON, role="artist", discipline="painting", training_years=3)
    background_give(rater=newcomer, now=LATER, role="artist", discipline="painting", training_years=4)
    newcomer.refresh_from_db()
    assert (newcomer.training_years, newcomer.background_at) == (4, NOON)
    assert StepTaken.objects.filter(step=Step.BACKGROUND).count() == 1


def test_examples_come_into_no_new_pair(practised: ProtocolVersion) -> None:
    free_painting, free_clip = factories.make_painting(), factories.make_clip()
    assert list(paintings_for_pairs()) == [free_painting]
    assert list(clips_for_pairs()) == [free_clip]
    add_example(draft_make(now=NOON), ExampleKind.WORKED, 0.5)
    assert list(paintings_for_pairs()) == [free_painting], "an item twice in examples is one item"
