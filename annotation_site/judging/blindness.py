"""Raters must not learn what the model says of a pair that they may be asked about (promise 3).

What is in the corpus they may not name; but a painting can be saved from the scoring page and sent. So where somebody
who is no admin sends a painting and a piece of music that both are in the corpus, however cropped or converted, the
model is not asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from annotation_site.corpus.likenesses import picture_of
from annotation_site.corpus.models import Painting, TrackFingerprint
from annotation_site.jobs.running import JobFailed
from mpd_builder.ingest import CheckedPainting, CheckedTrack
from mpd_builder.likeness import alike_paintings, alike_tracks

SENT = "sent-{}"
_ROWS = 500


def blind_check(paintings: Sequence[CheckedPainting], music: CheckedTrack) -> None:
    """Raises `JobFailed` in words where the music and one of the paintings are known here."""
    known = paintings_known(paintings)
    if known and music_is_known(music):
        raise JobFailed(
            "This music and one of these paintings are in this site's own corpus, so raters may be asked about them: "
            "only admins may see what the model says of them. Try another painting, or other music."
        )


def paintings_known(paintings: Sequence[CheckedPainting]) -> list[int]:
    """Which of the paintings are in the corpus: the same picture, a crop, another size, a mirror image."""
    kept = Painting.objects.filter(media_removed_at=None).exclude(dhash="")
    hashes = dict(kept.values_list("key", "dhash"))
    sent = {SENT.format(place): painting for place, painting in enumerate(paintings)}

    def picture(key: str) -> npt.NDArray[np.uint8]:
        return sent[key].model_input if key in sent else picture_of(key)

    mapping = {**hashes, **{key: painting.dhash for key, painting in sent.items()}}
    return _met_outside(
        sent, [(one.first, one.second) for one in alike_paintings(mapping, new=set(sent), picture=picture)]
    )


def music_is_known(music: CheckedTrack) -> bool:
    """Whether eight seconds of it or more are in the corpus."""
    rows = TrackFingerprint.objects.values_list("track__key", "values").iterator(_ROWS)
    prints = {key: np.frombuffer(bytes(values), dtype="<u4").astype(np.uint32) for key, values in rows}
    sent = {SENT.format(0): music.fingerprint}
    found = alike_tracks({**prints, **sent}, new=set(sent))
    return bool(_met_outside(sent, [(one.first, one.second) for one in found]))


def _met_outside(sent: Mapping[str, object], alike: Sequence[tuple[str, str]]) -> list[int]:
    """The places of what was sent that is alike something that was not."""
    places = {key: place for place, key in enumerate(sent)}
    return sorted({places[(set(two) & set(sent)).pop()] for two in alike if len(set(two) & set(sent)) == 1})
