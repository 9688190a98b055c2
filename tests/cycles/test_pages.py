"""The loop's pages, its command and its API: for admins alone, in words, and true to the rows."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from annotation_site.accounts.models import User
from annotation_site.cycles.intervals import intervals_of
from annotation_site.cycles.machine import CycleState, StepKind
from annotation_site.cycles.models import Contest, Cycle, Schedule
from annotation_site.jobs.models import JobState
from annotation_site.rescoring.models import Proposal
from annotation_site.snapshots.models import Snapshot
from model.contest import Verdict
from tests.conftest import NOON
from tests.cycles.rounds import begun, end, end_all, found, make_schedule, make_version
from tests.factories import make_admin, make_campaign, make_rater

pytestmark = pytest.mark.django_db

EXPORT, TRAIN, CONTEST, PROMOTE, RESCORE, PROPOSE = StepKind


@pytest.fixture
def ada(client: Client) -> Client:
    client.force_login(make_admin("ada"))
    return client


def url(name: str, *arguments: object) -> str:
    return reverse(f"admin:cycles_{name}", args=arguments)


def filled_in(schedule: Schedule | None = None, **fields: Any) -> dict[str, Any]:
    """The form as a browser sends it."""
    campaign = schedule.campaign if schedule else make_campaign()
    sent = {
        "campaign": campaign.pk, "every_pairs": 200, "most_per_day": 2, "snapshot_recipe": "demo",
        "snapshot_overrides": "", "recipe": "best@small", "overrides": "", "seed": 3, "device": "auto", "processes": 1,
        "promotes": "on", "least_pairs": 50, "pool": "random", "pool_size": 2000, "ask_for": 40,
        "method": "variance", "control_share": "0.2",
    }  # fmt: skip
    return sent | fields


# --- Who may come -----------------------------------------------------------------------------------------------------
def test_four_people_at_every_address() -> None:
    """Two raters and a stranger are turned away everywhere; an admin sees every page."""
    cycle = end_all(begun(), EXPORT, TRAIN, CONTEST)
    contest = Contest.objects.get()
    pages = [
        url("schedule_changelist"), url("schedule_add"), url("schedule_change", cycle.schedule_id),
        url("cycle_changelist"), url("cycle_change", cycle.pk), url("cycle_panel", cycle.pk),
        url("contest_changelist"), url("contest_change", contest.pk),
    ]  # fmt: skip
    acts = [url("schedule_run", cycle.schedule_id), url("cycle_retry", cycle.pk), url("cycle_cancel", cycle.pk)]
    stranger, vera, boris, admin = (Client() for _ in range(4))
    vera.force_login(make_rater().user)
    boris.force_login(make_rater().user)
    admin.force_login(make_admin())
    for page in pages:
        assert admin.get(page).status_code == 200, page
        assert {who.get(page).status_code for who in (stranger, vera, boris)} <= {302, 403}, page
    for act in acts:
        assert admin.get(act).status_code == 405, act
        assert {who.post(act).status_code for who in (stranger, vera, boris)} <= {302, 403}, act
    cycle.refresh_from_db()
    assert (cycle.state, Cycle.objects.count()) == (CycleState.RUNNING, 1)


# --- The schedule -----------------------------------------------------------------------------------------------------
def test_an_admin_sets_a_schedule_which_is_off_at_first(ada: Client) -> None:
    page = ada.get(url("schedule_add")).text
    assert 'name="is_enabled"' in page
    answer = ada.post(
        url("schedule_add"),
        filled_in(snapshot_overrides="split=pair\nshares=[0.6, 0.2, 0.2]", overrides="optim.lr=0.001"),
    )
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    schedule = Schedule.objects.get()
    assert not schedule.is_enabled
    assert schedule.snapshot_overrides == {"split": "pair", "shares": [0.6, 0.2, 0.2]}
    assert (schedule.overrides, schedule.seed) == ({"optim.lr": 0.001}, 3)
    assert schedule.set_by is not None
    page = ada.get(url("schedule_change", schedule.pk)).text
    assert "split=pair" in page
    assert "Off: a cycle begins only by hand" in page


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"snapshot_overrides": "shares=[0.5]"}, "shares"),
        ({"snapshot_overrides": "arrays=false"}, "nothing can be trained on it"),
        ({"snapshot_overrides": "split"}, "a setting is written name=value"),
        ({"recipe": "huge"}, "no recipe is called"),
        ({"overrides": "optim.speed=3"}, "no setting is called"),
        ({"pool_size": 10, "ask_for": 40}, "No more pairs can be asked for than are scored."),
        ({"every_pairs": 0}, "greater than or equal to 1"),
        ({"control_share": "1.5"}, "less than or equal to 1"),
    ],
)
def test_what_cannot_work_is_refused_by_the_form(ada: Client, fields: dict[str, Any], words: str) -> None:
    answer = ada.post(url("schedule_add"), filled_in(**fields))
    assert answer.status_code == 200
    assert words in answer.text
    assert not Schedule.objects.exists()


def test_the_schedule_says_what_it_will_do_and_how_far_it_is(ada: Client) -> None:
    schedule = make_schedule(every_pairs=200)
    page = ada.get(url("schedule_change", schedule.pk)).text
    assert "After 199 more complete pairs" in page
    assert "1 of 200 new complete pairs." in page
    assert "Train tiny on it, with seed 0, on auto." in page
    assert "(50 of them at the least)" in page


def test_the_overview_has_a_line_for_a_schedule_that_is_on(ada: Client) -> None:
    cache.clear()
    schedule = make_schedule(every_pairs=200)
    assert f"{schedule}</a>: 1 of 200 new complete pairs." in ada.get("/admin/").text
    Schedule.objects.update(is_enabled=False)
    assert str(schedule) not in ada.get("/admin/").text


def test_run_one_cycle_now_begins_one_however_often_it_is_clicked(ada: Client) -> None:
    schedule = make_schedule(is_enabled=False)
    first, second = (ada.post(url("schedule_run", schedule.pk)) for _ in range(2))
    cycle = Cycle.objects.get()
    assert first["Location"] == second["Location"] == url("cycle_change", cycle.pk)
    assert (cycle.is_asked, cycle.created_by, Snapshot.objects.count()) == (True, User.objects.get(username="ada"), 1)
    assert "only one goes round at a time" in ada.get(second["Location"]).text


# --- The timeline -----------------------------------------------------------------------------------------------------
def test_the_timeline_shows_every_step_with_its_figures(ada: Client) -> None:
    schedule = make_schedule()
    make_version(schedule.campaign)
    cycle = begun(schedule)
    page = ada.get(url("cycle_panel", cycle.pk)).text
    assert "waiting for a worker" in page
    assert page.count('data-state=""') == 5
    assert "hx-trigger" in page
    end_all(cycle, EXPORT, TRAIN, CONTEST, RESCORE, PROPOSE)
    page = ada.get(url("cycle_panel", cycle.pk)).text
    assert "hx-trigger" not in page
    for words in ("aaaaaaaaaaaa", "200", "+0.130", "MPJudge v2 is active.", "31 %", "Waits for an admin"):
        assert words in page, words
    assert page.count('data-state="done"') == 7  # six steps and the cycle itself
    assert "is-above" in page
    proposal = Proposal.objects.get()
    assert reverse("admin:rescoring_proposal_change", args=[proposal.pk]) in page
    Proposal.objects.update(standing="approved", n_asked=2, settled_at=NOON, settled_by=User.objects.get())
    assert "Approved by ada: 2 pairs asked." in ada.get(url("cycle_panel", cycle.pk)).text


def test_a_failed_cycle_says_why_and_offers_to_try_again_or_to_give_up(ada: Client) -> None:
    cycle = end(begun(), EXPORT, JobState.FAILED, error="The disk is full.")
    page = ada.get(url("cycle_change", cycle.pk)).text
    assert "The disk is full." in page
    assert "Try that step again" in page
    assert "not reached" not in page
    ada.post(url("cycle_retry", cycle.pk))
    cycle.refresh_from_db()
    assert cycle.state == CycleState.RUNNING
    ada.post(url("cycle_cancel", cycle.pk))
    page = ada.get(url("cycle_change", cycle.pk)).text
    assert "Cancelled by ada." in page
    assert "not reached" in page
    assert "is over already" in ada.post(url("cycle_cancel", cycle.pk), follow=True).text


def test_an_interval_is_drawn_to_scale_around_0() -> None:
    """The widest end is 0.22, the axis reaches 15 % further: 0.253 on either side of the middle."""
    (one,) = intervals_of(found())
    assert (one.side, one.limit) == ("above", pytest.approx(0.253))
    assert (one.left, one.place) == (pytest.approx(57.91, abs=0.01), pytest.approx(75.69, abs=0.01))
    assert one.left + one.width == pytest.approx(93.48, abs=0.01)
    (below,) = intervals_of(found(Verdict.WORSE, low=-0.2, high=-0.1))
    (across,) = intervals_of(found(Verdict.NOT_TOLD_APART, low=-0.2, high=0.1))
    assert (below.side, across.side) == ("below", "across")
    undefined = found()
    undefined["opponents"]["the active model"]["regimes"]["unseen-both"]["srcc"] |= {"low": None, "high": None}
    assert intervals_of(undefined) == []


def test_a_contests_page_has_all_its_figures(ada: Client) -> None:
    end_all(begun(), EXPORT, TRAIN, CONTEST)
    page = ada.get(url("contest_change", Contest.objects.get().pk)).text
    for words in ("New painting, new track", "MAE (lower is better)", "3 more were left out"):
        assert words in page, words
    assert page.count("+0.130") == 4 + 2  # four figures, and the drawn one for eyes and for ears


# --- Command and API --------------------------------------------------------------------------------------------------
def test_the_command_does_once_what_beat_does(capsys: pytest.CaptureFixture[str]) -> None:
    schedule = make_schedule(is_enabled=False)
    slug = schedule.campaign.slug
    call_command("cycle", campaign=slug)
    assert capsys.readouterr().out.strip() == "Off. 1 of 1 new complete pairs."
    call_command("cycle", campaign=slug, now=True)
    assert "Cycle 1 of" in (told := capsys.readouterr().out)
    assert "Export: running. Waiting for a worker" in told
    with pytest.raises(CommandError, match="only one goes round at a time"):
        call_command("cycle", campaign=slug, now=True)
    with pytest.raises(CommandError, match="has no schedule"):
        call_command("cycle", campaign=make_campaign().slug)
    with pytest.raises(CommandError, match="no campaign"):
        call_command("cycle", campaign="nowhere")


def test_admins_read_cycles_through_the_api() -> None:
    cycle = end_all(begun(), EXPORT, TRAIN, CONTEST)
    client = APIClient()
    address = f"/api/v1/cycles/{cycle.pk}/"
    assert client.get(address).status_code == 401
    client.force_authenticate(make_rater().user)
    assert client.get(address).status_code == 403
    client.force_authenticate(make_admin())
    told = client.get(address).json()
    assert (told["state"], told["campaign"], told["plan"]["recipe"]) == (
        "running",
        cycle.schedule.campaign.slug,
        "tiny",
    )
    assert [step["kind"] for step in told["steps"]] == ["export", "train", "contest", "promote", "rescore"]
    assert told["steps"][2]["contest"]["found"]["verdict"] == "better"
    listed = client.get("/api/v1/cycles/", {"state": "running", "started_at__lte": NOON.isoformat()}).json()
    assert [row["id"] for row in listed["results"]] == [cycle.pk]
    assert client.post("/api/v1/cycles/", {}).status_code == 405
