"""Campaigns, pairs, ratings and tasks in the admin panel: admins only, in words, nothing judged is edited."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from annotation_site.preferences.models import PreferenceTask, VoteBar
from annotation_site.scoring.models import Campaign, Pair, Slot, SlotBar
from tests.conftest import NOON
from tests.factories import (
    make_admin,
    make_campaign,
    make_clip,
    make_painting,
    make_pair,
    make_rater,
    make_task,
    make_track,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh_cache() -> None:
    cache.clear()


LISTS = ["scoring_campaign", "scoring_pair", "scoring_rating", "preferences_preferencetask"]


@pytest.fixture
def admin(client: Client) -> Client:
    client.force_login(make_admin())
    return client


@pytest.fixture
def campaign() -> Campaign:
    for _ in range(3):
        make_painting()
    make_track(clips=2)
    return make_campaign()


@pytest.mark.parametrize("name", LISTS)
def test_lists_are_for_admins_only(client, name):
    make_pair()
    url = reverse(f"admin:{name}_changelist")
    assert client.get(url).status_code == 302
    client.force_login(make_rater().user)
    assert client.get(url).status_code in (302, 403)
    client.force_login(make_admin())
    assert client.get(url).status_code == 200


def test_a_new_campaign_starts_with_the_papers_protocol(admin):
    form = admin.get(reverse("admin:scoring_campaign_add")).context["adminform"].form
    fields = {name: form.get_initial_for_field(field, name) or "" for name, field in form.fields.items()}
    assert (fields["raters_per_pair"], fields["trim"], fields["votes_per_task"]) == (5, 1, 3)
    assert (fields["band_low"], fields["band_high"]) == (0.4, 0.6)
    admin.post(reverse("admin:scoring_campaign_add"), {**fields, "name": "Spring", "slug": "spring", "is_open": "on"})
    assert Campaign.objects.get().slug == "spring"


def test_a_trim_that_leaves_no_rating_is_refused(admin):
    fields = {"name": "x", "slug": "x", "raters_per_pair": 3, "trim": 2, "band_low": 0.4, "band_high": 0.6}
    answer = admin.post(
        reverse("admin:scoring_campaign_add"), {**fields, "votes_per_task": 3, "lease_minutes": 20, "is_open": "on"}
    )
    assert answer.status_code == 200
    assert answer.context["errors"]
    assert not Campaign.objects.exists()


def test_pairs_are_made_from_the_campaigns_page(admin, campaign):
    url = reverse("admin:scoring_campaign_make_pairs", args=[campaign.pk])
    assert admin.get(url).status_code == 200
    answer = admin.post(url, {"count": 4, "seed": 1}, follow=True)
    assert "4 new pairs wait for 5 ratings each" in answer.content.decode()
    assert Pair.objects.count() == 4
    assert Slot.objects.count() == 20


def test_more_pairs_than_there_are_is_told_in_words(admin, campaign):
    answer = admin.post(reverse("admin:scoring_campaign_make_pairs", args=[campaign.pk]), {"count": 7, "seed": 1})
    assert answer.status_code == 200
    assert answer.context["form"].non_field_errors()
    assert not Pair.objects.exists()


def test_preference_tasks_are_made_from_the_campaigns_page(admin, campaign):
    paintings = [make_painting() for _ in range(2)]
    clip = make_track(clips=1).clips.get()
    for painting in paintings:
        make_pair(campaign=campaign, painting=painting, clip=clip, score=0.5, completed_at=NOON, rating_count=5)
    url = reverse("admin:scoring_campaign_make_tasks", args=[campaign.pk])
    admin.post(url, {"count": "", "seed": 1})
    assert PreferenceTask.objects.count() == 1
    again = admin.post(url, {"count": "", "seed": 1})
    assert "not asked about already" in again.content.decode()


def test_the_progress_is_counted_and_says_that_nothing_is_over_quota(admin, campaign):
    make_pair(campaign=campaign)
    page = admin.get(reverse("admin:scoring_campaign_change", args=[campaign.pk])).content.decode()
    assert "0 pairs over quota" in page
    assert "counted from all ratings at" in page
    live = admin.get(reverse("admin:scoring_campaign_progress", args=[campaign.pk]))
    assert live.context["progress"].pairs == 1
    assert live.context["progress"].over_quota == 0


def test_every_field_of_the_protocol_stands_in_a_group_and_is_explained(admin):
    form = admin.get(reverse("admin:scoring_campaign_add")).context["adminform"].form
    unexplained = {name for name, field in form.fields.items() if not field.help_text}
    assert unexplained == {"name"}
    assert {"repeat_percent", "repeat_distance", "lease_minutes", "instructions"} <= set(form.fields)


def test_more_repeats_than_half_are_refused_in_words(admin, campaign):
    url = reverse("admin:scoring_campaign_change", args=[campaign.pk])
    form = admin.get(url).context["adminform"].form
    fields = {name: form.get_initial_for_field(field, name) or "" for name, field in form.fields.items()}
    answer = admin.post(url, {**fields, "is_open": "on", "repeat_percent": 51, "repeat_distance": 9})
    assert set(answer.context["adminform"].form.errors) == {"repeat_percent", "repeat_distance"}
    admin.post(url, {**fields, "is_open": "on", "repeat_percent": 0, "repeat_distance": 80})
    campaign.refresh_from_db()
    assert (campaign.repeat_percent, campaign.repeat_distance) == (0, 80)


def test_the_protocol_is_fixed_once_there_are_pairs(admin, campaign):
    make_pair(campaign=campaign)
    form = admin.get(reverse("admin:scoring_campaign_change", args=[campaign.pk])).context["adminform"].form
    assert "raters_per_pair" not in form.fields
    assert "instructions" in form.fields


def test_the_band_is_fixed_once_tasks_were_made_by_it(admin, campaign):
    clip = make_clip()
    pairs = [make_pair(campaign=campaign, clip=clip, score=0.5) for _ in range(2)]
    url = reverse("admin:scoring_campaign_change", args=[campaign.pk])
    assert "band_low" in admin.get(url).context["adminform"].form.fields
    make_task(pair_a=pairs[0], pair_b=pairs[1])
    assert "band_low" not in admin.get(url).context["adminform"].form.fields


@pytest.mark.parametrize("action", ["progress", "make_pairs", "make_tasks"])
def test_raters_reach_none_of_it(client, campaign, action):
    client.force_login(make_rater().user)
    assert client.get(reverse(f"admin:scoring_campaign_{action}", args=[campaign.pk])).status_code in (302, 403)


def test_what_raters_skipped_is_flagged_with_their_reasons(admin, campaign):
    pair, fine = make_pair(campaign=campaign), make_pair(campaign=campaign)
    for reason, note in (("cannot_play", ""), ("cannot_play", "only <hiss>"), ("media", "from before")):
        SlotBar.objects.create(pair=pair, rater=make_rater(), reason=reason, note=note, created_at=NOON)
    url = reverse("admin:scoring_pair_changelist")
    page = admin.get(url, {"o": "-6"}).content.decode()
    assert "2 × The music does not play as it should, 1 × It does not play or show as it should" in page

    def found(reason: str) -> list[Pair]:
        return list(admin.get(url, {"skipped": reason}).context["cl"].queryset)

    assert found("any") == found("cannot_play") == found("media") == [pair]
    assert found("other") == []
    assert set(found("")) == {pair, fine}
    page = admin.get(reverse("admin:scoring_pair_change", args=[pair.pk])).content.decode()
    assert "The music does not play as it should: only &lt;hiss&gt;" in page
    assert "Nobody skipped it." in admin.get(reverse("admin:scoring_pair_change", args=[fine.pk])).content.decode()


def test_a_list_of_many_skipped_pairs_asks_no_more_queries(admin, campaign, django_assert_max_num_queries):
    url = reverse("admin:scoring_pair_changelist")
    for _ in range(8):
        SlotBar.objects.create(pair=make_pair(campaign=campaign), rater=make_rater(), reason="other", created_at=NOON)
    with django_assert_max_num_queries(14):
        admin.get(url)


def test_a_skipped_preference_task_is_flagged_too(admin, campaign):
    clip = make_clip()
    pairs = [make_pair(campaign=campaign, clip=clip, score=0.5) for _ in range(2)]
    task = make_task(pair_a=pairs[0], pair_b=pairs[1])
    VoteBar.objects.create(task=task, rater=make_rater(), reason="cannot_see", note="all grey", created_at=NOON)
    page = admin.get(reverse("admin:preferences_preferencetask_changelist"), {"skipped": "cannot_see"}).content.decode()
    assert "1 × The painting does not show as it should" in page
    page = admin.get(reverse("admin:preferences_preferencetask_change", args=[task.pk])).content.decode()
    assert "all grey" in page


def test_a_task_says_that_a_pair_has_left_the_band_since(admin, campaign):
    clip = make_clip()
    pairs = [make_pair(campaign=campaign, clip=clip, score=0.5) for _ in range(3)]
    left = make_task(pair_a=pairs[0], pair_b=pairs[1], votes_a=2, votes_b=1, winner="a", state="kept")
    fine = make_task(pair_a=pairs[1], pair_b=pairs[2], votes_a=3, winner="a", state="kept")
    Pair.objects.filter(pk=pairs[0].pk).update(score=0.9)
    url = reverse("admin:preferences_preferencetask_changelist")
    page = admin.get(url).content.decode()
    assert "A pair has left the band since" in page
    assert "67 %" in page

    def found(answer: str) -> list[PreferenceTask]:
        return list(admin.get(url, {"left_band": answer}).context["cl"].queryset)

    assert (found("yes"), found("no")) == ([left], [fine])
    page = admin.get(reverse("admin:preferences_preferencetask_change", args=[left.pk])).content.decode()
    assert "A pair has left the band since" in page
