"""The corpus pages: lists to find things in, one page an item, changes to many at once, removing and bringing back."""

from __future__ import annotations

import html
import re

import pytest
from django.contrib.admin import helpers
from django.test import Client
from django.urls import reverse

from annotation_site.corpus.models import ImportJob, Painting, PaintingOrigin, Track
from annotation_site.scoring.models import Pair
from tests.conftest import NOON
from tests.factories import (
    make_admin,
    make_campaign,
    make_clip,
    make_painting,
    make_pair,
    make_rater,
    make_rating,
    make_track,
    make_user,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(client: Client) -> Client:
    client.force_login(make_admin())
    return client


def address(name: str, *args: object) -> str:
    return reverse(f"admin:corpus_{name}", args=args)


def page(client: Client, name: str, *args: object, **query: object) -> str:
    response = client.get(address(name, *args), query)
    assert response.status_code == 200, name
    return response.content.decode()


def listed(client: Client, model: str = "painting", **query: object) -> set[str]:
    response = client.get(address(f"{model}_changelist"), query)
    assert response.status_code == 200, query
    return {str(item) for item in response.context["cl"].result_list}


# --- Lists ---------------------------------------------------------------------------------------------------------
def test_paintings_show_as_a_grid_or_a_table_and_the_choice_is_kept(admin: Client):
    make_painting(title="Night")
    assert 'class="corpus-grid"' in page(admin, "painting_changelist")
    assert 'id="result_list"' in page(admin, "painting_changelist", view="table")
    assert 'id="result_list"' in page(admin, "painting_changelist")
    assert 'class="corpus-grid"' in page(admin, "painting_changelist", view="grid")
    assert listed(admin, view="mosaic") == {"Night"}


def test_search_looks_at_title_artist_file_name_and_key(admin: Client):
    night = make_painting(title="Night", artist="Ann", file_name="scan-17.jpg")
    make_painting(title="Day", artist="Ben")
    for words in ("night", "ann", "scan-17", night.key):
        assert listed(admin, q=words) == {"Night"}
    assert "No paintings match" in page(admin, "painting_changelist", q="nothing such")


def test_filters_narrow_the_list_alone_and_together(admin: Client):
    make_painting(title="a", style="Baroque", artist="Ann", collection="WikiArt", source="A book", licence="MIT")
    make_painting(title="b", style="Baroque", artist="Ben & Co, 50% <b>", licence="")
    make_painting(title="c", style="", may_publish=False, is_synthetic=True)
    make_painting(title="d", style="Rococo", withdrawn_at=NOON)
    make_painting(title="e", style="Rococo", withdrawn_at=NOON, media_removed_at=NOON)
    for query, titles in (
        ({"style": "Baroque"}, "ab"),
        ({"style": "—"}, "c"),
        ({"artist": "Ben & Co, 50% <b>"}, "b"),
        ({"style": "Baroque", "artist": "Ann"}, "a"),
        ({"collection": "WikiArt"}, "a"),
        ({"source": "A book"}, "a"),
        ({"licence": "MIT"}, "a"),
        ({"rights": "annotate"}, "c"),
        ({"rights": "unstated"}, "b"),
        ({"rights": "publish"}, "ade"),
        ({"kind": "synthetic"}, "c"),
        ({"use": "in"}, "abc"),
        ({"use": "out"}, "de"),
        ({"use": "gone"}, "e"),
        ({"use": "in", "q": "Ben"}, "b"),
    ):
        assert listed(admin, **query) == set(titles), query
    shown = html.unescape(page(admin, "painting_changelist", style="Baroque"))
    assert "Baroque (2)" in shown, "filters say how many there are of each"
    assert re.search(r'class="corpus-chip" href="\?"', shown), "and can be taken off"


def test_tracks_and_clips_are_filtered_too(admin: Client):
    calm = make_track(title="Dawn", genre="calm", collection="DEAM", clips=2)
    make_track(title="Dusk", genre="tense", is_synthetic=True, clips=1)
    make_clip(track=calm, index=2, is_silent=True)
    assert listed(admin, "track", genre="calm") == {"Dawn"}
    assert listed(admin, "track", collection="DEAM", kind="real") == {"Dawn"}
    assert listed(admin, "clip", genre="calm", sound="silent") == {"Dawn · 3"}
    assert listed(admin, "clip", kind="synthetic") == {"Dusk · 1"}
    assert listed(admin, "clip", collection="DEAM", sound="heard") == {"Dawn · 1", "Dawn · 2"}


def test_a_track_in_the_list_plays_its_first_clip_in_place(admin: Client):
    track = make_track(clips=2)
    for view in ("grid", "table"):
        shown = html.unescape(page(admin, "track_changelist", view=view))
        assert shown.count("data-player") == 1
        assert f'["{track.clips.get(index=0).audio.url}"]' in shown


def test_sorting_is_offered_in_the_grid(admin: Client):
    for title in ("Beta", "Alpha"):
        make_painting(title=title)
    response = admin.get(address("painting_changelist"))
    assert [item.title for item in response.context["cl"].result_list] == ["Alpha", "Beta"], "the newest first"
    by_title = next(choice for choice in response.context["cl"].sorts() if choice.words == "Title")
    again = admin.get(address("painting_changelist") + by_title.url)
    assert [item.title for item in again.context["cl"].result_list] == ["Alpha", "Beta"]
    assert 'aria-current="true">Title' in again.content.decode()


@pytest.mark.parametrize("view", ["grid", "table"])
@pytest.mark.parametrize(("model", "most"), [("painting", 14), ("track", 15), ("clip", 10)])
def test_lists_ask_the_database_as_often_for_many_as_for_few(
    admin: Client, django_assert_max_num_queries, model: str, view: str, most: int
):
    for number in range(25):
        make_painting(style=f"Style {number}", artist=f"Artist {number}")
        make_track(clips=2, genre=f"Genre {number}")
    with django_assert_max_num_queries(most):
        page(admin, f"{model}_changelist", view=view)


def test_lists_read_no_column_that_they_do_not_show(admin: Client, django_assert_max_num_queries):
    make_painting()
    with django_assert_max_num_queries(14) as asked:
        page(admin, "painting_changelist", view="grid")
    select = next(query["sql"] for query in asked.captured_queries if "thumbnail" in query["sql"])
    assert "extras" not in select
    assert "model_input" not in select


def test_an_empty_list_leads_to_the_import(admin: Client):
    for model in ("painting", "track"):
        assert address("importjob_add") in page(admin, f"{model}_changelist")


def test_withdrawn_and_unpublishable_items_say_so_in_both_views(admin: Client):
    make_painting(withdrawn_at=NOON)
    make_painting(withdrawn_at=NOON, media_removed_at=NOON)
    make_painting(may_publish=False)
    for view in ("grid", "table"):
        shown = page(admin, "painting_changelist", view=view)
        for words in ("Withdrawn", "Files deleted", "Annotate only"):
            assert words in shown


# --- One item ------------------------------------------------------------------------------------------------------
def test_a_paintings_page_tells_where_it_came_from(admin: Client):
    job = ImportJob.objects.create(path="/srv/media", created_at=NOON)
    painting = make_painting(imported_by=job)
    for place, title in (("folder:/srv/media", "Night"), ("zip:/srv/more.zip", "Nuit <i>")):
        PaintingOrigin.objects.create(
            painting=painting,
            job=job,
            place=place,
            file="a/b.jpg",
            details={"title": title, "year": ""},
            created_at=NOON,
        )
    shown = page(admin, "painting_change", painting.pk)
    for words in ("folder:/srv/media", "zip:/srv/more.zip", "Nuit &lt;i&gt;", "800 × 600 pixels", painting.sha256):
        assert words in shown
    assert address("importjob_change", job.pk) in shown
    assert f'href="{painting.original.url}" download="{painting.file_name}"' in shown


def test_an_items_pairs_show_ratings_scores_and_partners_a_page_at_a_time(admin: Client, django_assert_max_num_queries):
    campaign, painting = make_campaign(raters_per_pair=3), make_painting()
    track = make_track(clips=1, title="Dawn")
    complete = make_pair(campaign=campaign, painting=painting, clip=track.clips.get())
    for rater, value in zip([make_rater() for _ in range(3)], (0.2, 0.4, 0.9), strict=True):
        make_rating(pair=complete, rater=rater, value=value)
    for _ in range(14):
        make_pair(campaign=campaign, painting=painting)
    Pair.objects.filter(rating_count=0).update(closed_at=NOON, closed_because="tried")
    with django_assert_max_num_queries(14):
        shown = page(admin, "painting_change", painting.pk)
    for words in ("15 pairs", "3 of 3", "0.400", "Dawn, part 1", "Closed"):
        assert words in shown
    assert shown.count("data-player") == 12
    assert page(admin, "painting_change", painting.pk, pairs="2").count("data-player") == 3
    assert page(admin, "painting_change", painting.pk, pairs="nonsense").count("data-player") == 12
    seen_from_the_track = page(admin, "track_change", track.pk)
    assert painting.thumbnail.url in seen_from_the_track
    assert "0.400" in seen_from_the_track


def test_a_tracks_page_shows_loudness_peak_and_mood(admin: Client):
    track = make_track(clips=0, valence=6.25, arousal=3.5)
    make_clip(track=track, loudness_lufs=-14.24, true_peak_dbtp=-0.5)
    make_clip(track=track, index=1)
    shown = page(admin, "track_change", track.pk)
    for words in ("-14.2 LUFS, peak -0.5 dBTP", "loudness not measured", "Valence 6.25, arousal 3.50"):
        assert words in shown


def test_the_catalogue_and_the_rights_can_be_mended(admin: Client):
    track = make_track(clips=1)
    told = {"title": "Dusk", "collection": "DEAM", "valence": "6.5", "licence": "MIT"}
    assert admin.post(address("track_change", track.pk), told).status_code == 302
    track.refresh_from_db()
    assert (track.title, track.collection, track.valence, track.may_publish) == ("Dusk", "DEAM", 6.5, False)


def test_there_is_no_page_of_an_item_that_is_not_there(admin: Client):
    for model in ("painting", "track"):
        assert admin.get(address(f"{model}_change", 999_999)).status_code == 302
        for step in ("remove", "bring_back", "delete_files"):
            assert admin.get(address(f"{model}_{step}", 999_999)).status_code == 404


# --- Many at once --------------------------------------------------------------------------------------------------
def describe(client: Client, items: list, model: str = "painting", **told: object):
    chosen = {"action": "describe", helpers.ACTION_CHECKBOX_NAME: [item.pk for item in items]}
    return client.post(address(f"{model}_changelist"), chosen | told)


def test_many_items_are_described_in_one_step(admin: Client):
    items = [make_painting(attribution="old", licence="") for _ in range(3)]
    other = make_painting(licence="")
    asked = describe(admin, items).content.decode()
    assert "3\n" in asked or "3 paintings" in re.sub(r"\s+", " ", asked)
    told = {"licence": "CC-BY-4.0", "empty_attribution": "on", "may_publish": "no", "describe": "1"}
    assert describe(admin, items, **told).status_code == 302
    for item in items:
        item.refresh_from_db()
        assert (item.licence, item.attribution, item.may_publish) == ("CC-BY-4.0", "", False)
    other.refresh_from_db()
    assert (other.licence, other.may_publish) == ("", True)


def test_all_that_a_filter_shows_can_be_described_beyond_the_page(admin: Client):
    for _ in range(70):
        make_painting(style="Baroque")
    make_painting(style="Rococo")
    first = Painting.objects.first()
    told = {"action": "describe", helpers.ACTION_CHECKBOX_NAME: [first.pk], "select_across": "1"}
    done = admin.post(
        address("painting_changelist") + "?style=Baroque", told | {"collection": "WikiArt", "describe": "1"}
    )
    assert done.status_code == 302
    assert Painting.objects.filter(collection="WikiArt").count() == 70


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({}, "Nothing is filled in"),
        ({"licence": "MIT", "empty_licence": "on"}, "not both"),
        ({"collection": "x" * 121}, "at most 120 characters"),
    ],
)
def test_what_cannot_be_meant_is_said_and_changes_nothing(admin: Client, told: dict[str, str], words: str):
    track = make_track(licence="CC0-1.0")
    answer = describe(admin, [track], "track", describe="1", **told)
    assert words in answer.content.decode()
    assert Track.objects.get().licence == "CC0-1.0"


# --- Removing ------------------------------------------------------------------------------------------------------
def removal(**told: str) -> dict[str, str]:
    return {"because": "Its licence", "begun": "close", "snapshots": "leave"} | told


def test_an_item_is_removed_and_brought_back_with_its_pairs(admin: Client):
    pair = make_pair()
    painting = pair.painting
    asked = page(admin, "painting_remove", painting.pk)
    assert pair.campaign.name in asked
    assert "No sealed snapshot holds it" in asked
    assert admin.post(address("painting_remove", painting.pk), removal()).status_code == 302
    painting.refresh_from_db()
    pair.refresh_from_db()
    assert (painting.withdrawn_because, pair.closed_at is not None) == ("Its licence", True)
    shown = page(admin, "painting_change", painting.pk)
    assert "“Its licence”" in shown
    assert address("painting_bring_back", painting.pk) in shown
    assert address("painting_remove", painting.pk) not in shown
    assert "Bring" in page(admin, "painting_bring_back", painting.pk)
    assert admin.post(address("painting_bring_back", painting.pk), {"reopen": "yes"}).status_code == 302
    painting.refresh_from_db()
    pair.refresh_from_db()
    assert (painting.withdrawn_at, pair.closed_at) == (None, None)


def test_a_removal_wants_a_reason(admin: Client):
    painting = make_painting()
    answer = admin.post(address("painting_remove", painting.pk), removal(because=""))
    assert answer.status_code == 200
    assert "This field is required" in answer.content.decode()
    painting.refresh_from_db()
    assert painting.withdrawn_at is None


def test_removing_twice_says_so(admin: Client):
    track = make_track()
    admin.post(address("track_remove", track.pk), removal())
    again = admin.post(address("track_remove", track.pk), removal(because="Again"), follow=True)
    assert "was withdrawn already" in html.unescape(again.content.decode())
    track.refresh_from_db()
    assert track.withdrawn_because == "Its licence"


def test_files_are_deleted_after_a_question_and_the_pages_say_so(admin: Client):
    pair = make_pair()
    track = pair.clip.track
    admin.post(address("track_remove", track.pk), removal())
    assert "could not be brought back" in page(admin, "track_delete_files", track.pk)
    assert admin.post(address("track_delete_files", track.pk)).status_code == 302
    shown = page(admin, "track_change", track.pk)
    assert "deleted on" in shown
    assert "data-player" not in shown
    assert track.original.url not in shown
    assert "data-player" not in page(admin, "painting_change", pair.painting.pk)
    for name in ("track_changelist", "clip_changelist"):
        assert "data-player" not in page(admin, name)


def test_nobody_else_removes_anything(client: Client):
    painting = make_painting()
    for user in (None, make_rater().user, make_user(is_staff=True)):
        if user:
            client.force_login(user)
        for step in ("remove", "bring_back", "delete_files"):
            for answer in (
                client.get(address(f"painting_{step}", painting.pk)),
                client.post(address(f"painting_{step}", painting.pk), removal()),
            ):
                assert answer.status_code in (302, 403)
                assert not answer.headers.get("Location", "").endswith("/change/")
    painting.refresh_from_db()
    assert painting.withdrawn_at is None
