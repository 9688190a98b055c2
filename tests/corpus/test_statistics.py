"""The corpus in numbers: counted right, drawn where they belong, and words where there is nothing."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from annotation_site.corpus.models import Clip
from annotation_site.corpus.statistics import MOST_BARS, corpus_statistics
from tests.conftest import NOON
from tests.factories import make_admin, make_clip, make_painting, make_rater, make_track, make_user

pytestmark = pytest.mark.django_db


def test_an_empty_corpus_has_words_and_the_way_to_the_import(client: Client):
    client.force_login(make_admin())
    shown = client.get(reverse("admin:corpus_statistics")).content.decode()
    assert "The corpus is empty" in shown
    assert reverse("admin:corpus_importjob_add") in shown
    assert "<figure" not in shown


def test_raters_and_plain_staff_do_not_see_it(client: Client):
    for user in (make_rater().user, make_user(is_staff=True)):
        client.force_login(user)
        assert client.get(reverse("admin:corpus_statistics")).status_code in (302, 403)


def test_everything_in_use_is_counted_once():
    for style, licence, may_publish in (("Baroque", "CC0-1.0", True), ("Baroque", "", True), ("", "MIT", False)):
        make_painting(style=style, licence=licence, may_publish=may_publish, width=400, height=900, collection="Own")
    make_painting(style="Rococo", withdrawn_at=NOON)
    track = make_track(clips=2, genre="calm", valence=6.5, arousal=2.5, collection="Own")
    make_clip(track=track, index=2, is_silent=True)
    make_track(clips=1, genre="calm")
    Clip.objects.filter(track=track, index=0).update(loudness_lufs=-14.2)
    seen = corpus_statistics()
    assert (seen.paintings, seen.tracks, seen.clips, seen.silent_clips, seen.withdrawn) == (3, 2, 4, 1, 1)
    assert seen.styles.rows == [("Baroque", 2), ("Not stated", 1)]
    assert seen.genres.rows == [("calm", 2)]
    assert seen.collections.rows == [("Own", 4), ("Not stated", 1)]
    rights = seen.painting_rights
    assert (rights.items, rights.publish, rights.unstated, rights.annotate_only) == (3, 1, 1, 1)
    assert seen.moods == [(6.5, 2.5)]
    assert (sum(seen.loudness.counts), seen.unmeasured) == (1, 2)
    assert sum(seen.durations.counts) == 2
    (filled,) = [edges for edges, count in zip(seen.long_sides.edges, seen.long_sides.counts, strict=False) if count]
    assert filled <= 900 <= seen.long_sides.edges[-1]


def test_rare_values_are_told_together():
    for number in range(MOST_BARS + 3):
        make_painting(style=f"Style {number:02d}")
    styles = corpus_statistics().styles
    assert (len(styles.rows), styles.others, styles.n_others) == (MOST_BARS, 3, 3)


def test_one_far_outlier_does_not_flatten_a_histogram():
    for _ in range(200):
        make_painting(width=1000, height=800)
    make_painting(width=20_000, height=800)
    sides = corpus_statistics().long_sides
    assert sides.edges[-1] < 2000
    assert sum(sides.counts) == 201


def test_the_page_draws_it_and_each_bar_leads_to_its_list(client: Client, django_assert_max_num_queries):
    client.force_login(make_admin())
    for style in ("Baroque", "", "Art & <Nouveau>"):
        make_painting(style=style)
    make_track(clips=3, valence=6.0, arousal=3.0)
    with django_assert_max_num_queries(24):
        shown = client.get(reverse("admin:corpus_statistics")).content.decode()
    assert "Paintings by style" in shown
    assert "Art &amp; &lt;Nouveau&gt;" in shown
    listed = client.get(reverse("admin:corpus_painting_changelist"), {"use": "in", "style": "—"})
    assert listed.context["cl"].result_count == 1
    assert "use=in&amp;style=%E2%80%94" in shown
