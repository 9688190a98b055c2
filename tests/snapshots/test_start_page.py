"""The form of an export: what it starts, what it says while it is filled in, and that two clicks are one export."""

from __future__ import annotations

import re
import uuid
from html import unescape
from typing import Any

import pytest
from django.test import Client

from annotation_site.corpus.models import Painting, Track
from annotation_site.preferences.models import PreferenceTask
from annotation_site.scoring.models import Pair
from annotation_site.snapshots.estimates import export_estimate
from annotation_site.snapshots.forms import SnapshotForm
from annotation_site.snapshots.models import Snapshot
from annotation_site.snapshots.recipes import recipe_for
from tests.factories import make_admin, make_campaign
from tests.snapshots.exported import filled_in, logged_in, sealed_snapshot, url
from tests.snapshots.judged_campaign import Judged, judged_campaign

pytestmark = pytest.mark.django_db


@pytest.fixture
def judged() -> Judged:
    judged = judged_campaign()
    for task in PreferenceTask.objects.all():  # as `task_follow` keeps it
        PreferenceTask.objects.filter(pk=task.pk).update(votes_a=2, votes_b=1)
    return judged


@pytest.fixture
def admin() -> Client:
    return logged_in(make_admin())


def words_of(response: Any) -> str:
    assert response.status_code == 200
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", response.text)).split())


def recipe_started(admin: Client, judged: Judged, **fields: Any) -> dict[str, Any]:
    response = admin.post(url("add"), filled_in(judged.campaign, **fields))
    snapshot = Snapshot.objects.get()
    assert response["Location"] == url("change", snapshot.pk)
    return snapshot.recipe


def test_a_form_left_as_it_is_starts_the_named_recipe(judged: Judged, admin: Client) -> None:
    assert recipe_started(admin, judged) == recipe_for(campaign=judged.campaign, name="demo").to_dict()
    assert Snapshot.objects.get().name.startswith(judged.campaign.name)


def test_every_field_reaches_the_recipe(judged: Judged, admin: Client) -> None:
    found = recipe_started(
        admin,
        judged,
        name="For the paper",
        pairs="at_least",
        min_ratings="3",
        aggregator="mean",
        trim="0",
        band_low="0.3",
        band_high="0.7",
        vote_rule="unanimous",
        votes_needed="2",
        split="pair",
        train="80",
        validation="12.5",
        test="7.5",
        salt="anew",
        media_files="previews",
        arrays=None,
        rater_ids="absent",
        ratings_licence="CC-BY-4.0",
    )
    assert found == {
        "name": "custom",
        "raters_per_pair": 5,
        "min_ratings": 3,
        "aggregator": "mean",
        "trim": 0,
        "band": [0.3, 0.7],
        "vote_rule": "unanimous",
        "votes_needed": 2,
        "split": "pair",
        "shares": [0.8, 0.125, 0.075],
        "salt": "anew",
        "media": "previews",
        "arrays": False,
        "rater_ids": "absent",
        "ratings_licence": "CC-BY-4.0",
    }
    assert Snapshot.objects.get().name == "For the paper"


@pytest.mark.parametrize(
    ("fields", "at", "words"),
    [
        ({"train": "60"}, "train", "The three shares make 105 %, not 100 %."),
        ({"train": "0", "test": "80"}, "train", "Leave something to train on."),
        ({"train": ""}, "train", "Give a number; 0 for none."),
        ({"pairs": "at_least"}, "min_ratings", "Say how many ratings a pair needs, at the least."),
        ({"pairs": "at_least", "min_ratings": "6"}, "min_ratings", "Give a number from 2 to raters_per_pair (5)."),
        ({"trim": "3"}, "trim", "leaves none to average."),
        ({"band_low": "0.4"}, "band_low", "Give both ends of the band, or neither."),
        ({"band_low": "0.7", "band_high": "0.3"}, "band_low", "Give two numbers"),
        ({"salt": ""}, "salt", "Give any word; the default is mpd-1."),
        ({"split": "by luck"}, "split", "is not one of the available choices"),
        ({"ratings_licence": "\x07"}, "ratings_licence", "SPDX"),
    ],
)
def test_what_does_not_fit_is_said_at_its_field(fields: dict[str, str], at: str, words: str) -> None:
    form = SnapshotForm(filled_in(make_campaign(), **fields))
    assert not form.is_valid()
    assert set(form.errors) == {at}
    assert words in " ".join(form.errors[at])


def test_nothing_starts_while_something_does_not_fit(judged: Judged, admin: Client) -> None:
    page = words_of(admin.post(url("add"), filled_in(judged.campaign, train="60", name="Mine")))
    assert "Nothing was started yet." in page
    assert page.count("The three shares make 105 %, not 100 %.") == 2  # at the field, and where it says what goes in
    assert not Snapshot.objects.exists()


def test_a_campaign_with_nothing_to_export_is_refused_on_the_form(admin: Client) -> None:
    page = words_of(admin.post(url("add"), filled_in(make_campaign())))
    assert "has its 5 ratings yet, so there is nothing to put into a snapshot." in page
    assert not Snapshot.objects.exists()


def test_two_clicks_are_one_export_and_another_recipe_is_another(judged: Judged, admin: Client) -> None:
    sent = filled_in(judged.campaign)
    places = {admin.post(url("add"), sent)["Location"] for _ in range(2)}
    assert len(places) == Snapshot.objects.count() == 1
    # Back in the browser, something changed: the same form, and not the same export.
    places |= {admin.post(url("add"), sent | {"salt": "anew"})["Location"]}
    places |= {admin.post(url("add"), filled_in(judged.campaign))["Location"]}  # a form opened anew
    assert len(places) == Snapshot.objects.count() == 3


def test_a_form_begins_as_the_address_says(judged: Judged, admin: Client) -> None:
    form = admin.get(url("add"), {"start": "pair", "campaign": judged.campaign.pk}).context["form"]
    assert (form["split"].value(), form["train"].value()) == ("pair", "70")
    assert admin.get(url("add"), {"start": "huge"}).context["form"]["start"].value() == "demo"
    for again in ("0", "x", "9" * 30):
        assert admin.get(url("add"), {"again": again}).context["form"]["start"].value() == "demo"


def test_an_export_again_follows_the_same_recipe(judged: Judged, admin: Client) -> None:
    changed = {"min_ratings": 4, "band": [0.2, 0.7], "votes_needed": 1, "salt": "anew", "rater_ids": "absent"}
    first = sealed_snapshot(judged.campaign, overrides=changed)
    page = admin.get(url("add"), {"again": first.pk})
    form = page.context["form"]
    sent = {name: value for name in form.fields if (value := form[name].value()) not in (None, False)}
    assert sent["token"] != first.key
    response = admin.post(url("add"), sent)
    again = Snapshot.objects.order_by("-pk").first()
    assert again is not None
    assert response["Location"] == url("change", again.pk)
    assert (again.pk != first.pk, again.recipe) == (True, first.recipe)


def test_the_page_says_what_it_will_hold_while_it_is_filled_in(judged: Judged, admin: Client) -> None:
    Painting.objects.filter(pk=judged.paintings[0].pk).update(may_publish=False)
    page = words_of(admin.get(url("add")))
    for words in ("Pairs 12", "Ratings 60", "Preferences 2 decided", "Paintings 4 1 may not be published", "about"):
        assert words in page, words
    part = words_of(admin.get(url("estimate"), filled_in(judged.campaign, vote_rule="unanimous")))
    assert "Preferences 0 decided" in part
    assert "Decided where all agree" in part
    assert "The three shares make" in words_of(admin.get(url("estimate"), filled_in(judged.campaign, train="60")))
    assert words_of(admin.get(url("estimate"))) != ""


def test_the_estimate_counts_what_the_export_then_holds(judged: Judged) -> None:
    Painting.objects.filter(pk=judged.paintings[0].pk).update(licence=" ")
    Track.objects.filter(pk=judged.clips[0].track_id).update(may_publish=False)
    Pair.objects.filter(pk=judged.pairs[0].pk).update(rating_count=4)
    judged.pairs[0].ratings.order_by("pk").first().delete()
    for overrides in ({}, {"min_ratings": 4, "media": "none", "arrays": False}, {"media": "previews"}):
        recipe = recipe_for(campaign=judged.campaign, name="demo", overrides=overrides)
        estimate = export_estimate(campaign=judged.campaign, recipe=recipe)
        sealed = sealed_snapshot(judged.campaign, overrides=overrides)
        facts = sealed.facts
        assert estimate.n_pairs == sum(facts["pairs"].values())
        assert estimate.n_left_out == facts["incomplete_pairs"]
        assert (estimate.n_ratings, estimate.n_paintings) == (facts["ratings"], facts["paintings"])
        assert (estimate.n_tracks, estimate.n_clips) == (facts["tracks"], facts["clips"])
        assert estimate.n_preferences == sum(fact["kept"] for fact in facts["preferences"].values())
        assert estimate.restricted_paintings == sum(facts["restricted"]["paintings"].values())
        assert estimate.restricted_tracks == sum(facts["restricted"]["tracks"].values())
        assert 0.5 < estimate.n_bytes / sealed.n_bytes < 2


def test_a_key_names_one_export(judged: Judged) -> None:
    key = uuid.uuid4()
    first = sealed_snapshot(judged.campaign, key=key)
    assert sealed_snapshot(judged.campaign, key=key) == first
