"""Settings of the benchmarks' processes: the project's own, without limits, with their floors."""

import os

from flexage.settings import *  # noqa: F403
from scripts.bench.statements import count_statements

ROOT_URLCONF = "scripts.bench.urls"
THROTTLES = dict.fromkeys(THROTTLES)  # noqa: F405
if os.environ.get("BENCH_STATEMENTS"):
    count_statements(os.environ["BENCH_STATEMENTS"])
