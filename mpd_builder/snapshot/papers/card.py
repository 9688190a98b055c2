"""The dataset card: a README with front matter for the Hugging Face Hub. Every number in it comes from the facts."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable

from mpd_builder.snapshot import leakage
from mpd_builder.snapshot.columns import COLUMNS, TABLES
from mpd_builder.snapshot.papers import cautions, citation, licences, loading, statements
from mpd_builder.snapshot.papers.about import About, cell, counted, number
from mpd_builder.snapshot.papers.figures import Figure
from mpd_builder.snapshot.tables import PAIR_TABLES, SCHEMAS, SPLITS, table_path

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_OTHER_TABLES = tuple(name for name in SCHEMAS if name not in PAIR_TABLES)


def render(about: About, figures: Collection[Figure]) -> str:
    """The whole `README.md`. `figures` are those that lie beside it."""
    shown = {figure.name: f"![{cell(figure.words)}]({figure.path})" for figure in figures}
    sections = [
        _front_matter(about),
        f"# {about.title}",
        _introduction(about),
        loading.section(about),
        _pairs(about, shown),
        _agreement(about, shown),
        _preferences(about),
        _items(about, shown),
        _licences(about),
        _how_made(about),
        _contents(about),
        _columns(about),
        _more(about),
    ]
    return "\n\n".join(section.strip("\n") for section in sections if section) + "\n"


def _front_matter(about: About) -> str:
    facts = about.facts
    size = next((name for limit, name in _SIZES if facts.n_pairs < limit), "1M<n<10M")
    lines = [
        "---",
        f"pretty_name: {json.dumps(about.title)}",
        *licences.front_matter(facts, about.recipe.ratings_licence),
        "size_categories:",
        f"- {size}",
        "task_categories:",
        "- other",
        "tags:",
        *(f"- {keyword.replace(' ', '-')}" for keyword in about.keywords),
        *_configs({name for name, table in about.tables.items() if table.rows}),
    ]
    return "\n".join([*lines, "---"])


def _configs(filled: Collection[str]) -> list[str]:
    """One config a table. Empty tables are not listed: `datasets` refuses a config that holds an empty split."""
    lines = ["configs:", "- config_name: pairs", "  default: true", "  data_files:"]
    for split in SPLITS:
        if (name := f"pairs-{split}") in filled:
            lines += [f"  - split: {split}", f"    path: {table_path(name)}"]
    for name in _OTHER_TABLES:
        if name in filled:
            lines += [f"- config_name: {name}", "  data_files:", "  - split: full", f"    path: {table_path(name)}"]
    return lines


def _introduction(about: About) -> str:
    facts = about.facts
    paragraphs = [f"{statements.task()} {statements.holdings(facts)}"]
    if said := statements.synthesis(about):
        first, rest = said.split(".", 1) if facts.synthetic == "everything" else said.split(":", 1)
        mark = "." if facts.synthetic == "everything" else ":"
        paragraphs.append(f"**{first}{mark}**{rest}")
    if about.complete_digest:
        paragraphs.append(
            f"This is the public form of the snapshot `{about.complete_digest}`: the same tables and media, without "
            "`arrays/`. Make model inputs anew from `media/`."
        )
    return "\n\n".join(paragraphs)


def _pairs(about: About, shown: dict[str, str]) -> str:
    facts = about.facts
    rows = [f"| `{split}` | {facts.pairs[split]:,} | {facts.pairs[split] / facts.n_pairs:.1%} |" for split in SPLITS]
    paragraphs = [
        "## Pairs and splits",
        "\n".join(["| split | pairs | share |", "|---|---:|---:|", *rows]),
        statements.split_rule(about.recipe),
        shown.get("splits", ""),
        f"The mean score is {number(facts.score_mean)}. Scores by tenth, from 0 to 1: "
        f"{', '.join(f'{count:,}' for count in facts.score_histogram)}. "
        f"{counted(facts.ambiguous_pairs, 'pair')} {'is' if facts.ambiguous_pairs == 1 else 'are'} ambiguous "
        f"({about.recipe.band[0]:g} to {about.recipe.band[1]:g}).",
        shown.get("scores", ""),
        *statements.repeated_works(facts),
    ]
    if facts.incomplete_pairs:
        paragraphs.append(
            f"Left out: {counted(facts.incomplete_pairs, 'pair')} with fewer than {about.recipe.min_ratings} ratings."
        )
    return _joined(paragraphs)


def _agreement(about: About, shown: dict[str, str]) -> str:
    facts = about.facts
    lines = [f"- {each}" for each in statements.agreement(facts)]
    for words, counts in (("Protocol of the ratings", facts.protocols), ("Answers given with", facts.input_methods)):
        named = [f"{cell(name) or 'not recorded'} ({count:,})" for name, count in sorted(counts.items())]
        lines += [f"- {words}: {', '.join(named)}"] if named else []
    return _joined(["## Agreement", "\n".join(lines), shown.get("dispersion", "")])


def _preferences(about: About) -> str:
    rows = [
        f"| {direction} | {fact.tasks:,} | {fact.kept:,} | {fact.unanimous:,} |"
        for direction, fact in sorted(about.facts.preferences.items())
    ]
    table = ["| direction | tasks | decided | unanimous |", "|---|---:|---:|---:|", *rows]
    agreed = "\n".join(f"- {each}" for each in statements.vote_agreement(about.facts))
    return _joined(["## Preferences", statements.preference_rule(about.recipe), "\n".join(table), agreed])


def _items(about: About, shown: dict[str, str]) -> str:
    drawn = [shown[name] for name in ("styles", "genres") if name in shown]
    return _joined(["## Paintings and music", *drawn]) if drawn else ""


def _licences(about: About) -> str:
    lines = ["## Licences and rights", "", *licences.table(about.facts), "", *licences.rights(about), ""]
    lines += [licences.of_ratings(about.recipe.ratings_licence)]
    return "\n".join([*lines, "", "Item by item in the tables; notes in [LICENSE.md](LICENSE.md)."])


def _how_made(about: About) -> str:
    raters = cautions.personal(about)[0]
    return _joined(
        [
            "## How it was made",
            f"{statements.origin(about)} {statements.scoring(about.recipe)} {raters} The same judgments under the same "
            "recipe give the same bytes.",
            statements.playback(about.facts),
            f"```json\n{about.recipe.to_json()}\n```",
        ]
    )


def _contents(about: About) -> str:
    lines = ["## What is inside", "", "| file | rows | what it holds |", "|---|---:|---|"]
    lines += [f"| `{table_path(name)}` | {table.rows:,} | {TABLES[name]} |" for name, table in about.tables.items()]
    if about.arrays:
        lines += ["", "| array | type | shape |", "|---|---|---|"]
        lines += [f"| `{fact.path}` | {fact.dtype} | {fact.shape} |" for fact in about.arrays.values()]
        lines += ["", "Row i of an array belongs to the painting or clip whose column `row` is i."]
    given = "The column `media` gives each item's file, from this folder on; null where there is none."
    return "\n".join([*lines, "", f"{statements.media(about)} {given}"])


def _columns(about: About) -> str:
    """What each column means, table by table; the four tables of pairs have the same."""
    blocks = ["## Columns"]
    for name in (PAIR_TABLES[0], *_OTHER_TABLES):
        rows = [
            f"| `{column}` | {SCHEMAS[name].field(column).type} | {COLUMNS[name][column]} |"
            for column in about.tables[name].columns
        ]
        title = "pairs" if name in PAIR_TABLES else name
        blocks.append("\n".join([f"### {title}", "", "| column | type | what it is |", "|---|---|---|", *rows]))
    return _joined(blocks)


def _more(about: About) -> str:
    lines = [
        "- [DATASHEET.md](DATASHEET.md): how it was collected, by whom, what it is for and what it is not.",
        "- [croissant.json](croissant.json): the same for machines (MLCommons Croissant).",
        "- [CITATION.cff](CITATION.cff): how to cite it, and the paper that it follows.",
        "- [manifest.json](manifest.json): recipe, facts and the SHA-256 of every file.",
    ]
    if leakage.NAME in about.files:
        lines.append(f"- [{leakage.NAME}]({leakage.NAME}): what the splits have in common; `verify` works it out anew.")
    cited = (
        "The SHA-256 of `SHA256SUMS` names this snapshot exactly: "
        "`sha256sum SHA256SUMS`. The author is for the publisher to fill in."
    )
    return _joined(["## Citation", f"```bibtex\n{citation.bibtex(about)}\n```", cited, "## More", "\n".join(lines)])


def _joined(paragraphs: Iterable[str]) -> str:
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph)
