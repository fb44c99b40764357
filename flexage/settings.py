"""FlexAGE's settings. Every one that differs between machines comes from the environment.

The table of them is in the README; `.env.example` is a copy to start from.
"""

import os
from pathlib import Path
from zoneinfo import available_timezones

from bootstrap_wrapper import get_bootstrap_dir
from csp.constants import NONCE, NONE, SELF
from django.contrib.messages import constants as message_levels

from flexage.env import Settings, SettingsError

BASE_DIR = Path(__file__).resolve().parent.parent
env = Settings(Path(os.environ.get("ENV_FILE", BASE_DIR / ".env")))

DEBUG = env.flag("DEBUG", default=False)
SECRET_KEY = env.secret_key(debug=DEBUG)
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.urls("CSRF_TRUSTED_ORIGINS")
HOST = env.text("HOST", "127.0.0.1")
PORT = env.integer("PORT", 8000, 1, 65535)
HTTPS = env.flag("HTTPS", default=not DEBUG)

# --- grading ---------------------------------------------------------------
GOOGLE_API_KEY = env.text("GOOGLE_API_KEY")
GOOGLE_API_ENDPOINT = env.url("GOOGLE_API_ENDPOINT")
GRADING_PROVIDER = env.choice(
    "GRADING_PROVIDER", ("gemini", "simulator"), "gemini" if GOOGLE_API_KEY else "simulator"
)
if GRADING_PROVIDER == "gemini" and not GOOGLE_API_KEY:
    raise SettingsError("GRADING_PROVIDER is 'gemini' but GOOGLE_API_KEY is missing.")
GRADING_MODEL = env.text("GRADING_MODEL", "gemini-2.5-flash")
GRADING_TEMPERATURE = env.decimal("GRADING_TEMPERATURE", 0.0, 0.0, 2.0)
GRADING_TIMEOUT = env.integer("GRADING_TIMEOUT", 60, 1, 300)
GRADING_CONCURRENCY = env.integer("GRADING_CONCURRENCY", 8, 1, 256)
GRADING_MAX_ATTEMPTS = env.integer("GRADING_MAX_ATTEMPTS", 4, 1, 20)
GRADING_RETRY_SECONDS = env.decimal("GRADING_RETRY_SECONDS", 5.0, 0.0, 3600.0)
GRADING_LEASE_SECONDS = env.integer("GRADING_LEASE_SECONDS", 30, 2, 3600)
GRADING_REVIEW_BELOW = env.integer("GRADING_REVIEW_BELOW", 40, 0, 100)
ANSWER_MAX_CHARS = env.integer("ANSWER_MAX_CHARS", 100_000, 1, 2_000_000)

# --- demo ------------------------------------------------------------------
DEMO_PASSWORD = env.text("DEMO_PASSWORD", "flexage-demo")

# --- applications ----------------------------------------------------------
INSTALLED_APPS = [
    "flexage",
    "accounts",
    "components",
    "django_q",
    "grading",  # after django_q, whose pages it takes out of the admin
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "csp",
    "crispy_forms",
    "crispy_bootstrap5",
    "django_htmx",
    "import_export",
    "rest_framework",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "accounts.middleware.SignInRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "flexage.urls"
WSGI_APPLICATION = "flexage.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "flexage.context_processors.site",
            ],
        },
    },
]
CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"
MESSAGE_TAGS = {message_levels.ERROR: "danger", message_levels.DEBUG: "secondary"}

# --- data ------------------------------------------------------------------
DATABASES = {"default": env.database("DATABASE_URL", f"sqlite:///{BASE_DIR / 'db.sqlite3'}")}
_database = DATABASES["default"]
_database.update(CONN_MAX_AGE=60, CONN_HEALTH_CHECKS=True)
if _database["ENGINE"].endswith("sqlite3"):
    _database["OPTIONS"] = {
        # Web and worker write at once: readers never block (WAL), writers wait for their turn,
        # and take it when the transaction begins, so that none fails half-way through.
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        "transaction_mode": "IMMEDIATE",
        "timeout": 30,
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- worker ----------------------------------------------------------------
# A row of GradingRun is the job; django-q2 only wakes the worker and keeps the schedule.
# `retry` stays above `timeout` times what the cluster prefetches, or a task would be served twice.
Q_CLUSTER = {
    "name": "flexage",
    "label": "Worker",
    "orm": "default",
    "workers": 1,
    "queue_limit": 1,
    "bulk": 1,
    "poll": 0.2,
    "timeout": 1200,  # a drain claims for ten minutes, then waits for what is in flight
    "retry": 3600,
    "max_attempts": 1,
    "catch_up": False,
    "save_limit": 250,
    "recycle": 500,
    "guard_cycle": 0.5,
}

# --- people ----------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.backends.AccountBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.BCryptSHA256PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.ScryptPasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "accounts:sign_in"
LOGIN_REDIRECT_URL = "accounts:home"
LOGOUT_REDIRECT_URL = "accounts:sign_in"

# --- language and time -----------------------------------------------------
LANGUAGE_CODE = "en"

USE_I18N = True
USE_TZ = True
TIME_ZONE = env.text("TIME_ZONE", "UTC")
if TIME_ZONE not in available_timezones():
    raise SettingsError(f"TIME_ZONE is {TIME_ZONE!r}; allowed: a name such as Europe/Berlin.")

# --- files -----------------------------------------------------------------
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static", ("bootstrap", get_bootstrap_dir())]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_AUTOREFRESH = DEBUG
# Over-long answers must reach the form that says so; a character may be 12 bytes in a post.
DATA_UPLOAD_MAX_MEMORY_SIZE = max(10 * 1024 * 1024, 13 * ANSWER_MAX_CHARS)
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000  # a rubric grid posts a field a cell

# --- security --------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
if HTTPS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 30 * 24 * 3600

# --- import and export in the admin ----------------------------------------
IMPORT_EXPORT_USE_TRANSACTIONS = True
IMPORT_EXPORT_ESCAPE_FORMULAE_ON_EXPORT = True
IMPORT_EXPORT_SKIP_ADMIN_LOG = False

# --- logging ---------------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "django": {"handlers": [], "level": "WARNING"},
        "django.request": {"level": "ERROR"},  # a wrong address is not this server's trouble
        "grading": {"level": "INFO"},
        "flexage": {"level": "INFO"},
    },
}
