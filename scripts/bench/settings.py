"""Settings of the benchmark's server: the project's own, without limits, and with its floors."""

from flexage.settings import *  # noqa: F403

ROOT_URLCONF = "scripts.bench.urls"
THROTTLES = dict.fromkeys(THROTTLES)  # noqa: F405
