"""Settings of the tests: the project's own, with nothing of this machine's but its database."""

import os

OF_THE_MACHINE = (
    *(
        "ACCESS_",
        "ANSWER_",
        "CACHE_",
        "CORS_",
        "DEMO_",
        "GENERATE_",
        "GOOGLE_",
        "GRADING_",
        "HTTPS",
        "LOCKOUT_",
        "OPENAI_",
    ),
    *("PROXIES", "REFRESH_", "THROTTLE_", "TIME_ZONE", "WEBHOOK_"),
)
for name in [name for name in os.environ if name.startswith(OF_THE_MACHINE)]:
    del os.environ[name]
os.environ["ENV_FILE"] = os.devnull
os.environ["SECRET_KEY"] = "django-insecure-for-tests-and-nowhere-else"
os.environ["DEBUG"] = "true"

from flexage.settings import *

DEBUG = False
HTTPS = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = False
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
WHITENOISE_AUTOREFRESH = True
# Tests ask far more often than people do; those of the limits set them.
THROTTLES = dict.fromkeys(THROTTLES)  # noqa: F405
GENERATE_WAIT_SECONDS = 0.0
