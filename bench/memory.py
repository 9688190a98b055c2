"""How much memory an import takes: of so many small pictures. Usage: python -m bench.memory COUNT

The peak resident memory of the importing process and of its largest child: the same for 100 and for 10,000 files.
"""

from __future__ import annotations

import resource
import sys
import tempfile
from pathlib import Path

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.utils import timezone  # noqa: E402

from annotation_site.corpus.services import import_now  # noqa: E402
from bench.media import make_pictures  # noqa: E402


def main(count: int) -> None:
    call_command("migrate", verbosity=0)
    with tempfile.TemporaryDirectory() as folder:
        make_pictures(Path(folder), count, width=160, height=140)
        job = import_now(path=Path(folder), now=timezone.now(), workers=2)
    if job.n_added != count:
        raise SystemExit(f"{job.n_added} of {count} came in")
    own, child = (resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    print(
        f"import, memory\t{count:,} small pictures\t{own + child:.0f} MB: {own:.0f} in the parent, {child:.0f} a child"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]))
