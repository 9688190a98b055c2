"""What can be asked, as a form: for the page and, without its words, for the endpoint."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.base import File

from annotation_site.corpus.models import Painting, Track
from annotation_site.judging.services import Question

TRACK, CLIP = "track", "clip"


class ManyFiles(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Several files; a list, empty where none came."""

    widget = ManyFiles

    def clean(self, data: Any, initial: Any = None) -> list[File[Any]]:
        files = data if isinstance(data, list | tuple) else [data] if data else []
        return [forms.FileField.clean(self, file) for file in files]


class QuestionForm(forms.Form):
    """Paintings and one piece of music: files of one's own, or items of the corpus by their keys."""

    painting_files = FilesField(
        required=False, label="Paintings", widget=ManyFiles(attrs={"accept": "image/*"}), allow_empty_file=True
    )
    paintings = forms.ModelMultipleChoiceField(
        Painting.objects.filter(media_removed_at=None), required=False, to_field_name="key"
    )
    music_file = forms.FileField(
        required=False, label="Music", widget=forms.FileInput(attrs={"accept": "audio/*"}), allow_empty_file=True
    )
    track = forms.ModelChoiceField(Track.objects.filter(media_removed_at=None), required=False, to_field_name="key")
    start_s = forms.FloatField(
        required=False,
        min_value=0,
        label="Start at second",
        widget=forms.NumberInput(attrs={"step": "any", "inputmode": "decimal", "autocomplete": "off"}),
        error_messages={"invalid": "Give a number of seconds."},
    )
    span = forms.ChoiceField(
        required=False,
        choices=[(TRACK, "From there to the end, 15 seconds at a time"), (CLIP, "Only the 15 seconds there")],
        widget=forms.RadioSelect,
        label="How much of it",
    )

    def question(self) -> Question:
        """What a valid form asks."""
        told = self.cleaned_data
        return Question(
            sent_paintings=told["painting_files"],
            paintings=list(told["paintings"].order_by("title", "pk")),
            sent_music=told["music_file"] or None,
            track=told["track"],
            start_s=told["start_s"] or 0.0,
            is_whole=told["span"] != CLIP,
        )
