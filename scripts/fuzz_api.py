"""Has schemathesis ask a FlexAGE of its own for longer than the tests do.

python -m scripts.fuzz_api configurator admin --examples 200
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from flexage.tests.live.fuzzing import ROLES, ask, live_site


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("roles", nargs="*", default=list(ROLES), help=", ".join(ROLES))
    parser.add_argument("--examples", type=int, default=100, help="requests per operation")
    options = parser.parse_args()
    are_clean = True
    for role in options.roles:
        started = time.monotonic()
        with tempfile.TemporaryDirectory() as name, live_site(Path(name)) as live:
            report = ask(live, role, Path(name), examples=options.examples)
        print(report.text)
        print("Never answered with success:", sorted(report.unreached) or "none")
        print(f"{role}: {time.monotonic() - started:.0f} s\n", flush=True)
        are_clean = are_clean and report.is_clean
    return 0 if are_clean else 1


if __name__ == "__main__":
    sys.exit(main())
