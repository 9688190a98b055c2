"""A proposed batch on its page: cards by filter, totals, and what a press of a button changes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Count, QuerySet
from django.http import QueryDict
from django.urls import reverse
from django.utils.http import urlencode

from annotation_site.corpus.models import Clip, Painting
from annotation_site.jobs.models import JobState
from annotation_site.jobs.running import JobFailed
from annotation_site.rescoring.errors import RescoringError
from annotation_site.rescoring.forms import PairForm
from annotation_site.rescoring.inputs import items_read
from annotation_site.rescoring.models import Proposal, ProposedPair, Route
from annotation_site.rescoring.proposals import pair_add, pairs_drop
from annotation_site.rescoring.results import score_of
from annotation_site.rescoring.selectors import totals_of
from annotation_site.rescoring.services import rescoring_folder
from annotation_site.rescoring.shown import REASONS, SHOWN_WITH, cards_of

CARDS_A_PAGE = 24
FILTERS = ("route", "reason", "only")


def batch_context(proposal: Proposal, query: QueryDict, *, now: datetime) -> dict[str, Any]:
    """All that the page shows of the pairs that the address's filters leave."""
    if proposal.state != JobState.DONE:
        return {}
    asked = {name: str(query[name]) for name in FILTERS if query.get(name)}
    pairs = _filtered(proposal, asked).select_related(*SHOWN_WITH).order_by("rank")
    page = Paginator(pairs, CARDS_A_PAGE).get_page(query.get("page"))
    return {
        "proposal": proposal,
        "campaign": proposal.rescoring.campaign,
        "is_draft": proposal.standing == Proposal.Standing.DRAFT,
        "totals": totals_of(proposal, now=now),
        "page": page,
        "cards": cards_of(list(page.object_list), campaign=proposal.rescoring.campaign),
        "filters": _filters(proposal, asked),
        "query": f"?{query.urlencode()}" if query else "",
        "keep": f"{urlencode(asked)}&" if asked else "",
        "pairs_url": reverse("admin:rescoring_proposal_pairs", args=[proposal.pk]),
        "add_url": reverse("admin:rescoring_proposal_pair_add", args=[proposal.pk]),
        "add_form": PairForm(),
        "rescoring_url": reverse("admin:rescoring_rescoring_change", args=[proposal.rescoring_id]),
    }


def _filtered(proposal: Proposal, asked: Mapping[str, str]) -> QuerySet[ProposedPair]:
    pairs = proposal.pairs.all()
    if asked.get("route"):
        pairs = pairs.filter(route=asked["route"])
    if asked.get("reason"):
        pairs = pairs.filter(reason=asked["reason"])
    if asked.get("only"):
        pairs = pairs.filter(is_dropped=asked["only"] == "dropped")
    return pairs


def _filters(proposal: Proposal, asked: Mapping[str, str]) -> list[dict[str, Any]]:
    """The rows of links above the cards: of routes, of reasons, of what is in the batch and what is not."""
    names = {
        "route": {route.value: route.label for route in Route},
        "reason": REASONS,
        "only": {"kept": "Not dropped", "dropped": "Dropped"},
    }
    columns = {"route": "route", "reason": "reason", "only": "is_dropped"}
    found = []
    for name, words in names.items():
        counts = dict(proposal.pairs.order_by().values_list(columns[name]).annotate(n=Count("pk")))
        if name == "only":
            counts = {"kept": counts.get(False, 0), "dropped": counts.get(True, 0)}
        others = {key: value for key, value in asked.items() if key != name}
        links = [{"words": "All", "count": None, "url": f"?{urlencode(others)}", "is_chosen": name not in asked}]
        links += [
            {
                "words": words[value],
                "count": counts[value],
                "url": f"?{urlencode({**others, name: value})}",
                "is_chosen": asked.get(name) == value,
            }
            for value in words
            if counts.get(value)
        ]
        found.append({"name": name, "links": links})
    return [row for row in found if len(row["links"]) > 2]


# --- What a button does ------------------------------------------------------------------------------------------
def pairs_change(proposal: Proposal, sent: QueryDict) -> Collection[int]:
    """Do what one button of a card says; returns the proposed pairs that it was about. Raises `RescoringError`."""
    pair_id = sent.get("pair", "")
    pair = proposal.pairs.filter(pk=int(pair_id)).first() if pair_id.isdecimal() else None
    if pair is None:
        raise RescoringError("That pair is not in this batch.")
    action = sent.get("do", "")
    verb, _, of = action.partition("-")
    about = {
        "": proposal.pairs.filter(pk=pair.pk),
        "painting": proposal.pairs.filter(painting=pair.painting_id),
        "clip": proposal.pairs.filter(clip=pair.clip_id),
    }
    if action == "ask":
        pair_add(proposal=proposal, painting=pair.painting, clip=pair.clip, score=pair.score, sd=pair.sd)
        return [pair.pk]
    if verb not in ("drop", "back") or of not in about:
        raise RescoringError("This page is old: load it again.")
    pair_ids = list(about[of].values_list("pk", flat=True))
    pairs_drop(proposal=proposal, pair_ids=pair_ids, is_dropped=verb == "drop")
    return pair_ids


def changed_context(proposal: Proposal, changed: Collection[int], sent: QueryDict, *, now: datetime) -> dict[str, Any]:
    """The totals, and the feet of those changed cards that the page shows."""
    shown = {int(value) for value in sent.getlist("shown") if value.isdecimal()}
    campaign = proposal.rescoring.campaign
    return {
        "totals": totals_of(proposal, now=now),
        "campaign": campaign,
        "proposal": proposal,
        "is_draft": True,
        "cards": cards_of(
            list(proposal.pairs.filter(pk__in=shown & set(changed)).select_related(*SHOWN_WITH)), campaign=campaign
        ),
        "pairs_url": reverse("admin:rescoring_proposal_pairs", args=[proposal.pk]),
        "query": sent.get("query", ""),
    }


def safe_query(sent: str) -> str:
    """The filters that a form was sent from, and nothing else."""
    query = QueryDict(sent.removeprefix("?"))
    kept = {name: str(query[name]) for name in (*FILTERS, "page") if query.get(name)}
    return f"?{urlencode(kept)}" if kept else ""


def pair_find_and_add(proposal: Proposal, sent: QueryDict) -> ProposedPair:
    """Add a pair by the keys of its items. Raises `RescoringError` where it was not scored."""
    form = PairForm(sent)
    if not form.is_valid():
        raise RescoringError("Give the keys of a painting and of a clip, as their pages show them.")
    folder = rescoring_folder(proposal.rescoring)
    painting, clip = form.cleaned_data["painting"].strip(), form.cleaned_data["clip"].strip()
    try:
        found = score_of(folder, items_read(folder), painting=painting, clip=clip)
    except JobFailed as error:
        raise RescoringError(str(error)) from None
    if found is None:
        raise RescoringError(f"{painting} with {clip} is not among the pairs that this rescoring scored.")
    score, sd = found
    found_painting, found_clip = Painting.objects.get(key=painting), Clip.objects.get(key=clip)
    return pair_add(proposal=proposal, painting=found_painting, clip=found_clip, score=score, sd=sd)


def approval_facts(proposal: Proposal, *, now: datetime) -> list[str]:
    """What is asked before approving: how many pairs, what they cost, and what they are not told."""
    totals, campaign = totals_of(proposal, now=now), proposal.rescoring.campaign
    facts = [
        f"{totals.asked:,} pairs come before all others in {campaign}, for every rater.",
        f"That is {totals.judgments:,} ratings, {campaign.raters_per_pair} a pair: {totals.time}.",
        "Raters are not told which pairs these are, and see nothing of what the model predicts.",
    ]
    if totals.preference:
        facts.append(
            f"{totals.preference:,} of them are probably ambiguous. They are rated first: where people find so too, "
            "preference tasks can be made of them."
        )
    if totals.control_dropped:
        facts.append(
            f"{totals.control_dropped:,} pairs of the control arm are dropped: it is no random sample any more."
        )
    return facts
