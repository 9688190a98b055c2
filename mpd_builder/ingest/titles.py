"""What a file's name says of the work, for files that came without metadata."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from typing import Final

from mpd_builder.ingest.items import Candidate, Details
from mpd_builder.ingest.metadata import printable

YEAR: Final = r"1[0-9]{3}|20[0-9]{2}"

_ARTIST_TITLE_YEAR: Final = re.compile(
    rf"(?P<artist>[^\W\d_]+(?:[-.']+[^\W\d_]+)*\.?)_(?P<title>[^_]+)-(?P<year>{YEAR})", re.IGNORECASE
)
"""`vincent-van-gogh_starry-night-1889`."""
_ARTIST_DASH_TITLE_YEAR: Final = re.compile(
    rf"(?P<artist>[^\d_]+?) [-–—] (?P<title>.+?) \((?P<year>(?:ca?\. ?)?(?:{YEAR})(?:[-–/](?:{YEAR}|[0-9]{{2}}))?)\)"
)
"""`Vincent van Gogh - Starry Night (1889)`; the year may be `c. 1889` or `1888-1889`."""

_PARTICLES: Final = frozenset(
    {
        "van",
        "von",
        "der",
        "den",
        "de",
        "del",
        "della",
        "di",
        "da",
        "do",
        "dos",
        "du",
        "des",
        "of",
        "the",
        "y",
        "zu",
        "ter",
    }
)


def title_of(path: Path | PurePosixPath) -> str:
    """The file's name without its extension, `_` and `-` read as spaces."""
    return re.sub(r"[\s_-]+", " ", printable(path.stem)).strip() or printable(path.name)


def described(candidate: Candidate) -> Details:
    """What its metadata say of it; where they say nothing on a point, what its name says."""
    return candidate.details.completed(read_name(candidate.name))


def read_name(name: str) -> Details:
    """Title, and artist and year where the name plainly has both: two names with a dash alone could be either way."""
    path = PurePosixPath(name)
    stem = printable(path.stem)
    if (slug := _ARTIST_TITLE_YEAR.fullmatch(stem)) is not None:
        return Details(title=title_from(slug["title"]), artist=name_from(slug["artist"]), year=slug["year"])
    if (plain := _ARTIST_DASH_TITLE_YEAR.fullmatch(stem)) is not None:
        return Details(title=plain["title"].strip(), artist=plain["artist"].strip(), year=plain["year"])
    return Details(title=title_of(path))


def title_from(slug: str) -> str:
    """`the-starry-night` -> The starry night."""
    words = re.sub(r"[\s_-]+", " ", slug).strip()
    return words[:1].upper() + words[1:]


def name_from(slug: str) -> str:
    """`vincent-van-gogh` -> Vincent van Gogh: particles inside a name are small, all else has a capital."""
    words = [word for word in re.split(r"[\s_-]+", slug) if word]
    small = [bool(index) and word.lower() in _PARTICLES for index, word in enumerate(words)]
    for index in range(1, len(words)):
        small[index] |= small[index - 1] and words[index].lower() in ("la", "las", "los")  # Juan de la Cruz
    return " ".join(word.lower() if is_small else _capital(word) for word, is_small in zip(words, small, strict=True))


def _capital(word: str) -> str:
    """`t.` -> T., `o'keeffe` -> O'Keeffe; a word that has capitals of its own keeps them."""
    if word != word.lower():
        return word
    return re.sub(r"(^|[.'’])(\w)", lambda match: match[1] + match[2].upper(), word)
