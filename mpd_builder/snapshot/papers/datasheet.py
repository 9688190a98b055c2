"""`DATASHEET.md`: what a reader asks before using a dataset, after "Datasheets for Datasets" (Gebru and others, 2021).

All of it is put together from facts. What only the publisher can say is one list at the end, not made up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mpd_builder.snapshot import leakage
from mpd_builder.snapshot.columns import COLUMNS
from mpd_builder.snapshot.papers import cautions, citation, licences, statements
from mpd_builder.snapshot.papers.about import About, cell, number
from mpd_builder.snapshot.papers.protocols import protocol_path
from mpd_builder.snapshot.recipe import MediaChoice
from mpd_builder.snapshot.tables import PAIR_TABLES, SPLITS

MOST_NAMES = 20


def render(about: About) -> str:
    """The whole file."""
    sections = [
        ["# Data sheet", f"Of: {about.title}.", statements.origin(about)],
        _motivation(about),
        _composition(about),
        _collection(about),
        _raters(about),
        _agreement(about),
        _preprocessing(about),
        _uses(about),
        _distribution(about),
        ["## Maintenance", _points(cautions.maintenance())],
        _left_to_the_publisher(about),
    ]
    return "\n\n".join(paragraph for section in sections for paragraph in section if paragraph) + "\n"


def _motivation(about: About) -> Iterable[str]:
    yield "## Motivation"
    yield (
        f'It measures perceptual coherence between music and painting, after the paper "{citation.PAPER_TITLE}". '
        f"{statements.task()}"
    )
    yield statements.synthesis(about)


def _composition(about: About) -> Iterable[str]:
    facts = about.facts
    yield "## Composition"
    yield statements.holdings(facts)
    rows = [(f"`{split}`", f"{facts.pairs[split]:,}") for split in SPLITS]
    yield _table(("split", "pairs"), rows)
    yield statements.split_rule(about.recipe)
    if leakage.NAME in about.files:
        yield f"`{leakage.NAME}` says what the sides share under each way of splitting; `verify` works it out anew."
    yield (
        f"Scores: mean {number(facts.score_mean)}; pairs by tenth, from 0 to 1: "
        f"{', '.join(f'{count:,}' for count in facts.score_histogram)}."
    )
    if any(facts.styles):
        yield f"Paintings by style: {_names(facts.styles)}."
    if any(facts.genres):
        yield f"Clips by genre: {_names(facts.genres)}."
    yield f"{statements.media(about)} {_arrays(about)}".strip()
    yield from statements.repeated_works(facts)
    gaps = cautions.gaps(about)
    yield "### Known gaps" if gaps else ""
    yield _points(gaps)
    uneven = cautions.imbalances(facts, clean=cell)
    yield "### Not spread evenly" if uneven else ""
    yield _points(uneven)
    yield "### People in the data"
    yield _points(cautions.personal(about))


def _arrays(about: About) -> str:
    if not about.arrays:
        return ""
    named = ", ".join(f"`{fact.path}` ({fact.dtype}, {fact.shape})" for fact in about.arrays.values())
    return f"Model inputs are here too: {named}."


def _collection(about: About) -> Iterable[str]:
    facts = about.facts
    yield "## Collection"
    told = "" if facts.simulated_raters == facts.raters else "Raters worked on pages of MPD Atelier. "
    yield f"{told}{statements.per_item(about)}"
    if "origin" in about.tables[PAIR_TABLES[0]].columns:
        yield "The column `origin` of the pairs says which were drawn at random and which a model asked for."
    yield statements.collected(facts)
    yield statements.playback(facts)
    if any(facts.input_methods):
        yield f"Answers were given with: {_names(facts.input_methods, missing='not recorded')}."
    yield "What was recorded of every rating, in `data/ratings.parquet`:"
    yield _points(f"`{column}`: {COLUMNS['ratings'][column]}" for column in about.tables["ratings"].columns)
    yield from _instructions(about)


def _instructions(about: About) -> Iterable[str]:
    facts = about.facts
    if facts.protocol_versions:
        yield "### Instructions"
        yield "What raters had read before their first pair has versions; a rating carries the label of its own."
        rows = [
            (_linked(fact.label, about), fact.published_on or "not known", f"{fact.ratings:,}", f"`{fact.digest}`")
            for fact in facts.protocol_versions
        ]
        yield _table(("version", "published on", "ratings", "SHA-256"), rows)
    elif any(facts.protocols):
        yield f"Ratings by version of the instructions: {_names(facts.protocols, missing='not recorded')}."


def _linked(label: str, about: About) -> str:
    return f"[{cell(label)}]({protocol_path(label)})" if label in about.protocols else cell(label) or "not recorded"


def _raters(about: About) -> Iterable[str]:
    facts = about.facts
    yield "## Who rated"
    yield statements.who_rated(facts)
    if told := statements.backgrounds(facts, clean=cell):
        yield "By what they said of themselves; answers that fewer than three gave are counted together as other."
        yield _points(told)


def _agreement(about: About) -> Iterable[str]:
    yield "## Agreement"
    yield _points([*statements.agreement(about.facts), *statements.vote_agreement(about.facts)])


def _preprocessing(about: About) -> Iterable[str]:
    yield "## Processing and labels"
    yield _points(
        [
            statements.scoring(about.recipe),
            statements.preference_rule(about.recipe),
            "Dispersion is the population standard deviation of all ratings of a pair, those that the score leaves "
            "out too.",
            "The ratings themselves are here unchanged, so every score can be worked out anew.",
        ]
    )


def _uses(about: About) -> Iterable[str]:
    yield "## Uses"
    yield "### Meant for"
    yield _points(cautions.uses(about.facts))
    yield "### Not meant for"
    yield _points(cautions.misuses(about.facts))
    yield cautions.impact(about.facts)


def _distribution(about: About) -> Iterable[str]:
    yield "## Distribution"
    yield "\n".join(licences.table(about.facts))
    yield "\n".join(licences.rights(about))
    yield licences.of_ratings(about.recipe.ratings_licence)
    named = f"The content (tables, media, arrays) has the SHA-256 `{about.content_digest}`"
    if about.complete_digest:
        named += f"; this is the public form of the snapshot `{about.complete_digest}`"
    yield f"{named}. `SHA256SUMS` lists every file, and its own SHA-256 names the snapshot."


def _left_to_the_publisher(about: About) -> Iterable[str]:
    """What no fact says. Asked only where it is open."""
    facts = about.facts
    people = facts.simulated_raters < facts.raters
    questions = [
        (True, "Who made this dataset, for whom, and who paid for it?"),
        (people, "How were the raters found, what were they told and paid, and in which language did they work?"),
        (people, "Did they consent to publication, and did an ethics board look at the study?"),
        (people and not any(facts.backgrounds.values()), "Who are the raters: roles, disciplines, years of training?"),
        (people and not facts.collected_from, "When was it collected?"),
        (facts.synthetic != "everything", "How were the paintings and the music chosen?"),
        (not about.recipe.ratings_licence, "Under which licence may ratings and votes be passed on?"),
        (any("" in counts for counts in facts.licences.values()), "Which licence have the items that state none?"),
        (about.recipe.media is MediaChoice.NONE, "Where can pictures and sound be had?"),
        (True, "Where is it published, under which persistent identifier, and whom does one write to about errors?"),
        (True, "Will there be later versions, and for how long does this one stay available?"),
    ]
    yield "## For the publisher to say"
    yield "No fact answers these. A sealed snapshot cannot be changed: answer them where you publish it."
    yield _points(question for is_open, question in questions if is_open)


def _names(counts: Mapping[str, int], *, missing: str = "not stated") -> str:
    return statements.ranked(counts, clean=cell, missing=missing, most=MOST_NAMES)


def _points(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [heads, ("---",) * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
