"""What to do next, in words, from the numbers alone."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse

from annotation_site.overview.numbers import Numbers, admin_page, many


@dataclass(frozen=True, slots=True)
class Step:
    """Something worth doing now: why, and the button that leads there."""

    words: str
    why: str
    button: str
    url: str


def next_steps(n: Numbers) -> list[Step]:
    """What the numbers call for, most urgent first. Never empty: at least it says that raters are at work."""
    asked = [*_collecting(n), *_learning(n), *_judging(n)]
    return [step for wanted, step in asked if wanted] or [
        Step(
            "Nothing waits for you",
            f"{many(n.pairs - n.complete - n.closed, 'pair')} open for raters; agreement follows live.",
            "Watch reliability",
            reverse("admin:reliability"),
        )
    ]


def _add(model: str) -> str:
    return admin_page(model, "add")


def _campaign(n: Numbers, action: str) -> str:
    if n.newest_campaign is None:
        return _add("scoring_campaign")
    return reverse(f"admin:scoring_campaign_{action}", args=[n.newest_campaign])


def _waiting(batches: int) -> str:
    """Of the batches to approve."""
    who = "One batch waits" if batches == 1 else f"{batches:,} batches wait"
    return f"{who} for your approval; nobody is asked before."


def _batch(n: Numbers) -> str:
    if n.newest_batch is None:
        return admin_page("rescoring_proposal")
    return reverse("admin:rescoring_proposal_change", args=[n.newest_batch])


def _collecting(n: Numbers) -> list[tuple[bool, Step]]:
    has_corpus = bool(n.paintings and n.clips)
    return [
        (
            not has_corpus,
            Step("Bring in paintings and music", "Everything starts from them.", "Import", _add("corpus_importjob")),
        ),
        (
            has_corpus and not n.campaigns,
            Step(
                "Make a campaign",
                "It says how many raters score a pair and what counts as ambiguous.",
                "New campaign",
                _add("scoring_campaign"),
            ),
        ),
        (
            bool(has_corpus and n.campaigns and not n.pairs),
            Step(
                "Draw pairs",
                "Raters score pairs of a painting and a clip.",
                "Draw pairs",
                _campaign(n, "make_pairs"),
            ),
        ),
        (
            bool(n.pairs and not n.raters),
            Step(
                "Invite raters",
                "Nobody but simulated raters can score yet: each invitation is a link for one person.",
                "Invite",
                _add("accounts_invitation"),
            ),
        ),
    ]


def _learning(n: Numbers) -> list[tuple[bool, Step]]:
    return [
        (
            bool(n.ready_to_promote),
            Step(
                "Promote a run to model version",
                f"{many(n.ready_to_promote, 'finished run')} newer than the active model.",
                "Training runs",
                admin_page("training_trainingrun"),
            ),
        ),
        (
            bool(n.model and not n.model_rescored),
            Step(
                "Let the model choose what to ask next",
                f"{n.model} has not scored unrated pairs yet.",
                "Rescore",
                _add("rescoring_rescoring"),
            ),
        ),
        (
            n.newest_batch is not None,
            Step(
                "Look at the batch that the model proposes",
                _waiting(n.batches_to_approve),
                "Look at it",
                _batch(n),
            ),
        ),
        (
            bool(n.snapshot_untrained and not n.runs_going),
            Step(
                "Train on the newest snapshot",
                f"Nothing was trained on {n.newest_snapshot} yet.",
                "New run",
                _add("training_trainingrun"),
            ),
        ),
    ]


def _judging(n: Numbers) -> list[tuple[bool, Step]]:
    return [
        (
            bool(n.ambiguous >= 2 and not n.tasks),
            Step(
                "Turn ambiguous pairs into preference tasks",
                f"{n.ambiguous:,} pairs have a score in the ambiguous band.",
                "Make tasks",
                _campaign(n, "make_tasks"),
            ),
        ),
        (
            bool(n.complete and not n.snapshots),
            Step(
                "Export a snapshot",
                f"{many(n.complete, 'complete pair')} can be sealed as a dataset.",
                "Export",
                _add("snapshots_snapshot"),
            ),
        ),
    ]
