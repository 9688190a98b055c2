"""The versions of what raters read before their first pair, as a snapshot keeps them: one Markdown text each."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC

from annotation_site.protocols.first import NUMBER, first_fields
from annotation_site.protocols.models import Example, ExampleKind, ProtocolVersion, VersionState
from annotation_site.protocols.selectors import examples_of
from mpd_builder import records


def protocols() -> Iterator[records.Protocol]:
    """All published versions. Who wrote and published them is left out."""
    versions = list(ProtocolVersion.objects.filter(state=VersionState.PUBLISHED).order_by("number"))
    if all(version.number != NUMBER for version in versions):  # nobody has opened the site yet: raters were simulated
        versions.insert(0, ProtocolVersion(number=NUMBER, **first_fields()))
    for version in versions:
        published = version.published_at
        yield records.Protocol(
            label=str(version.number),
            text=protocol_text(version),
            published_on=published.astimezone(UTC).date() if published else None,
        )


def protocol_text(version: ProtocolVersion) -> str:
    """Consent, background, briefing, worked examples and practice, in the order in which a rater meets them."""
    worked = list(examples_of(version, ExampleKind.WORKED))
    parts = [
        f"# Protocol {version.number}",
        f"SHA-256 of all of it on the site, examples included: `{version.digest}`",
        version.summary,
        "## Consent",
        version.consent.strip(),
        "## Background",
        "Role, discipline and years of training were asked for."
        if version.asks_background
        else "Nothing was asked about the rater.",
        "## Briefing",
        version.briefing.strip(),
        *(("## Worked examples", _examples_table(worked)) if worked else ()),
        "## Practice",
        _practice(version, examples_of(version, ExampleKind.PRACTICE).count()),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _examples_table(examples: list[Example]) -> str:
    lines = ["| painting | clip | reference | explanation |", "|---|---|---:|---|"]
    for one in examples:
        explanation = " ".join(one.explanation.split()).replace("|", "\\|")
        lines.append(f"| {one.painting.key} | {one.clip.key} | {one.reference:g} | {explanation} |")
    return "\n".join(lines)


def _practice(version: ProtocolVersion, count: int) -> str:
    if not count:
        return "There was none."
    words = f"{count} pair{'s' * (count != 1)}, each scored by the rater and then told."
    if version.qualifies_within is None:
        return f"{words} Everybody could go on."
    rounds = f" in one of {version.practice_attempts} rounds" if version.practice_attempts else ""
    return f"{words} Whose marks lay within {version.qualifies_within:g} of the references on average{rounds} went on."
