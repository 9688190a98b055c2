"""The Responsible-AI part of `croissant.json`: what its vocabulary asks and the facts can answer, and nothing else."""

from __future__ import annotations

from mpd_builder.snapshot.papers import cautions, statements
from mpd_builder.snapshot.papers.about import About, plain

Answer = str | list[str]


def fields(about: About) -> dict[str, Answer]:
    """By name in the vocabulary; those without an answer are left out. No backticks: this is not Markdown."""
    answers: dict[str, Answer] = _collection(about) | _annotation(about) | _use(about)
    return {f"rai:{name}": _without_marks(answer) for name, answer in answers.items() if answer}


def _collection(about: About) -> dict[str, Answer]:
    facts = about.facts
    simulated = facts.simulated_raters == facts.raters
    days = [day for day in (facts.collected_from, facts.collected_until) if day]
    return {
        "dataCollection": " ".join(filter(None, [statements.task(), statements.scoring(about.recipe)])),
        "dataCollectionType": ["Simulations"] if simulated else ["Experiments"],
        "dataCollectionMissingData": " ".join(cautions.gaps(about)),
        "dataCollectionRawData": "Every rating that counts is in the record set ratings, with what was recorded of it.",
        "dataCollectionTimeFrame": days if len(days) == 2 else [],
        "dataPreprocessingProtocol": [
            statements.scoring(about.recipe),
            statements.preference_rule(about.recipe),
            statements.split_rule(about.recipe),
        ],
        "dataImputationProtocol": "Nothing is filled in: what was not stated or not measured is empty or null.",
        "dataReleaseMaintenancePlan": " ".join(cautions.maintenance()),
    }


def _annotation(about: About) -> dict[str, Answer]:
    facts = about.facts
    return {
        "dataAnnotationProtocol": [
            statements.task(),
            statements.preference_rule(about.recipe),
            statements.playback(facts),
            *statements.instructions(facts, clean=plain),
        ],
        "dataAnnotationPlatform": ["MPD Atelier"],
        "dataAnnotationAnalysis": [*statements.agreement(facts), *statements.vote_agreement(facts)],
        "annotationsPerItem": statements.per_item(about),
        "annotatorDemographics": [statements.who_rated(facts), *statements.backgrounds(facts, clean=plain)],
        "machineAnnotationTools": (["The simulated raters of MPD Atelier"] if facts.simulated_raters else []),
    }


def _use(about: About) -> dict[str, Answer]:
    facts = about.facts
    return {
        "dataUseCases": cautions.uses(facts),
        "dataBiases": cautions.imbalances(facts, clean=plain),
        "dataLimitations": [*cautions.gaps(about), *(f"Not meant: {use}" for use in cautions.misuses(facts))],
        "dataSocialImpact": cautions.impact(facts),
        "personalSensitiveInformation": cautions.personal(about),
    }


def _without_marks(answer: Answer) -> Answer:
    return answer.replace("`", "") if isinstance(answer, str) else [each.replace("`", "") for each in answer]
