"""`croissant.json`: the snapshot for machines, in MLCommons Croissant 1.1 with the Responsible-AI vocabulary.

Every file of `data/` and `arrays/` with its SHA-256, every table as a record set with typed and described columns, and
what the facts say about how the data came about. Plain JSON with sorted keys: the same snapshot, the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from mpd_builder.snapshot.columns import COLUMNS, TABLES
from mpd_builder.snapshot.papers import citation, licences, responsible
from mpd_builder.snapshot.papers.about import About
from mpd_builder.snapshot.papers.statements import holdings, synthesis, task
from mpd_builder.snapshot.tables import PAIR_TABLES, SCHEMAS, SPLITS, table_path

Node = dict[str, Any]

CROISSANT = "http://mlcommons.org/croissant/1.1"
RESPONSIBLE_AI = "http://mlcommons.org/croissant/RAI/1.0"

PARQUET = "application/x-parquet"  # not the registered name, but the only one that readers of Croissant know
NUMPY = "https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html"  # a format without a registered name

_PAIR_FILES = "pair-files"
_TYPES = {"string": "sc:Text", "double": "cr:Float64", "int64": "cr:Int64", "bool": "sc:Boolean"}
_KEYS = {
    "pairs": "pair_id",
    "preferences": "task_id",
    "raters": "rater_id",
    "paintings": "painting_id",
    "clips": "clip_id",
}
_SPLIT_ADDRESSES = {"train": "cr:TrainingSplit", "validation": "cr:ValidationSplit", "test": "cr:TestSplit"}
_RECORD_SETS = {"pairs": "The scored pairs of all splits, one a row."} | {
    name: words for name, words in TABLES.items() if name not in PAIR_TABLES
}
_MEDIA = {
    "pictures": ("media/paintings/", "The paintings as raters saw them, named for their own bytes."),
    "sounds": ("media/clips/", "The clips as raters heard them, named for their own bytes."),
}
_MEDIA_TYPES = {"jpg": "image/jpeg", "flac": "audio/flac", "wav": "audio/wav", "mp3": "audio/mpeg", "ogg": "audio/ogg"}


def render(about: About) -> str:
    """The whole file."""
    return json.dumps(_dataset(about), sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _dataset(about: About) -> Node:
    known = {
        "@context": _context(),
        "@type": "sc:Dataset",
        "conformsTo": [CROISSANT, RESPONSIBLE_AI],
        "name": about.title,
        "description": " ".join(filter(None, [task(), holdings(about.facts), synthesis(about)])).replace("`", ""),
        "license": _licences(about),
        "citeAs": citation.bibtex(about),
        "creator": {"@type": "sc:Organization", "name": citation.PUBLISHER},
        "version": citation.version(about),
        "keywords": about.keywords,
        "distribution": [*_tables(about), *_arrays(about), *_media(about)],
        "recordSet": [_splits(about), *_record_sets(about)],
        **responsible.fields(about),
    }
    if about.created_on:
        known["datePublished"] = about.created_on.isoformat()
    return known


def _licences(about: About) -> list[str]:
    """One where everything has the same; else each that is stated, and the notes that say which is whose."""
    facts, ratings = about.facts, about.recipe.ratings_licence
    if only := licences.only_one(facts, ratings):
        return [licences.address(only)]
    return [*(licences.address(name) for name in licences.all_named(facts, ratings) if name.strip()), "LICENSE.md"]


def _tables(about: About) -> Iterable[Node]:
    for name in about.tables:
        yield _file(about, table_path(name), TABLES[name], PARQUET)
    yield {
        "@type": "cr:FileSet",
        "@id": _PAIR_FILES,
        "name": _PAIR_FILES,
        "description": "The tables of pairs, one a split.",
        "encodingFormat": PARQUET,
        "includes": "data/pairs-*.parquet",
    }


def _arrays(about: About) -> Iterable[Node]:
    for fact in about.arrays.values():
        shape = " x ".join(map(str, fact.shape))
        words = f"What a model sees: {fact.dtype}, {shape}, row by row as in its table."
        yield _file(about, fact.path, words, NUMPY)


def _file(about: About, path: str, words: str, kind: str) -> Node:
    fact = about.files[path]
    return {
        "@type": "cr:FileObject",
        "@id": path,
        "name": path,
        "description": words,
        "contentUrl": path,
        "contentSize": f"{fact.n_bytes} B",
        "encodingFormat": kind,
        "sha256": fact.sha256,
    }


def _media(about: About) -> Iterable[Node]:
    """One set a folder; `SHA256SUMS` has the digest of each file."""
    for name, (folder, words) in _MEDIA.items():
        endings = sorted({path.rsplit(".", 1)[-1] for path in about.files if path.startswith(folder)})
        if endings:
            kinds = [_MEDIA_TYPES.get(ending, f"application/x-{ending}") for ending in endings]
            yield {
                "@type": "cr:FileSet",
                "@id": name,
                "name": name,
                "description": words,
                "encodingFormat": kinds if len(kinds) > 1 else kinds[0],
                "includes": [f"{folder}*.{ending}" for ending in endings],
            }


def _splits(about: About) -> Node:
    """The splits as an enumeration. Only the three that Croissant knows have an address."""
    return {
        "@type": "cr:RecordSet",
        "@id": "splits",
        "name": "splits",
        "description": "Where a pair may belong. Of cross, painting and track are on different sides.",
        "dataType": "cr:Split",
        "key": {"@id": "splits/name"},
        "field": [
            _field("splits", "name", "The split's name.", "sc:Text"),
            _field("splits", "url", "What Croissant calls it; empty where it has no name for it.", "sc:Text"),
            _field("splits", "pairs", "How many pairs it has.", "cr:Int64"),
        ],
        "data": [
            {
                "splits/name": split,
                "splits/url": _SPLIT_ADDRESSES.get(split, ""),
                "splits/pairs": about.facts.pairs[split],
            }
            for split in SPLITS
        ],
    }


def _record_sets(about: About) -> Iterable[Node]:
    for name, words in _RECORD_SETS.items():
        table = PAIR_TABLES[0] if name == "pairs" else name
        place = {"fileSet": {"@id": _PAIR_FILES}} if name == "pairs" else {"fileObject": {"@id": table_path(name)}}
        records: Node = {
            "@type": "cr:RecordSet",
            "@id": name,
            "name": name,
            "description": words,
            "field": [_column(name, table, column, place) for column in about.tables[table].columns],
        }
        if name in _KEYS:
            records["key"] = {"@id": f"{name}/{_KEYS[name]}"}
        yield records


def _column(name: str, table: str, column: str, place: Node) -> Node:
    kind = _TYPES[str(SCHEMAS[table].field(column).type)]
    field = _field(name, column, COLUMNS[table][column].replace("`", ""), kind)
    field["source"] = {**place, "extract": {"column": column}}
    if target := _references(name).get(column):
        field["references"] = target
    return field


def _references(name: str) -> dict[str, Node]:
    """What a table's columns point to.

    Pairs are named by their files: after a record set that has references of its own was read, mlcroissant cannot
    follow a reference to it.
    """
    pair = {"fileSet": {"@id": _PAIR_FILES}, "extract": {"column": "pair_id"}}
    return {
        "pairs": {
            "painting_id": {"field": {"@id": "paintings/painting_id"}},
            "clip_id": {"field": {"@id": "clips/clip_id"}},
            "split": {"field": {"@id": "splits/name"}},
        },
        "ratings": {"pair_id": pair},
        "preferences": {"pair_a": pair, "pair_b": pair},
    }.get(name, {})


def _field(records: str, name: str, words: str, kind: str) -> Node:
    return {"@type": "cr:Field", "@id": f"{records}/{name}", "name": name, "description": words, "dataType": kind}


def _context() -> Node:
    """The prefixes of Croissant 1.1, as its specification lists them."""
    own = (
        *("arrayShape", "citeAs", "column", "containedIn", "equivalentProperty", "extract", "field", "fileObject"),
        *("fileProperty", "fileSet", "format", "includes", "isArray", "isLiveDataset", "jsonPath", "key", "md5"),
        *("parentField", "path", "recordSet", "references", "regex", "repeated", "replace", "samplingRate"),
        *("separator", "source", "subField", "transform"),
    )
    return {
        "@language": "en",
        "@vocab": "https://schema.org/",
        "cr": "http://mlcommons.org/croissant/",
        "dct": "http://purl.org/dc/terms/",
        "rai": "http://mlcommons.org/croissant/RAI/",
        "sc": "https://schema.org/",
        "conformsTo": "dct:conformsTo",
        "data": {"@id": "cr:data", "@type": "@json"},
        "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
        "description": {"@container": "@language"},
        "examples": {"@id": "cr:examples", "@type": "@json"},
        "name": {"@container": "@language"},
        **{term: f"cr:{term}" for term in own},
    }
