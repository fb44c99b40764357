#!/usr/bin/env python
"""FlexAGE's command line: `manage.py run`, `manage.py worker`, `manage.py --help`."""

import os
import sys


def main() -> None:
    """Run a management command; an impossible setting ends in one line, not in a traceback."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "flexage.settings")
    from django.conf import settings
    from django.core.management import execute_from_command_line

    from flexage.env import SettingsError

    try:
        # Read now: Django defers this error past the point where it can be shown as one line.
        _ = settings.DEBUG
    except SettingsError as error:
        sys.exit(f"FlexAGE cannot start: {error}")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
