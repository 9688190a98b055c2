"""IMEMNet: images (IAPS, NAPS, EMOTIC) matched with clips of DEAM by distance in valence and arousal, in [0, 1].

Zhao et al., "Emotion-Based End-to-End Matching Between Image and Music in Valence-Arousal Space", arXiv 2009.05103. As
published: `train_matching.txt`, `val_matching.txt`, `test_matching.txt` with lines `clip_id image_id score`, a folder
of images and a folder of sounds, each file named for its id. A clip `1967-11` is of the track `1967`.
"""

from __future__ import annotations

from pathlib import Path

from model.adaptors.records import AdaptorError, Matches, lines_of, matches_of

SPLITS = ("train", "val", "test")


def read(folder: Path) -> dict[str, Matches]:
    """The splits whose file is there. Raises AdaptorError in words."""
    found = {split: path for split in SPLITS if (path := folder / f"{split}_matching.txt").exists()}
    if not found:
        raise AdaptorError(f"{folder} holds none of {', '.join(f'{split}_matching.txt' for split in SPLITS)}")
    return {split: read_file(path) for split, path in found.items()}


def read_file(path: Path) -> Matches:
    """One split. A pair that comes twice with one score is kept once; with two scores it is an error."""
    images: list[str] = []
    clips: list[str] = []
    scores: list[float] = []
    first: dict[tuple[str, str], tuple[int, float]] = {}
    repeated = 0
    for number, text in lines_of(path):
        cells = text.split()
        if len(cells) != 3:
            raise AdaptorError.at(path, number, f"has {len(cells)} words; it should be `clip_id image_id score`")
        clip, image, score = cells[0], cells[1], _score(path, number, cells[2])
        line, before = first.setdefault((clip, image), (number, score))
        if before != score:
            raise AdaptorError.at(path, number, f"{clip} with {image} scores {score:g}, but {before:g} in line {line}")
        if line != number:
            repeated += 1
            continue
        images.append(image)
        clips.append(clip)
        scores.append(score)
    if not images:
        raise AdaptorError(f"{path} is empty")
    return matches_of(images, clips, scores, repeated=repeated)


def track_of(clip: str) -> str:
    return clip.rpartition("-")[0] or clip


def _score(path: Path, number: int, text: str) -> float:
    try:
        score = float(text)
    except ValueError as error:
        raise AdaptorError.at(path, number, f"the score {text!r} is not a number") from error
    if not 0 <= score <= 1:
        raise AdaptorError.at(path, number, f"the score {text} is not within 0 and 1")
    return score
