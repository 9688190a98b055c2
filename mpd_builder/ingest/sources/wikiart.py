"""WikiArt as published: `Style/artist-name_title-words-year.jpg`, with lists that divide it for training.

The layout is that of the refined WikiArt data set of ArtGAN (Tan et al., ICIP 2016): 27 style folders such as
`Art_Nouveau_Modern` and `Action_painting`, and CSV lists without a header whose lines are `Style/file.jpg,class`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final

from mpd_builder.ingest.items import Candidate, Details, MetadataError, Rejected, Remark, SourceError
from mpd_builder.ingest.metadata import composed, printable
from mpd_builder.ingest.sources.contract import SourceOptions
from mpd_builder.ingest.sources.walking import is_document, root_checked, subfolders, walk
from mpd_builder.ingest.titles import name_from, title_from

# WikiArt shows pictures for others' use by its own leave only, the data set's authors allow research alone, and many of
# the painters died less than 70 years ago: nobody has granted us the right to pass the pictures on.
DEFAULTS: Final = Details(collection="WikiArt", source="WikiArt, as published with ArtGAN", may_publish=False)

MAX_LIST_BYTES: Final = 64 * 2**20
_LINE: Final = re.compile(r"(?P<file>(?P<style>[^/\\]+)/.+\.\w+),\s*\d+")
_YEAR: Final = r"(?:1[0-9]{3}|20[0-9]{2})"
_TITLE_YEAR: Final = re.compile(rf"(?P<title>.*?)-?(?<![0-9])(?P<years>{_YEAR}(?:-{_YEAR})?)(?:-[0-9]{{1,3}})?")
"""The number behind the year tells pages of one address apart; it is not of the title."""
_COPY: Final = re.compile(r"\s*\([0-9]+\)$")
_UNKNOWN: Final = re.compile(r"not[_-]detected(?:[_-][0-9]+)?|(?:unknown|no)-title(?:-[0-9]{1,3})?")
_MOJIBAKE: Final = re.compile("ã([\x80-\xbf])")
"""UTF-8 that somebody took for Latin-1 and wrote in small letters: `grã©goire`."""


class WikiArtSource:
    """The paintings of the chosen styles (all, where none is named), by folder and name.

    Given lists, only what they name comes; the list's part (`train`, `val`) is kept in `extras["wikiart_split"]`, and
    what they name and is not there is a candidate too, so that it is reported.
    """

    def __init__(self, root: Path, options: SourceOptions) -> None:
        """Find the styles and read the lists. Raises `SourceError` or `MetadataError`."""
        self.root = root_checked(root)
        self.defaults = (options.defaults, DEFAULTS)
        self.styles = _style_folders(root, options.styles)
        self.lists = tuple(options.lists)
        self.listed = _Listed(self.lists, {style_key(PurePosixPath(place).name): place for place in self.styles})
        self._count = sum(1 for _ in self._names())

    def count(self) -> int:
        return self._count

    def remarks(self) -> tuple[Remark, ...]:
        return ()

    def candidates(self) -> Iterator[Candidate]:
        for name, fault in self._names():
            if fault is None:
                yield self._candidate(name)
            else:
                yield Candidate(self.root / name, printable(name), fault=fault)

    def _names(self) -> Iterator[tuple[str, Rejected | None]]:
        """What there is to take, and with its fault what is not: folders that cannot be read, missing files."""
        missing = set(self.listed.names)
        for folder in walk(self.root, start=tuple(self.styles)):
            if folder.fault is not None:
                yield folder.place, folder.fault
            for name in map(folder.name, folder.files):
                key = _skeleton(name) if self.lists else ""
                missing.discard(key)
                if not is_document(name) and (not self.lists or key in self.listed.names):
                    yield name, None
        for key in sorted(missing):
            name, where = self.listed.told(key)
            hint = "Add the file, or take the line out of the list."
            yield name, Rejected("missing", f"{where} names it, but it is not there.", hint)

    def release(self, candidate: Candidate) -> None:
        """Nothing was unpacked."""

    def _candidate(self, name: str) -> Candidate:
        split = self.listed.split(_skeleton(name)) if self.lists else ""
        style = next(style for place, style in self.styles.items() if name.startswith(f"{place}/"))
        details = read_file_name(PurePosixPath(name).stem).completed(
            Details(style=style, extras={"wikiart_split": split} if split else {}), *self.defaults
        )
        return Candidate(self.root / name, printable(name), details, root=self.root)


def read_file_name(stem: str) -> Details:
    """Artist, title and year from `artist-name_title-words-1889`.

    A number that tells namesakes apart (`-1889-2`, `(1)`) is left away, titles that are not known are called so, and
    letters that lost their encoding on the way are mended where that is certain.
    """
    plain = printable(_MOJIBAKE.sub(_mended, composed(stem)))
    artist, separator, rest = plain.partition("_")
    if not separator:
        return Details(title=title_from(plain))
    rest = _COPY.sub("", rest)
    if _UNKNOWN.fullmatch(rest):
        return Details(artist=name_from(artist), title="Unknown title")
    if (dated := _TITLE_YEAR.fullmatch(rest)) is None:
        return Details(artist=name_from(artist), title=title_from(rest) or "Unknown title")
    first, _, last = dated["years"].partition("-")
    title = dated["title"]
    if last and not int(first) < int(last) <= int(first) + 60:  # a number in the title: `...-2001-1968`
        title, first, last = f"{title}-{first}", last, ""
    if _UNKNOWN.fullmatch(title):
        title = "Unknown title"
    return Details(
        artist=name_from(artist), title=title_from(title) or first, year=f"{first}-{last}" if last else first
    )


def style_key(name: str) -> str:
    """Styles compare without capitals, underscores and brackets: `Art_Nouveau_Modern` is Art Nouveau (Modern)."""
    return " ".join(re.findall(r"[^\W_]+", composed(name).lower()))


def _style_folders(root: Path, asked: tuple[str, ...]) -> dict[str, str]:
    """Place -> style for each style asked for; each there is, where none is. They lie in the root or a folder in it."""
    wanted = {style_key(style): " ".join(style.replace("_", " ").split()) for style in asked}
    bases = {
        base: {style_key(name): f"{base}/{name}".lstrip("/") for name in subfolders(root, base)}
        for base in ("", *subfolders(root, ""))
    }
    found = max(bases.values(), key=lambda places: len(places.keys() & (wanted or places).keys()))
    if not found:
        raise SourceError(f"{root} has no folders in it. Name the folder that holds WikiArt's style folders.")
    if absent := [style for key, style in wanted.items() if key not in found]:
        there = ", ".join(sorted(printable(PurePosixPath(place).name) for place in found.values()))
        raise SourceError(
            f"{root} has no folder for {', '.join(absent)}. There are: {there}. Choose styles from among these."
        )
    if not wanted:
        return {place: printable(PurePosixPath(place).name.replace("_", " ")) for place in found.values()}
    return {found[key]: style for key, style in wanted.items()}


def _mended(found: re.Match[str]) -> str:
    return ("\xc3" + found[1]).encode("latin-1").decode("utf-8")


def _skeleton(name: str) -> str:
    """Names in lists and on disks compare without letters beyond ASCII: those suffered on the way, each in its own."""
    return composed(name).encode("ascii", "ignore").decode().lower()


class _Listed:
    """What the lists name, of the chosen styles: by skeleton, the list and the line."""

    def __init__(self, lists: tuple[Path, ...], places: dict[str, str]) -> None:
        self.lists = lists
        self.names: dict[str, tuple[str, int, int]] = {}
        for number, path in enumerate(lists):
            for line, text in _lines(path):
                if (found := _LINE.fullmatch(text)) is None:
                    raise MetadataError(
                        f"{path}, line {line}: {printable(text)[:80]!r} is not of the form Style/file.jpg,12. "
                        "Take the lists as they were published."
                    )
                if (place := places.get(style_key(found["style"]))) is not None:
                    name = f"{place}/{found['file'].partition('/')[2]}"
                    self.names.setdefault(_skeleton(name), (name, number, line))

    def split(self, key: str) -> str:
        """The part that the file's list stands for: `train`, `val`, or the list's own name."""
        if key not in self.names:
            return ""
        stem = self.lists[self.names[key][1]].stem
        return stem.rpartition("_")[2] or stem

    def told(self, key: str) -> tuple[str, str]:
        """The file's name and where it is named."""
        name, number, line = self.names[key]
        return name, f"{printable(self.lists[number].name)}, line {line}"


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        if path.stat().st_size > MAX_LIST_BYTES:
            raise MetadataError(f"{path}: larger than {MAX_LIST_BYTES // 2**20} MB; that is no list of paintings.")
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline=None) as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield number, line.strip().strip('"')
    except OSError as error:
        raise MetadataError(f"{path}: the list cannot be read ({error.strerror}). Check its name.") from error
