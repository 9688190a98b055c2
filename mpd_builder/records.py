"""The frozen records that every stage of the builder shares.

Identities are content-based, so that two databases with the same judgments speak of the same things: a painting is
`p_` and 16 hex digits of the SHA-256 of its original bytes, a track `t_` likewise, a clip `<track id minus "t_">` with
its index (`c_0123456789abcdef_02`), a pair the two joined by a dot (`pair_id`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

CLIP_SECONDS = 15.0


class Direction(StrEnum):
    """What a two-alternative forced-choice (2AFC) task asks: one query, two candidates of the other kind."""

    MUSIC_TO_PAINTING = "music->painting"
    PAINTING_TO_MUSIC = "painting->music"


class Choice(StrEnum):
    """The candidate that a vote prefers: the painting or clip of the task's pair `a` or of its pair `b`."""

    A = "a"
    B = "b"


def painting_id(sha256: str) -> str:
    return f"p_{sha256[:16]}"


def track_id(sha256: str) -> str:
    return f"t_{sha256[:16]}"


def clip_id(track_sha256: str, index: int) -> str:
    return f"c_{track_sha256[:16]}_{index:02d}"


def pair_id(painting: str, clip: str) -> str:
    return f"{painting}.{clip}"


@dataclass(frozen=True, slots=True)
class Painting:
    """A painting as the dataset knows it. `sha256` is of the original bytes; width and height are upright pixels.

    Where `may_publish` is off it may be annotated, but its media are in no snapshot.
    """

    id: str
    sha256: str
    title: str = ""
    artist: str = ""
    year: str = ""
    style: str = ""
    source: str = ""
    licence: str = ""
    attribution: str = ""
    collection: str = ""
    may_publish: bool = True
    width: int = 0
    height: int = 0
    is_synthetic: bool = False


@dataclass(frozen=True, slots=True)
class Track:
    """A piece of music as it came in. `duration_s` is of the decoded sound, not of the header.

    `valence` and `arousal` are mean ratings from 1 to 9, where its collection has them (DEAM).
    """

    id: str
    sha256: str
    title: str = ""
    artist: str = ""
    genre: str = ""
    source: str = ""
    licence: str = ""
    attribution: str = ""
    collection: str = ""
    may_publish: bool = True
    valence: float | None = None
    arousal: float | None = None
    duration_s: float = 0.0
    sample_rate: int = 0
    channels: int = 0
    is_synthetic: bool = False


@dataclass(frozen=True, slots=True)
class Clip:
    """A 15-second cut of a track: frames [start_frame, stop_frame) at the track's own sample rate.

    Integrated loudness in LUFS and true peak in dBTP (EBU R 128); None where it is silent or was not measured.
    """

    id: str
    track_id: str
    index: int
    start_frame: int
    stop_frame: int
    sample_rate: int
    loudness_lufs: float | None = None
    true_peak_dbtp: float | None = None

    @property
    def start_s(self) -> float:
        return self.start_frame / self.sample_rate


@dataclass(frozen=True, slots=True, order=True)
class Pair:
    """A painting and a clip: the unit that raters score.

    `origin` says how it came to be asked for: `random`, `model` (active learning), or `control` (its random arm).
    """

    id: str
    painting_id: str
    clip_id: str
    origin: str = "random"


@dataclass(frozen=True, slots=True)
class Rating:
    """One rater's counted score of one pair, in [0, 1], and what their browser told of how it came about.

    rater_id: a pseudonym. played_ms: of the clip, what was heard at least once. active_ms: from showing to sending,
    hidden time taken out. protocol: the label of the instructions that they had read.
    Where the browser told: total_ms: all that was heard, repetitions counted. plays, replays, seeks: how often the
    clip was started, started again, and jumped in. moves: how often the mark was moved. first_move_ms: active time
    until then. hidden_ms: time in another tab. idle_ms: active time without a sign of a person, beyond half a minute.
    screen: `narrow` (below 768 CSS pixels), `medium` (below 1200) or `wide`. corrected: it took an earlier one's place.
    rated_on: the UTC day; it goes into the facts and into no row.
    """

    pair_id: str
    rater_id: str
    value: float
    played_ms: int = 0
    active_ms: int = 0
    input_method: str = ""
    protocol: str = ""
    total_ms: int | None = None
    plays: int | None = None
    replays: int | None = None
    seeks: int | None = None
    moves: int | None = None
    first_move_ms: int | None = None
    hidden_ms: int | None = None
    idle_ms: int | None = None
    screen: str | None = None
    corrected: bool = False
    rated_on: date | None = None


@dataclass(frozen=True, slots=True)
class Consensus:
    """A pair's aggregate: trimmed mean, population and sample standard deviation of all its ratings."""

    pair_id: str
    score: float
    dispersion: float
    sample_dispersion: float
    n_ratings: int
    ambiguous: bool


@dataclass(frozen=True, slots=True)
class PreferenceTask:
    """A 2AFC task: two ambiguous pairs that share their query (a clip or a painting, by `direction`)."""

    id: str
    direction: Direction
    query_id: str
    pair_a: str
    pair_b: str


@dataclass(frozen=True, slots=True)
class Vote:
    """One rater's choice in one task. `left` says which candidate was shown on the left (or played first)."""

    task_id: str
    rater_id: str
    choice: Choice
    left: Choice


@dataclass(frozen=True, slots=True)
class Preference:
    """A task's outcome: kept when a strict majority of enough votes agrees, else `winner` is None."""

    task: PreferenceTask
    votes_a: int
    votes_b: int
    winner: Choice | None

    @property
    def unanimous(self) -> bool:
        """Whether it was decided without a vote against it."""
        return self.winner is not None and 0 in (self.votes_a, self.votes_b)

    @property
    def agreement(self) -> float | None:
        """The share of its votes that the majority has, from 0.5 (a tie) to 1; None without a vote."""
        votes = self.votes_a + self.votes_b
        return max(self.votes_a, self.votes_b) / votes if votes else None


@dataclass(frozen=True, slots=True)
class Protocol:
    """One version of what raters read and tried before their first pair, as one Markdown text."""

    label: str
    text: str
    published_on: date | None = None


@dataclass(frozen=True, slots=True)
class Background:
    """What a rater answered about themselves; empty where they did not."""

    rater_id: str
    role: str = ""
    discipline: str = ""
    training_years: int | None = None


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What of the judgments does not grow with them: the items, and what is known about raters and protocols.

    same_works: two items (painting ids, or track ids) that a person took for one work: no split may part them.
    alike: two that look or sound alike, as long as nobody has decided: no split may part them either.
    kept_together: two found to be different after a snapshot had kept them on one side: two works, still on one side.
    playback_lufs: the loudness that clips were played at (LUFS, EBU R 128); None: as they were mastered.
    """

    paintings: tuple[Painting, ...] = ()
    tracks: tuple[Track, ...] = ()
    clips: tuple[Clip, ...] = ()
    simulated_raters: frozenset[str] = field(default_factory=frozenset)
    same_works: tuple[tuple[str, str], ...] = ()
    alike: tuple[tuple[str, str], ...] = ()
    kept_together: tuple[tuple[str, str], ...] = ()
    playback_lufs: float | None = None
    protocols: tuple[Protocol, ...] = ()
    backgrounds: tuple[Background, ...] = ()


@dataclass(frozen=True, slots=True)
class Judgments:
    """Everything a snapshot is built from, as one value. The order of the tuples never matters to the result.

    Fields that `Catalogue` has too mean the same here.
    """

    paintings: tuple[Painting, ...] = ()
    tracks: tuple[Track, ...] = ()
    clips: tuple[Clip, ...] = ()
    pairs: tuple[Pair, ...] = ()
    ratings: tuple[Rating, ...] = ()
    tasks: tuple[PreferenceTask, ...] = ()
    votes: tuple[Vote, ...] = ()
    simulated_raters: frozenset[str] = field(default_factory=frozenset)
    same_works: tuple[tuple[str, str], ...] = ()
    alike: tuple[tuple[str, str], ...] = ()
    kept_together: tuple[tuple[str, str], ...] = ()
    playback_lufs: float | None = None
    protocols: tuple[Protocol, ...] = ()
    backgrounds: tuple[Background, ...] = ()
