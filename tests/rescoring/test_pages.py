"""The rescoring pages, each tried by four people: a rater, another rater, an admin, a stranger."""

from __future__ import annotations

import html
import re

import pytest
from django.test import Client
from django.urls import reverse

from annotation_site.jobs.models import JobState
from annotation_site.jobs.services import job_claim
from annotation_site.rescoring import tasks
from annotation_site.rescoring.models import Pool, Proposal, Rescoring, RescoringShard, Route
from annotation_site.scoring.models import Campaign, Slot
from tests.conftest import NOON
from tests.factories import make_admin, make_rater, make_rating, make_user
from tests.rescoring.makers import make_version, proposed, scored, start

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> Client:
    return logged_in(make_admin())


def logged_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def url(name: str, *arguments: object) -> str:
    return reverse(f"admin:rescoring_{name}", args=arguments)


def addresses(rescoring: Rescoring, proposal: Proposal) -> list[tuple[str, str, int]]:
    """(how, address, what an admin gets) of every page of the room."""
    own, batch = rescoring.pk, proposal.pk
    return [
        ("get", url("rescoring_changelist"), 200),
        ("get", url("rescoring_add"), 200),
        ("get", url("rescoring_estimate"), 200),
        ("get", url("rescoring_change", own), 200),
        ("get", url("rescoring_panel", own), 200),
        ("post", url("rescoring_pause", own), 302),
        ("post", url("rescoring_resume", own), 302),
        ("post", url("rescoring_cancel", own), 302),
        ("get", url("rescoring_download", own, "scores.parquet"), 404),
        ("get", url("proposal_changelist"), 200),
        ("get", f"{url('proposal_add')}?rescoring={own}", 200),
        ("get", url("proposal_change", batch), 200),
        ("get", url("proposal_panel", batch), 200),
        ("post", url("proposal_pairs", batch), 302),
        ("post", url("proposal_pair_add", batch), 302),
        ("get", url("proposal_approve", batch), 200),
        ("get", url("proposal_discard", batch), 200),
        ("post", url("proposal_cancel", batch), 302),
        ("post", url("proposal_approve", batch), 302),
        ("post", url("proposal_discard", batch), 302),
    ]


def test_only_an_admin_sees_or_changes_anything(campaign, admin):
    rescoring = scored(campaign)
    proposal = proposed(rescoring)
    raters = [logged_in(make_rater().user) for _ in range(2)]
    clerk = logged_in(make_user(is_staff=True))
    for how, address, status in addresses(rescoring, proposal):
        for nobody in (Client(), *raters):
            response = getattr(nobody, how)(address)
            assert (response.status_code, "login" in response.get("Location", "")) == (302, True), address
        assert getattr(clerk, how)(address).status_code == 403, address
        assert Proposal.objects.get().standing == "draft" or "approve" in address or "discard" in address
        response = getattr(admin, how)(address)
        assert (response.status_code, "login" in response.get("Location", "")) == (status, False), address


def test_what_changes_something_is_never_a_link(campaign, admin):
    rescoring = scored(campaign)
    proposal = proposed(rescoring)
    posts = [url(f"rescoring_{name}", rescoring.pk) for name in ("pause", "resume", "cancel")]
    posts += [url(f"proposal_{name}", proposal.pk) for name in ("pairs", "pair_add", "cancel")]
    for address in posts:
        assert admin.get(address).status_code == 405, address
    for name in ("approve", "discard"):
        assert "<form" in admin.get(url(f"proposal_{name}", proposal.pk)).text
    assert Proposal.objects.get().standing == "draft"


# --- Starting ----------------------------------------------------------------------------------------------------
FIELDS = {"pool": "random", "pool_size": 5, "ask_for": 3, "control_share": 0.2, "device": "auto", "seed": 1}


def fields(campaign: Campaign, **others) -> dict[str, object]:
    return {"version": make_version().pk, "campaign": campaign.pk} | FIELDS | others


def test_an_admin_starts_a_rescoring_and_lands_on_its_page(campaign, admin):
    answer = admin.post(url("rescoring_add"), fields(campaign))
    rescoring = Rescoring.objects.get()
    assert answer["Location"] == url("rescoring_change", rescoring.pk)
    assert (rescoring.pool, rescoring.pool_size, rescoring.ask_for) == ("random", 5, 3)
    page = admin.get(answer["Location"]).text
    assert "Waiting for a worker" in page
    assert f'hx-get="{url("rescoring_panel", rescoring.pk)}"' in page


@pytest.mark.parametrize(
    ("others", "words"),
    [
        ({"ask_for": 9}, "no more pairs than are scored"),
        ({"pool": "styles"}, "Choose at least one style"),
        ({"pool_size": ""}, "Say how many pairs to draw"),
    ],
)
def test_what_cannot_be_is_told_beside_the_form(campaign, admin, others, words):
    assert words in admin.post(url("rescoring_add"), fields(campaign, **others)).text
    assert not Rescoring.objects.exists()


def test_the_start_page_counts_what_would_be_scored(campaign, admin):
    def pairs(**asked: object) -> str:
        part = admin.get(url("rescoring_estimate"), {"campaign": campaign.pk, **asked}).text
        found = re.search(r"<dt>Pairs</dt>\s*<dd>\s*([\d,]+)\s*</dd>", part)
        return found[1] if found else part

    assert pairs(pool="random", pool_size=7) == "7"
    assert pairs(pool="random", pool_size=700) == "12"
    assert pairs(pool="styles", styles=["Baroque", "Cubism"]) == "11"
    assert pairs(pool="matrix") == "12"
    assert "Choose at least one style" in admin.get(url("rescoring_estimate"), {"pool": "styles"}).text
    assert "say how many" in pairs(pool="random", pool_size="many")


def test_a_pool_of_styles_is_started_from_the_form(campaign, admin):
    admin.post(url("rescoring_add"), fields(campaign, pool="styles", styles=["Cubism"], pool_size=""))
    assert (Rescoring.objects.get().pool, Rescoring.objects.get().styles) == (Pool.STYLES, ["Cubism"])


# --- A rescoring's page ------------------------------------------------------------------------------------------
def test_the_page_shows_the_shards_at_work_and_pauses_and_resumes(campaign, admin, fake_model):
    rescoring = start(campaign, pool_size=11)
    tasks.run(rescoring.pk)
    job_claim(model=RescoringShard, job_id=rescoring.shards.get().pk, worker="w1", now=NOON)
    RescoringShard.objects.update(done=5)
    panel = admin.get(url("rescoring_panel", rescoring.pk)).text
    assert "0 of 1 shard done" in panel
    assert "45 % on w1" in panel
    admin.post(url("rescoring_pause", rescoring.pk))
    panel = admin.get(url("rescoring_panel", rescoring.pk)).text
    assert "Paused" in panel
    assert "Resume" in panel
    admin.post(url("rescoring_resume", rescoring.pk))
    assert "Pause" in admin.get(url("rescoring_panel", rescoring.pk)).text
    admin.post(url("rescoring_cancel", rescoring.pk))
    assert Rescoring.objects.get().state == JobState.CANCELLED
    assert "Resume" in admin.get(url("rescoring_panel", rescoring.pk)).text


def finished(campaign: Campaign, **others) -> Rescoring:
    rescoring = start(campaign, **{"pool_size": 11} | others)
    tasks.run(rescoring.pk)
    for one in rescoring.shards.all():
        tasks.score_shard(one.pk)
    tasks.run(rescoring.pk)
    return Rescoring.objects.get(pk=rescoring.pk)


def test_the_page_shows_what_the_scores_say_and_gives_them_away(campaign, admin, fake_model):
    rescoring = finished(campaign)
    page = admin.get(url("rescoring_change", rescoring.pk)).text
    for words in ("Predicted scores", "Uncertainty against score", "Baroque", "Highest predictions", "data-player"):
        assert words in page, words
    assert f"{url('proposal_add')}?rescoring={rescoring.pk}" in page
    file = admin.get(url("rescoring_download", rescoring.pk, "scores.parquet"))
    assert b"".join(file.streaming_content).startswith(b"PAR1")
    assert admin.get(url("rescoring_download", rescoring.pk, "items.json")).status_code == 404


def test_a_matrix_shows_how_its_clips_are_spread(campaign, admin, fake_model):
    page = admin.get(url("rescoring_change", finished(campaign, pool=Pool.MATRIX).pk)).text
    assert "Mean scores of the clips" in page
    assert "a matrix has scores only" in page
    assert "Download scores.f16.npy" in page
    assert "Download scores.json" in page


def test_a_rescoring_from_before_there_were_proposals_can_still_be_read(campaign, admin):
    old = {
        "scored": 11,
        "mean_score": 0.5,
        "mean_sd": 0.1,
        "mean_sd_asked": 0.2,
        "control": 1,
        "ambiguous_percent": 30.0,
        "histogram": {"edges": [0.0, 0.5, 1.0], "counts": [5, 6]},
    }
    page = admin.get(url("rescoring_change", scored(campaign, summary=old, n_asked=5).pk))
    assert (page.status_code, "Predicted scores" in page.text) == (200, True)


def test_the_page_says_whether_it_paid_once_ratings_are_in(campaign, admin):
    rescoring = scored(campaign)
    proposal = proposed(rescoring)
    admin.post(url("proposal_approve", proposal.pk))
    page = url("rescoring_change", rescoring.pk)
    assert "none with all ratings yet" in admin.get(page).text
    for _ in range(5):
        make_rating(pair=proposal.pairs.get(rank=0).pair, rater=make_rater(), value=0.5)
    shown = admin.get(page).text
    assert "Control, drawn at random" in shown
    assert "1 of 4" in shown


# --- A batch's page ----------------------------------------------------------------------------------------------
def test_a_proposal_is_asked_for_from_a_rescoring(campaign, admin):
    rescoring = scored(campaign)
    asked = {"rescoring": rescoring.pk, "method": "band", "count": 3, "control_share": 0.2, "seed": 0}
    answer = admin.post(url("proposal_add"), asked | {"n_candidates": 100})
    proposal = Proposal.objects.get()
    assert answer["Location"] == url("proposal_change", proposal.pk)
    refused = admin.post(url("proposal_add"), asked | {"n_candidates": 100, "method": "ensemble"})
    assert "two to five model versions" in refused.text


def test_proposing_again_fills_in_all_that_was_asked_for(campaign, admin):
    rescoring = scored(campaign)
    asked = {"rescoring": rescoring.pk, "method": "ensemble", "count": 3, "control_share": 0.3, "seed": 4}
    asked |= {"n_candidates": 90, "per_painting": 2, "sure_sd": 0.07}
    members = [rescoring.version_id, make_version(2).pk]
    admin.post(url("proposal_add"), asked | {"members": members})
    proposal = Proposal.objects.get()
    Proposal.objects.update(state=JobState.FAILED, error="The disk is full.")
    page = admin.get(url("proposal_change", proposal.pk)).text
    link = html.unescape(re.search(r'href="([^"]*proposal/add/[^"]*)"', page)[1])
    form = admin.get(link).context["form"]
    assert {name: form[name].value() for name in asked} == {name: str(value) for name, value in asked.items()}
    assert [int(member) for member in form["members"].value()] == members
    assert form["per_clip"].value() is None


def test_the_gallery_shows_each_pair_with_picture_sound_prediction_and_why(campaign, admin):
    proposal = proposed(scored(campaign))
    page = admin.get(url("proposal_change", proposal.pk)).text
    first = proposal.pairs.select_related("painting", "clip").get(rank=0)
    card = page.split(f'id="pair-{first.pk}"')[1].split("</article>")[0]
    for words in (first.painting.thumbnail.url, "data-player", "0.30", "± 0.100", "least sure of it", ">Drop<"):
        assert words in card, words
    assert "30" in page  # six pairs, five ratings each
    assert "Control arm: drawn at random" in page
    assert f'href="{url("rescoring_change", proposal.rescoring_id)}"' in page


def test_the_gallery_is_filtered_by_route_reason_and_what_is_dropped(campaign, admin):
    proposal = proposed(scored(campaign))
    page = url("proposal_change", proposal.pk)
    proposal.pairs.filter(rank=0).update(is_dropped=True)

    def ranks(query: str) -> list[int]:
        return [card.row.rank for card in admin.get(f"{page}?{query}").context["cards"]]

    assert ranks("reason=control") == [2, 5]
    assert ranks(f"route={Route.PREFERENCE}") == [3]
    assert ranks("only=dropped") == [0]
    assert ranks("only=kept&reason=variance") == [1, 3, 4]
    assert ranks("page=99") == [0, 1, 2, 3, 4, 5]


def test_pairs_are_dropped_and_brought_back_without_scripts(campaign, admin):
    proposal = proposed(scored(campaign))
    first = proposal.pairs.get(rank=0)
    sent = {"pair": first.pk, "query": "?reason=variance&next=//evil.example"}
    answer = admin.post(url("proposal_pairs", proposal.pk), sent | {"do": "drop"})
    assert answer["Location"] == f"{url('proposal_change', proposal.pk)}?reason=variance#pair-{first.pk}"
    assert "Dropped: nobody is asked" in admin.get(url("proposal_change", proposal.pk)).text
    admin.post(url("proposal_pairs", proposal.pk), sent | {"do": "back"})
    assert not proposal.pairs.filter(is_dropped=True).exists()
    admin.post(url("proposal_pairs", proposal.pk), sent | {"do": "drop-clip"})
    assert set(proposal.pairs.filter(is_dropped=True)) == set(proposal.pairs.filter(clip=first.clip))
    assert proposal.pairs.filter(is_dropped=True).count() > 1
    admin.post(url("proposal_pairs", proposal.pk), sent | {"do": "back-clip"})
    assert not proposal.pairs.filter(is_dropped=True).exists()
    admin.post(url("proposal_pairs", proposal.pk), sent | {"do": "burn-clip"})
    assert not proposal.pairs.filter(is_dropped=True).exists()


def test_a_script_gets_the_totals_and_the_changed_cards_that_it_shows(campaign, admin):
    proposal = proposed(scored(campaign))
    one = proposal.pairs.get(rank=0)
    others = proposal.pairs.filter(clip=one.clip).exclude(pk=one.pk)
    sent = {"pair": one.pk, "do": "drop-clip", "shown": [one.pk, others[0].pk]}
    part = admin.post(url("proposal_pairs", proposal.pk), sent, headers={"HX-Request": "true"}).text
    assert re.search(r'id="batch-totals"\s+hx-swap-oob="true"', part)
    assert set(re.findall(r'id="foot-(\d+)"', part)) == {str(one.pk), str(others[0].pk)}
    assert "<html" not in part
    assert "data-player" not in part, "what plays goes on playing"


def test_a_pair_is_added_by_its_keys(campaign, admin, fake_model):
    rescoring = finished(campaign)
    proposal = proposed(rescoring, count=3)
    row = rescoring.summary["ends"]["bottom"][0]
    answer = admin.post(url("proposal_pair_add", proposal.pk), {"painting": row["painting"], "clip": row["clip"]})
    added = proposal.pairs.get(reason="hand")
    assert answer["Location"].endswith(f"?reason=hand#pair-{added.pk}")
    assert added.score == pytest.approx(row["score"], abs=1e-4)
    wrong = admin.post(url("proposal_pair_add", proposal.pk), {"painting": "p_0", "clip": "c_0"}, follow=True)
    assert "not among the pairs that this rescoring scored" in wrong.text


def test_approving_is_asked_first_and_tells_what_it_costs(campaign, admin):
    proposal = proposed(scored(campaign))
    admin.post(url("proposal_pairs", proposal.pk), {"pair": proposal.pairs.get(rank=2).pk, "do": "drop"})
    page = admin.get(url("proposal_approve", proposal.pk)).text
    for words in (
        "5 pairs come before all others",
        "25 ratings",
        "1 pairs of the control arm are dropped",
        "see nothing",
    ):
        assert words in page, words
    assert not Slot.objects.filter(queue=1).exists()
    for _ in range(2):
        done = admin.post(url("proposal_approve", proposal.pk), follow=True).text
        assert "5 pairs come next for every rater" in done
    assert "5 pairs asked of raters" in done
    assert ">Drop<" not in done


def test_a_discarded_batch_stays_to_be_read(campaign, admin):
    proposal = proposed(scored(campaign))
    page = admin.post(url("proposal_discard", proposal.pk), follow=True).text
    assert "Nobody was asked" in page
    assert ">Drop<" not in page
    refused = admin.post(url("proposal_pairs", proposal.pk), {"pair": proposal.pairs.get(rank=0).pk, "do": "drop"})
    assert "cannot be changed" in admin.get(refused["Location"]).text
