"""How to load a snapshot, as the card tells it: one line a tool. Tests run every one of these blocks."""

from __future__ import annotations

from mpd_builder.snapshot.papers.about import About
from mpd_builder.snapshot.recipe import MediaChoice
from mpd_builder.snapshot.tables import SPLITS, table_path


def section(about: About) -> str:
    """`PATH` stands for the snapshot's folder, `SHARDS` for that of its shards."""
    filled = [split for split in SPLITS if about.facts.pairs[split]]
    one = filled[0] if filled else SPLITS[0]
    others = f"  # also: {', '.join(filled[1:])}" if filled[1:] else ""
    blocks = [
        "## Loading",
        "With [datasets](https://huggingface.co/docs/datasets), where `PATH` is this folder or its name on the Hub:",
        _python(
            "from datasets import load_dataset",
            "",
            f'pairs = load_dataset("PATH", "pairs", split="{one}"){others}',
            'ratings = load_dataset("PATH", "ratings", split="full")',
        ),
        "With pandas, or anything else that reads Parquet:",
        _python(
            "import pandas as pd",
            "",
            f'pairs = pd.read_parquet("PATH/{table_path(f"pairs-{one}")}")',
            'paintings = pd.read_parquet("PATH/data/paintings.parquet")',
        ),
        "With SQL ([DuckDB](https://duckdb.org)):",
        _python(
            "import duckdb",
            "",
            'duckdb.sql("""',
            "    SELECT style, count(*) AS pairs, avg(score) AS score",
            "    FROM 'PATH/data/pairs-*.parquet' JOIN 'PATH/data/paintings.parquet' USING (painting_id)",
            "    GROUP BY style ORDER BY pairs DESC, style",
            '""")',
        ),
        "With [mlcroissant](https://github.com/mlcommons/croissant):",
        _python(
            "from mlcroissant import Dataset",
            "",
            'for record in Dataset("PATH/croissant.json").records("pairs"):',
            '    record["pairs/score"]',
        ),
        "With MPD Atelier, every byte checked first:",
        _python(*_own(about)),
    ]
    if about.arrays:
        blocks += ["As a PyTorch data set:", _python(*_TORCH, f'pairs = Pairs("PATH", split="{one}")')]
    if about.recipe.media is not MediaChoice.NONE:
        blocks += [
            "As [WebDataset](https://github.com/webdataset/webdataset) shards, one sample a pair:",
            "```sh\npython -m mpd_builder shards PATH --out SHARDS\n```",
            _python(
                "import webdataset",
                "",
                f'samples = webdataset.WebDataset("SHARDS/{one}-000000.tar", shardshuffle=False).decode("pil")',
            ),
        ]
    blocks.append(
        "`python -m mpd_builder verify PATH`, or without it `cd PATH && sha256sum -c SHA256SUMS`, finds any change."
    )
    return "\n\n".join(blocks)


def _python(*lines: str) -> str:
    return "\n".join(["```python", *lines, "```"])


def _own(about: About) -> list[str]:
    lines = [
        "from mpd_builder import snapshot",
        "",
        'data = snapshot.read("PATH")',
        "data.pairs, data.ratings, data.preferences, data.paintings, data.clips  # frames",
    ]
    if about.arrays:
        lines.append("data.arrays().paintings_u8, data.arrays().mels_f16  # read-only memory maps")
    return lines


_TORCH = """\
import torch

from mpd_builder import snapshot


class Pairs(torch.utils.data.Dataset):
    def __init__(self, path, split):
        data = snapshot.read(path)
        rows = data.pairs[data.pairs["split"] == split]
        self.arrays, self.scores = data.arrays(), rows["score"].to_numpy("float32")
        painting_row = data.paintings.set_index("painting_id")["row"]
        clip_row = data.clips.set_index("clip_id")["row"]
        self.paintings = painting_row[rows["painting_id"]].to_numpy()
        self.clips = clip_row[rows["clip_id"]].to_numpy()

    def __len__(self):
        return len(self.scores)

    def __getitem__(self, i):
        painting = torch.tensor(self.arrays.paintings_u8[self.paintings[i]])  # (256, 256, 3)
        mel = torch.tensor(self.arrays.mels_f16[self.clips[i]])  # (128, 469)
        return painting, mel, self.scores[i]

""".splitlines()
