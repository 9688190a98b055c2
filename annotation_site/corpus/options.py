"""What a person may ask of an import beside its source, as one value that a job's row holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """`licence` to `may_publish` hold for the items whose metadata say nothing on that point.

    `styles` (of WikiArt) and `lists` (CSV files beside the source's own) are empty for the source's own choice;
    `may_publish` is None where nothing is asked for.
    """

    styles: tuple[str, ...] = ()
    lists: tuple[Path, ...] = ()
    licence: str = ""
    attribution: str = ""
    source: str = ""
    collection: str = ""
    may_publish: bool | None = None

    def to_json(self) -> dict[str, Any]:
        """What `ImportJob.options` holds: only what was asked for."""
        values = asdict(self) | {"styles": list(self.styles), "lists": [str(path) for path in self.lists]}
        return {name: value for name, value in values.items() if value not in ("", [], None)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> ImportOptions:
        """The options of a job's row, which may lack any of them."""
        return cls(
            styles=tuple(values.get("styles", ())),
            lists=tuple(Path(path) for path in values.get("lists", ())),
            licence=values.get("licence", ""),
            attribution=values.get("attribution", ""),
            source=values.get("source", ""),
            collection=values.get("collection", ""),
            may_publish=values.get("may_publish"),
        )


NOTHING_ASKED = ImportOptions()
