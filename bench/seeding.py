"""The demo, from an empty site to one that is mostly scored. Usage: python -m bench.seeding"""

from __future__ import annotations

import os
import time

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.utils import timezone  # noqa: E402

from annotation_site.demo.services import Amounts, demo_make  # noqa: E402
from annotation_site.demo.truths import corpus_dir  # noqa: E402
from mpd_builder.synthetic import make_corpus  # noqa: E402


def main() -> None:
    call_command("migrate", verbosity=0)
    amounts, processes = Amounts(), os.cpu_count() or 1
    out_dir = corpus_dir(settings.STATE_DIR)
    start = time.perf_counter()
    make_corpus(out_dir=out_dir, paintings=amounts.paintings, tracks=amounts.tracks, seed=1, processes=processes)
    made = time.perf_counter() - start
    demo_make(state_dir=settings.STATE_DIR, seed=1, now=timezone.now(), tell=lambda words: None)
    seconds = time.perf_counter() - start
    ratio, floor = f"{seconds / made:.1f} x", f"painting and composing it, {made:.1f} s"
    print("\t".join(("seeding the demo", f"{amounts.pairs} pairs", f"{seconds:.1f} s", ratio, floor)))


if __name__ == "__main__":
    main()
