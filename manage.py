#!/usr/bin/env python
"""Django's command line, after making sure that this machine has a state folder and a secret key."""

import os
import sys

from annotation_site import local


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "annotation_site.settings")
    try:
        local.prepare()
    except OSError as error:
        print(
            f"Cannot write to {local.state_dir()}: {error.strerror}. Set ATELIER_STATE to a folder that you own.",
            file=sys.stderr,
        )
        return 1
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
    return 0


if __name__ == "__main__":
    sys.exit(main())
