"""What an admin fills in to start an import."""

from __future__ import annotations

from django import forms
from unfold.widgets import UnfoldAdminTextInputWidget

from annotation_site.corpus.models import ImportJob


class FolderForm(forms.Form):
    """A folder on the server."""

    path = forms.CharField(
        label="Folder on the server",
        max_length=ImportJob._meta.get_field("path").max_length,
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "/srv/media/my-corpus", "spellcheck": "false"}),
        help_text="Every picture and sound in it and below it is looked at. A CSV file with a column 'file' "
        "beside them gives title, artist, year, style or genre, source, licence and attribution. What is in the corpus "
        "already is skipped.",
    )
