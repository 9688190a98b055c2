"""More votes for undecided tasks: a tie gets the place that breaks it, up to a limit, and what is kept stays kept."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from annotation_site.accounts.models import Rater
from annotation_site.leases.models import Queue, SlotState
from annotation_site.leases.services import lease_hold
from annotation_site.preferences.making import tasks_extend
from annotation_site.preferences.models import PreferenceTask, VoteSlot
from annotation_site.preferences.selectors import Extension, extension_of, tasks_progress
from annotation_site.preferences.services import tasks_follow, vote_correct
from annotation_site.scoring.models import Campaign, Pair
from annotation_site.scoring.services import pairs_close, rater_withdraw
from mpd_builder.preferences import extra_places
from tests.conftest import NOON
from tests.factories import make_admin, make_campaign, make_clip, make_rater, make_task
from tests.preferences.conftest import HEARD, scored, vote

State = PreferenceTask.State


@pytest.fixture
def even(db: None) -> Campaign:
    """Four votes a task, six at most."""
    return make_campaign(raters_per_pair=3, votes_per_task=4, most_votes_per_task=6)


def tied(campaign: Campaign, choices: str = "abab") -> PreferenceTask:
    clip = make_clip()
    task = make_task(pair_a=scored(campaign, clip=clip), pair_b=scored(campaign, clip=clip))
    for choice in choices:
        vote(make_rater(), campaign, choice)
    task.refresh_from_db()
    return task


def places(task: PreferenceTask) -> tuple[int, set[int], list[int]]:
    """How many slots, the quotas they tell, and their indices."""
    slots = VoteSlot.objects.filter(task=task).order_by("index")
    return len(slots), set(slots.values_list("quota", flat=True)), list(slots.values_list("index", flat=True))


def test_a_tie_gets_one_place_more_and_is_open_until_it_is_filled(even: Campaign) -> None:
    task = tied(even)
    assert task.state == State.UNDECIDED
    assert tasks_extend(campaign=even, now=HEARD) == 1
    task.refresh_from_db()
    assert (task.state, task.decided_at, places(task)) == (State.OPEN, None, (5, {5}, [0, 1, 2, 3, 4]))
    assert VoteSlot.objects.get(task=task, index=4).queue == Queue.BEGUN
    vote(make_rater(), even, "b")
    task.refresh_from_db()
    assert (task.state, task.winner, task.votes_a, task.votes_b) == (State.KEPT, "b", 2, 3)
    assert task.decided_at == HEARD
    assert not lease_hold(model=VoteSlot, rater=make_rater(), campaign=even, count=1, now=HEARD)


def test_asking_twice_gives_nothing_twice(even: Campaign) -> None:
    task = tied(even)
    assert [tasks_extend(campaign=even, now=HEARD) for _ in range(3)] == [1, 0, 0]
    assert places(task)[0] == 5


def test_a_kept_task_is_never_opened_again(even: Campaign) -> None:
    task = tied(even, "aaab")
    before = PreferenceTask.objects.values().get()
    assert tasks_extend(campaign=even, now=HEARD) == 0
    assert PreferenceTask.objects.values().get() == before
    assert places(task)[0] == 4


def test_the_limit_of_the_campaign_holds(even: Campaign) -> None:
    Campaign.objects.update(most_votes_per_task=4)
    task = tied(even)
    even.refresh_from_db()
    assert extension_of(campaign=even) == Extension(tasks=0, votes=0, at_limit=1)
    assert tasks_extend(campaign=even, now=HEARD) == 0
    task.refresh_from_db()
    assert (task.state, places(task)[0]) == (State.UNDECIDED, 4)


def test_a_correction_in_an_extended_task_waits_for_the_open_place(even: Campaign) -> None:
    clip, vera = make_clip(), make_rater("vera")
    task = make_task(pair_a=scored(even, clip=clip), pair_b=scored(even, clip=clip))
    mine = vote(vera, even, "a").vote
    for choice in "bab":
        vote(make_rater(), even, choice)
    tasks_extend(campaign=even, now=HEARD)
    vote_correct(rater=vera, vote_key=mine.key, key=uuid4(), choice="b", now=HEARD)
    task.refresh_from_db()
    assert (task.state, task.votes_a, task.votes_b) == (State.OPEN, 1, 3), "a place that was promised is waited for"
    vote(make_rater(), even, "b")
    task.refresh_from_db()
    assert (task.state, task.winner) == (State.KEPT, "b")


def test_a_withdrawal_opens_a_place_again_and_needs_no_other(even: Campaign) -> None:
    clip, vera = make_clip(), make_rater("vera")
    task = make_task(pair_a=scored(even, clip=clip), pair_b=scored(even, clip=clip))
    vote(vera, even, "a")
    for choice in "bab":
        vote(make_rater(), even, choice)
    rater_withdraw(rater=vera, now=HEARD)
    assert tasks_extend(campaign=even, now=HEARD) == 0
    task.refresh_from_db()
    assert (task.state, places(task)[0]) == (State.OPEN, 4)


def test_a_campaign_that_asks_for_more_now_fills_up_what_is_short(even: Campaign) -> None:
    """Nothing in the panel allows it, but if a campaign came to ask for more, its open tasks would lack places."""
    Campaign.objects.update(votes_per_task=5)
    clip = make_clip()
    task = make_task(pair_a=scored(even, clip=clip), pair_b=scored(even, clip=clip))
    even.refresh_from_db()
    assert places(task)[0] == 4
    assert tasks_extend(campaign=even, now=HEARD) == 1
    assert places(task)[:2] == (5, {5})
    assert set(VoteSlot.objects.filter(task=task).values_list("queue", flat=True)) == {Queue.FRESH}


def test_what_left_the_band_or_was_closed_gets_no_more_votes(even: Campaign) -> None:
    left, closed, fine = tied(even), tied(even), tied(even)
    Pair.objects.filter(pk=left.pair_a_id).update(score=0.7)
    tasks_follow(pair_ids=[left.pair_a_id])
    pairs_close(pair_ids=[closed.pair_b_id], because="tried", now=HEARD)
    assert extension_of(campaign=even) == Extension(tasks=1, votes=1, at_limit=0)
    assert tasks_extend(campaign=even, now=HEARD) == 1
    assert [places(task)[0] for task in (left, closed, fine)] == [4, 4, 5]


def test_other_campaigns_are_left_alone(even: Campaign) -> None:
    task = tied(even)
    assert tasks_extend(campaign=make_campaign(), now=HEARD) == 0
    assert places(task)[0] == 4


def test_the_new_place_goes_to_somebody_who_has_not_judged_the_task(even: Campaign, vera: Rater) -> None:
    clip = make_clip()
    make_task(pair_a=scored(even, clip=clip), pair_b=scored(even, clip=clip))
    vote(vera, even, "a")
    for choice in "bab":
        vote(make_rater(), even, choice)
    tasks_extend(campaign=even, now=HEARD)
    assert lease_hold(model=VoteSlot, rater=vera, campaign=even, count=1, now=HEARD) == []
    assert lease_hold(model=VoteSlot, rater=make_rater(), campaign=even, count=1, now=HEARD)
    assert VoteSlot.objects.filter(state=SlotState.LEASED).count() == 1


def test_a_limit_below_what_is_asked_for_is_refused_by_the_database(db: None) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        make_campaign(votes_per_task=5, most_votes_per_task=4)


@given(st.integers(0, 6), st.integers(0, 6), st.integers(0, 4), st.integers(0, 14), st.integers(1, 6))
def test_extra_places_are_the_fewest_that_could_decide(
    votes_a: int, votes_b: int, still_open: int, limit: int, needed: int
) -> None:
    """Against trying out every way in which further votes may fall."""

    def could_decide(further: int) -> bool:
        enough = votes_a + votes_b + further >= needed
        return enough and any(votes_a + more != votes_b + further - more for more in range(further + 1))

    held = votes_a + votes_b + still_open
    fewest = next(n for n in range(20) if could_decide(n))
    wanted = max(0, fewest - still_open)
    extra = extra_places(votes_a, votes_b, held, limit, votes_needed=needed)
    assert extra == (wanted if held + wanted <= limit else 0)


# --- How an admin asks for it --------------------------------------------------------------------------------------
def _address(campaign: Campaign) -> str:
    return reverse("admin:scoring_campaign_extend_tasks", args=[campaign.pk])


@pytest.fixture
def admin(client: Client, db: None) -> Client:
    client.force_login(make_admin())
    return client


def test_the_panel_asks_before_it_gives_more_votes(admin: Client, even: Campaign) -> None:
    for _ in range(2):
        tied(even)
    asked = admin.get(_address(even)).content.decode()
    assert "Give 2 undecided tasks 2 more votes?" in asked
    assert "The limit of this campaign is 6 votes a task." in asked
    assert tasks_progress(campaign=even)[0].undecided == 2, "nothing happened yet"
    done = admin.post(_address(even), follow=True).content.decode()
    assert "2 tasks open again for more votes." in done
    assert tasks_progress(campaign=even)[0].open == 2


def test_the_panel_says_why_there_is_nothing_to_give(admin: Client, even: Campaign) -> None:
    assert "No task is undecided" in admin.get(_address(even), follow=True).content.decode()
    Campaign.objects.update(most_votes_per_task=4)
    tied(even)
    assert "limit of 4 votes: raise it" in admin.get(_address(even), follow=True).content.decode()


def test_only_admins_give_more_votes(client: Client, even: Campaign) -> None:
    tied(even)
    for user in (None, make_rater("vera").user, make_rater("boris").user):
        if user is not None:
            client.force_login(user)
        assert client.get(_address(even)).status_code in (302, 403)
        assert client.post(_address(even)).status_code in (302, 403)
    assert VoteSlot.objects.count() == 4


def test_the_limit_can_be_raised_while_there_are_tasks_but_not_put_below_the_votes(
    admin: Client, even: Campaign
) -> None:
    tied(even)
    url = reverse("admin:scoring_campaign_change", args=[even.pk])
    form = admin.get(url).context["adminform"].form
    assert "votes_per_task" not in form.fields
    fields = {name: form.get_initial_for_field(field, name) or "" for name, field in form.fields.items()}
    fields = {name: value for name, value in fields.items() if value is not False} | {"is_open": "on"}
    refused = admin.post(url, fields | {"most_votes_per_task": 3})
    assert set(refused.context["adminform"].form.errors) == {"most_votes_per_task"}
    admin.post(url, fields | {"most_votes_per_task": 9})
    even.refresh_from_db()
    assert even.most_votes_per_task == 9


def run(*words: str) -> str:
    out = StringIO()
    call_command("make_preferences", *words, stdout=out)
    return out.getvalue()


def test_the_command_gives_more_votes_too(even: Campaign) -> None:
    assert run("--extend") == "No task is undecided: there is nothing to ask more votes for.\n"
    tied(even)
    assert run("--extend") == f"1 undecided task in “{even}” ({even.slug}) open again for more votes.\n"


@pytest.mark.parametrize("words", [[], ["--extend", "--seed", "1"], ["--extend", "--count", "2"]])
def test_the_command_wants_either_a_seed_or_to_extend(even: Campaign, words: list[str]) -> None:
    with pytest.raises(CommandError) as refusal:
        run(*words)
    assert refusal.value.returncode == 2


def test_time_does_not_matter_to_what_is_given(even: Campaign) -> None:
    first, second = tied(even), tied(even)
    assert tasks_extend(campaign=even, now=NOON + timedelta(days=400)) == 2
    assert places(first) == places(second)
