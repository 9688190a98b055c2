"""What an admin fills in to start an import."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from django import forms
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from annotation_site.corpus.models import ImportJob, Painting
from annotation_site.corpus.options import ImportOptions
from mpd_builder.ingest.sources import PAPER_STYLES

Source = ImportJob.Source

OTHER_STYLES: Final = (
    "Color Field Painting",
    "Contemporary Realism",
    "Cubism",
    "Early Renaissance",
    "Expressionism",
    "Fauvism",
    "High Renaissance",
    "Impressionism",
    "Mannerism Late Renaissance",
    "Minimalism",
    "Naive Art Primitivism",
    "New Realism",
    "Northern Renaissance",
    "Pointillism",
    "Pop Art",
    "Post Impressionism",
    "Realism",
    "Rococo",
    "Romanticism",
    "Symbolism",
    "Synthetic Cubism",
    "Ukiyo e",
)
"""The rest of the 27 style folders of WikiArt as published."""

PLACES: Final = {
    Source.FOLDER: (
        "Every picture and sound in the folder and below it is looked at. A CSV file beside them with a "
        "column “file” may give title, artist, year, style or genre, source, licence, attribution, collection "
        "and may_publish. Without one, titles come from the names of the files. Zips in it are opened."
    ),
    Source.WIKIART: (
        "The folder that holds WikiArt's style folders, as published with ArtGAN: "
        "Baroque/rembrandt_the-night-watch-1642.jpg. Artist, title and year are read from the name."
    ),
    Source.AACP: (
        "The folder of the children's paintings that have scores. Its layout is not documented in public: pictures may "
        "lie anywhere below it, and a CSV that names them adds their scores. Name no folder that also holds the "
        "generated pictures: they would come in as children's."
    ),
    Source.DEAM: (
        "The folder with DEAM's songs by number (MEMD_audio/2.mp3) and its tables: valence and arousal come from "
        "static_annotations_averaged_songs_….csv, titles and artists from metadata_20….csv."
    ),
    Source.ZIP: (
        "A zip on this server, read as if it were a folder. Nothing in it can land outside its own place, and one that "
        "unpacks to absurd sizes is refused."
    ),
}
"""What is expected at the path, by source."""

MISSING: Final = {
    "path": "Name the folder, with its full path on the server.",
    "sent": "Choose the files that are to be imported.",
    "styles": "Choose at least one style.",
}
ZIP_MISSING: Final = "Name the zip file, with its full path on the server."


def _text(column: str, label: str, help_text: str, example: str = "") -> forms.CharField:
    return forms.CharField(
        label=label,
        required=False,
        max_length=getattr(Painting._meta.get_field(column), "max_length", None),
        help_text=help_text,
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": example}),
    )


class ImportForm(forms.Form):
    """Where an import comes from, and what holds for its items that say nothing themselves."""

    kind = forms.ChoiceField(choices=Source.choices, required=False, widget=forms.RadioSelect)
    upload = forms.UUIDField(required=False, widget=forms.HiddenInput)
    whole_only = forms.BooleanField(required=False, widget=forms.HiddenInput)
    sent = forms.Field(required=False)  # the page draws it; what it brings is in `upload` before the form is checked
    path = forms.CharField(
        label="Where it lies on the server",
        required=False,
        max_length=ImportJob._meta.get_field("path").max_length,
        widget=UnfoldAdminTextInputWidget(
            attrs={"placeholder": "/srv/media/my-corpus", "spellcheck": "false", "autocapitalize": "off"}
        ),
    )
    styles = forms.MultipleChoiceField(
        label="Styles",
        required=False,
        choices=[(style, style) for style in (*PAPER_STYLES, *OTHER_STYLES)],
        initial=PAPER_STYLES,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )
    lists = forms.CharField(
        label="Lists",
        required=False,
        widget=UnfoldAdminTextareaWidget(
            attrs={"rows": 2, "placeholder": "/srv/wikiart/style_train.csv", "spellcheck": "false"}
        ),
        help_text="Optional: the published CSV lists (style_train.csv, style_val.csv), one path a line. "
        "Then only what they name comes, and each painting keeps the part it was in.",
    )
    licence = _text("licence", "Licence", "Without any licence, media stay out of snapshots.", "CC-BY-4.0")
    attribution = _text("attribution", "Attribution", "Who must be named, as the licence asks for it.")
    source = _text("source", "Source", "Where it was got from: a museum, an address, a person.")
    collection = _text("collection", "Collection", "What to find these items by later.", "Student works 2026")
    may_publish = forms.ChoiceField(
        label="May be published in snapshots",
        required=False,
        choices=[("", "As the source says"), ("yes", "Yes"), ("no", "No")],
        widget=UnfoldAdminRadioSelectWidget,
        help_text="“No”: the items can be annotated and used in training here, and a snapshot carries their "
        "metadata and hash, but not their pictures or sound.",
    )

    def clean_kind(self) -> ImportJob.Source:
        return Source(self.cleaned_data["kind"] or (Source.FOLDER if self.data.get("path") else Source.UPLOAD))

    def clean_lists(self) -> tuple[Path, ...]:
        lines = [line.strip() for line in self.cleaned_data["lists"].splitlines()]
        paths = tuple(Path(line) for line in lines if line)
        for path in paths:
            if not path.is_absolute():
                raise forms.ValidationError(f"{path} is not a full path on the server, from / on.")
        return paths

    def clean_may_publish(self) -> bool | None:
        return {"yes": True, "no": False}.get(self.cleaned_data["may_publish"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        kind = cleaned.get("kind")
        asked = {"path"} if kind in PLACES else {"sent"}
        asked |= {"styles", "lists"} if kind == Source.WIKIART else set()
        for unseen in {"path", "sent", "styles", "lists"} - asked:
            self.errors.pop(unseen, None)
        given = {"path": cleaned.get("path"), "sent": cleaned.get("upload"), "styles": cleaned.get("styles")}
        for name in asked & given.keys():
            if not given[name] and name not in self.errors:
                self.add_error(name, ZIP_MISSING if kind == Source.ZIP else MISSING[name])
        return cleaned

    def options(self) -> ImportOptions:
        """What a valid form asks for. Styles and lists are WikiArt's only."""
        cleaned = self.cleaned_data
        is_wikiart = cleaned["kind"] == Source.WIKIART
        return ImportOptions(
            styles=tuple(cleaned["styles"]) if is_wikiart else (),
            lists=cleaned["lists"] if is_wikiart else (),
            **{name: cleaned[name] for name in ("licence", "attribution", "source", "collection", "may_publish")},
        )


def initial_of(job: ImportJob) -> dict[str, Any]:
    """The form as it was filled in for a job, to start it again."""
    options = ImportOptions.from_json(job.options)
    return {
        "kind": job.source,
        "path": job.path,
        "upload": job.upload.key if job.upload and job.upload.removed_at is None else None,
        "styles": options.styles or PAPER_STYLES,
        "lists": "\n".join(str(path) for path in options.lists),
        "licence": options.licence,
        "attribution": options.attribution,
        "source": options.source,
        "collection": options.collection,
        "may_publish": {True: "yes", False: "no", None: ""}[options.may_publish],
    }
