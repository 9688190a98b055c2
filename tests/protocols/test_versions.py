"""Writing a version: a draft, what is wrong with it, publishing it for good."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from annotation_site.accounts.models import Rater
from annotation_site.protocols.models import ExampleKind, ProtocolVersion, VersionState
from annotation_site.protocols.rendering import rendered
from annotation_site.protocols.selectors import problems_of, version_in_force
from annotation_site.protocols.services import ProtocolError, digest_of, draft_make, version_publish
from tests import factories
from tests.conftest import NOON
from tests.protocols.conftest import add_example, draft_with_examples

LIST = reverse("admin:protocols_protocolversion_changelist")


def fatal(version: ProtocolVersion) -> list[str]:
    return [problem.words for problem in problems_of(version) if problem.is_fatal]


def test_a_draft_begins_as_a_copy_and_there_is_one_at_a_time(practised: ProtocolVersion) -> None:
    draft = draft_make(now=NOON)
    assert (draft.number, draft.state, draft.consent) == (3, VersionState.DRAFT, practised.consent)
    assert draft.examples.count() == 5
    assert draft_make(now=NOON) == draft
    with pytest.raises(IntegrityError), transaction.atomic():
        ProtocolVersion.objects.create(number=9, consent="x", briefing="x", created_at=NOON)


def test_a_draft_changes_nothing_until_it_is_published(practised: ProtocolVersion) -> None:
    draft = draft_make(now=NOON)
    assert version_in_force() == practised
    published = version_publish(version=draft, by=factories.make_admin(), now=NOON)
    assert version_in_force() == published
    with pytest.raises(ProtocolError, match="published already"):
        version_publish(version=draft, by=None, now=NOON)


def test_the_digest_tells_when_something_of_a_published_version_was_changed(practised: ProtocolVersion) -> None:
    assert digest_of(practised) == practised.digest
    assert digest_of(version_in_force()) == practised.digest
    first = ProtocolVersion.objects.get(number=1)
    assert digest_of(first) == first.digest
    for change in ({"consent": "Other words."}, {"qualifies_within": 0.2}):
        ProtocolVersion.objects.filter(pk=2).update(**change)
        assert digest_of(ProtocolVersion.objects.get(pk=2)) != practised.digest
        ProtocolVersion.objects.filter(pk=2).update(consent=practised.consent, qualifies_within=None)
    practised.examples.filter(kind=ExampleKind.PRACTICE).update(reference=0.5)
    assert digest_of(practised) != practised.digest


def test_what_is_wrong_with_a_draft_is_said_all_at_once(db: None) -> None:
    draft = draft_make(now=NOON)
    draft.consent, draft.qualifies_within = "  ", 0.2
    draft.save()
    painting, clip = factories.make_painting(), factories.make_clip()
    factories.make_pair(painting=painting, clip=clip)
    draft.examples.create(kind=ExampleKind.WORKED, painting=painting, clip=clip, reference=0.5)
    assert len(fatal(draft)) == 3
    with pytest.raises(ProtocolError) as refused:
        version_publish(version=draft, by=None, now=NOON)
    for words in ("no text for the consent", "no practice pairs to qualify by", "is a pair of a campaign"):
        assert words in str(refused.value)
    draft.refresh_from_db()
    assert not draft.is_published


def test_items_in_pairs_already_and_a_narrow_practice_are_told_and_allowed(db: None) -> None:
    draft = draft_make(now=NOON)
    example = add_example(draft, ExampleKind.PRACTICE, 0.5)
    factories.make_pair(painting=example.painting)
    told = problems_of(draft)
    assert [problem.is_fatal for problem in told] == [False, False]
    assert "do not span the scale" in told[0].words
    assert "in 1 pairs already" in told[1].words
    assert version_publish(version=draft, by=None, now=NOON).is_published


def test_withdrawn_and_silent_items_are_no_examples(db: None) -> None:
    draft = draft_make(now=NOON)
    one, other = (add_example(draft, ExampleKind.WORKED, 0.5) for _ in range(2))
    type(one.painting).objects.filter(pk=one.painting_id).update(withdrawn_at=NOON)
    type(other.clip).objects.filter(pk=other.clip_id).update(is_silent=True)
    assert [words.split("”", 1)[1] for words in fatal(draft)] == [
        " was withdrawn from the corpus. Take another.",
        " has a silent clip. Take another.",
    ]


@pytest.mark.parametrize(
    "hostile", ["<script>alert(1)</script>", "[x](javascript:alert(1))", "<img src=x onerror=alert(1)>"]
)
def test_what_an_admin_writes_cannot_become_a_script(hostile: str) -> None:
    html = rendered(hostile)
    assert "<script" not in html
    assert "<img" not in html
    assert 'href="javascript' not in html


def test_the_code_stands_where_the_text_says() -> None:
    assert rendered("You are **{code}**.", code="R-XYZ234") == "<p>You are <strong>R-XYZ234</strong>.</p>\n"


# --- The panel ---------------------------------------------------------------------------------------------------
def test_an_admin_writes_looks_and_publishes(as_admin: Client, vera: Rater) -> None:
    assert "In force" in as_admin.get(LIST).content.decode()
    page = as_admin.get(reverse("admin:protocols_protocolversion_write_draft"), follow=True)
    assert page.redirect_chain[-1][0] == reverse("admin:protocols_protocolversion_change", args=[2])
    form = page.context["adminform"].form
    fields = {name: form.get_initial_for_field(field, name) or "" for name, field in form.fields.items()}
    inline = {f"examples-{name}": 0 for name in ("TOTAL_FORMS", "INITIAL_FORMS")}
    fields |= {"summary": "Shorter", "briefing": "# Look *hard*", "again_briefing": "on", "practice_attempts": 0}
    saved = as_admin.post(page.redirect_chain[-1][0], {**fields, **inline})
    assert saved.status_code == 302
    preview = as_admin.get(reverse("admin:protocols_protocolversion_preview", args=[2])).content.decode()
    assert "<h1>Look <em>hard</em></h1>" in preview
    publish = reverse("admin:protocols_protocolversion_publish", args=[2])
    asked = as_admin.get(publish).content.decode()
    assert "1 raters have to read the briefing again" in asked
    as_admin.post(publish)
    vera.refresh_from_db()
    assert vera.admitted_at is None
    assert version_in_force().summary == "Shorter"


def test_what_is_published_can_only_be_looked_at(as_admin: Client, practised: ProtocolVersion) -> None:
    page = as_admin.get(reverse("admin:protocols_protocolversion_change", args=[2]))
    assert page.status_code == 200
    assert 'name="briefing"' not in page.content.decode()
    assert (
        as_admin.post(reverse("admin:protocols_protocolversion_change", args=[2]), {"briefing": "x"}).status_code == 403
    )
    assert as_admin.post(reverse("admin:protocols_protocolversion_delete", args=[2])).status_code == 403


def test_a_draft_can_be_thrown_away(as_admin: Client) -> None:
    draft_with_examples()
    as_admin.post(reverse("admin:protocols_protocolversion_delete", args=[2]), {"post": "yes"})
    assert not ProtocolVersion.objects.filter(number=2).exists()


def test_only_admins_write_versions(as_vera: Client, as_boris: Client, as_stranger: Client) -> None:
    draft_with_examples()
    for name, args in (("changelist", []), ("change", [2]), ("preview", [2]), ("publish", [2]), ("write_draft", [])):
        for client in (as_vera, as_boris, as_stranger):
            assert client.get(reverse(f"admin:protocols_protocolversion_{name}", args=args)).status_code == 302
    assert not ProtocolVersion.objects.get(number=2).is_published
