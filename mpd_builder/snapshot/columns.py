"""What each table and column of a snapshot means: said once, for the card, the data sheet and `croissant.json`.

The columns themselves, their order and their types are in `tables.py`.
"""

from __future__ import annotations

from collections.abc import Mapping

from mpd_builder.snapshot.tables import PAIR_TABLES

_PAIRS = {
    "pair_id": "The pair: its painting's id and its clip's id, joined by a dot.",
    "painting_id": "The painting that was shown (`paintings.painting_id`).",
    "clip_id": "The clip that was played (`clips.clip_id`).",
    "track_id": "The track that the clip was cut from (`clips.track_id`).",
    "score": "The pair's score, 0 to 1, made of its ratings as the recipe says.",
    "dispersion": "Population standard deviation of all its ratings.",
    "sample_dispersion": "Sample standard deviation of all its ratings.",
    "n_ratings": "How many ratings it has, each by another rater.",
    "ambiguous": "Whether the score lies in the recipe's ambiguous band.",
    "split": "train, validation, test or cross: where the pair belongs.",
    "split_painting": "The side that its painting is on: train, validation or test.",
    "split_track": "The side that its track is on: train, validation or test.",
    "split_pair": "The side that this painting with this track is on: train, validation or test.",
    "mean": "Mean of all its ratings, whatever made the score.",
    "median": "Median of all its ratings, whatever made the score.",
    "origin": "How it came to be asked about: random, model (active learning) or control (the random arm beside it).",
}
_RATINGS = {
    "pair_id": "The pair that was rated (`pairs.pair_id`).",
    "rater_id": "The rater's pseudonym (`raters.rater_id`); null where the recipe leaves raters out.",
    "value": "The score that the rater gave, 0 to 1.",
    "played_ms": "Milliseconds of the clip that were really heard.",
    "active_ms": "Milliseconds from showing the pair to sending the score, without the time that the page was hidden.",
    "input_method": "What the answer was given with, such as keyboard or pointer; empty where it was not recorded.",
    "protocol": "The version of the instructions that the rater had read; empty where it was not recorded.",
    "total_ms": "Milliseconds of sound heard, repetitions counted; null where the browser did not tell.",
    "plays": "How often the clip was started; null where the browser did not tell.",
    "replays": "How often it was started again; null where the browser did not tell.",
    "seeks": "How often the rater jumped in the clip; null where the browser did not tell.",
    "moves": "How often the mark was moved; null where the browser did not tell.",
    "first_move_ms": "Active milliseconds until the mark was first moved; null where the browser did not tell.",
    "hidden_ms": "Milliseconds for which the page was hidden; null where the browser did not tell.",
    "idle_ms": "Active milliseconds without a sign of a person, beyond half a minute; null where not told.",
    "screen": "Width of the window: narrow (below 768 CSS pixels), medium (below 1200) or wide; null where not told.",
    "corrected": "Whether it took the place of an earlier rating of the same rater.",
}
_PREFERENCES = {
    "task_id": "The task.",
    "direction": "music->painting: two paintings for one clip; painting->music: two clips for one painting.",
    "query_id": "What both pairs share: a clip's id or a painting's id, by direction.",
    "pair_a": "The first candidate (`pairs.pair_id`).",
    "pair_b": "The second candidate (`pairs.pair_id`).",
    "votes_a": "Votes for the first candidate.",
    "votes_b": "Votes for the second candidate.",
    "winner": "a or b, by a strict majority of enough votes; null while there is none.",
    "unanimous": "Whether it was decided without a vote against it.",
    "split": "Where both pairs belong, cross if they differ.",
    "agreement": "The share of the votes that the winner has; null while there is none.",
}
_RATERS = {
    "rater_id": "The rater's pseudonym.",
    "n_ratings": "How many ratings of this snapshot are theirs.",
    "simulated": "Whether the rater is a program.",
}
_RIGHTS = {
    "source": "Where the item came from, as its importer stated it.",
    "licence": "Its licence, an SPDX name where there is one; empty where none was stated.",
    "attribution": "Whom its licence asks to name.",
    "collection": "The published collection that it was imported from, if any.",
    "may_publish": "False where the item may be annotated, but not passed on.",
}
_PAINTINGS = {
    "row": "Its place in this table, from 0, and in the array of pictures where the snapshot has one.",
    "painting_id": "The painting, named for the SHA-256 of its original file.",
    "sha256": "SHA-256 of the original file.",
    "title": "Its title as it was imported, or the file's name.",
    "artist": "Who painted it, where that was stated.",
    "year": "When it was painted, as it was stated.",
    "style": "Its style, where that was stated.",
    **_RIGHTS,
    "width": "Width of the original picture in pixels, upright.",
    "height": "Height of the original picture in pixels, upright.",
    "is_synthetic": "Whether a program painted it.",
    "split": "The side that it is on: train, validation or test.",
    "work": "The smallest id of all paintings that are one work with it, its own if none is; null where not known.",
    "media": "The picture's path in the snapshot; null where it is not included.",
}
_CLIPS = {
    "row": "Its place in this table, from 0, and in the array of log-mels where the snapshot has one.",
    "clip_id": "The clip, named for its track and its place in it.",
    "track_id": "The track that it was cut from, named for the SHA-256 of the original file.",
    "index": "Which clip of its track it is, from 0.",
    "start_frame": "The first frame of the track that it plays.",
    "stop_frame": "The frame of the track before which it ends.",
    "sample_rate": "Frames a second.",
    "start_s": "Where it begins in the track, in seconds.",
    "track_sha256": "SHA-256 of the track's original file.",
    "title": "The track's title as it was imported, or the file's name.",
    "artist": "Who made the track, where that was stated.",
    "genre": "Its genre, where that was stated.",
    **_RIGHTS,
    "track_duration_s": "Length of the whole track in seconds.",
    "is_synthetic": "Whether a program composed it.",
    "split": "The side that its track is on: train, validation or test.",
    "valence": "Mean valence of the track, 1 to 9, where its collection states it.",
    "arousal": "Mean arousal of the track, 1 to 9, where its collection states it.",
    "loudness_lufs": "Integrated loudness of the stored clip in LUFS (EBU R 128); null where silent or not measured.",
    "true_peak_dbtp": "True peak of the stored clip in dBTP; null where silent or not measured.",
    "work": "The smallest id of all tracks that are one work with its track; null where not known.",
    "media": "The sound file's path in the snapshot; null where it is not included.",
}

TABLES: Mapping[str, str] = {
    **{name: f"The scored pairs of the split {name.removeprefix('pairs-')}, one a row." for name in PAIR_TABLES},
    "ratings": "Every rating that counts, one a row.",
    "preferences": "Two-alternative forced choices between ambiguous pairs, one task a row.",
    "raters": "The raters by pseudonym, one a row; empty where the recipe leaves them out.",
    "paintings": "The paintings of the pairs, one a row.",
    "clips": "The 15-second clips of the pairs, one a row.",
}
"""By table: what it holds."""

COLUMNS: Mapping[str, Mapping[str, str]] = {
    **dict.fromkeys(PAIR_TABLES, _PAIRS),
    "ratings": _RATINGS,
    "preferences": _PREFERENCES,
    "raters": _RATERS,
    "paintings": _PAINTINGS,
    "clips": _CLIPS,
}
"""By table and column: one sentence. It has what `tables.SCHEMAS` has; a test holds them together."""
