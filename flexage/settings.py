"""FlexAGE's settings. Every one that differs between machines comes from the environment.

The table of them is in the README; `.env.example` is a copy to start from.
"""

import os
from datetime import timedelta
from pathlib import Path
from zoneinfo import available_timezones

from bootstrap_wrapper import get_bootstrap_dir
from corsheaders.defaults import default_headers
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
OPENAI_API_KEY = env.text("OPENAI_API_KEY")
OPENAI_BASE_URL = env.url("OPENAI_BASE_URL")
_has_openai = bool(OPENAI_API_KEY or OPENAI_BASE_URL)
GRADING_PROVIDER = env.choice(
    "GRADING_PROVIDER",
    ("gemini", "google-genai", "openai", "simulator"),
    "gemini" if GOOGLE_API_KEY else "openai" if _has_openai else "simulator",
)
if GRADING_PROVIDER in {"gemini", "google-genai"} and not GOOGLE_API_KEY:
    raise SettingsError(f"GRADING_PROVIDER is {GRADING_PROVIDER!r} but GOOGLE_API_KEY is missing.")
if GRADING_PROVIDER == "openai" and not _has_openai:
    raise SettingsError(
        "GRADING_PROVIDER is 'openai' but both OPENAI_API_KEY and OPENAI_BASE_URL are missing."
    )
GRADING_MODEL = env.text(
    "GRADING_MODEL", "gpt-4.1-mini" if GRADING_PROVIDER == "openai" else "gemini-2.5-flash"
)
GRADING_TEMPERATURE = env.decimal("GRADING_TEMPERATURE", 0.0, 0.0, 2.0)
GRADING_TIMEOUT = env.integer("GRADING_TIMEOUT", 60, 1, 300)
GRADING_CONCURRENCY = env.integer("GRADING_CONCURRENCY", 8, 1, 256)
GRADING_REQUESTS_PER_MINUTE = env.integer("GRADING_REQUESTS_PER_MINUTE", 0, 0, 1_000_000)
GRADING_TOKENS_PER_MINUTE = env.integer("GRADING_TOKENS_PER_MINUTE", 0, 0, 1_000_000_000)
GRADING_INPUT_PRICE = env.decimal("GRADING_INPUT_PRICE", 0.0, 0.0, 10_000.0)
GRADING_OUTPUT_PRICE = env.decimal("GRADING_OUTPUT_PRICE", 0.0, 0.0, 10_000.0)
GRADING_CURRENCY = env.text("GRADING_CURRENCY", "USD")
GRADING_PER_CRITERION = env.flag("GRADING_PER_CRITERION", default=False)
GRADING_KEEP_RAW_DAYS = env.integer("GRADING_KEEP_RAW_DAYS", 365, 0, 36_500)
GRADING_MAX_ATTEMPTS = env.integer("GRADING_MAX_ATTEMPTS", 4, 1, 20)
GRADING_RETRY_SECONDS = env.decimal("GRADING_RETRY_SECONDS", 5.0, 0.0, 3600.0)
GRADING_LEASE_SECONDS = env.integer("GRADING_LEASE_SECONDS", 30, 2, 3600)
GRADING_REVIEW_BELOW = env.integer("GRADING_REVIEW_BELOW", 40, 0, 100)
ANSWER_MAX_CHARS = env.integer("ANSWER_MAX_CHARS", 100_000, 1, 2_000_000)
WEBHOOK_PRIVATE_ADDRESSES = env.flag("WEBHOOK_PRIVATE_ADDRESSES", default=False)

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
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "corsheaders",
    "axes",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "accounts.middleware.SignInRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",  # last, so that it sees every failed sign-in
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
AUTHENTICATION_BACKENDS = [
    "accounts.backends.LockoutBackend",  # first: says no to who is locked out
    "accounts.backends.AccountBackend",
]
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

# After so many wrong passwords for a name from one address, that address waits for that name.
LOCKOUT_AFTER = env.integer("LOCKOUT_AFTER", 10, 0, 1000)
LOCKOUT_MINUTES = env.integer("LOCKOUT_MINUTES", 15, 1, 24 * 60)
AXES_ENABLED = LOCKOUT_AFTER > 0
AXES_FAILURE_LIMIT = LOCKOUT_AFTER
AXES_COOLOFF_TIME = timedelta(minutes=LOCKOUT_MINUTES)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_USERNAME_CALLABLE = "accounts.lockout.attempted_username"
AXES_CLIENT_IP_CALLABLE = "accounts.http.client_address"
AXES_LOCKOUT_CALLABLE = "accounts.lockout.locked_out_response"
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False  # the list of users has an action that lifts a lockout
AXES_VERBOSE = False

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

# --- API -------------------------------------------------------------------
PROXIES = env.integer("PROXIES", 0, 0, 10)
THROTTLES = {
    "default": env.rate("THROTTLE_DEFAULT", "600/min"),
    "submit": env.rate("THROTTLE_SUBMIT", "30/min"),
    "sign_in": env.rate("THROTTLE_SIGN_IN", "20/min"),
}
CACHES = {"default": env.cache("CACHE_URL")}
GENERATE_WAIT_SECONDS = env.decimal("GENERATE_WAIT_SECONDS", 2.0, 0.0, 20.0)
API_MAX_BODY = max(2 * 1024 * 1024, 13 * ANSWER_MAX_CHARS)
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.api.tokens.BearerAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": ["accounts.api.wire.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["accounts.api.wire.JSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "accounts.api.wire.AlwaysJSON",
    "DEFAULT_SCHEMA_CLASS": "accounts.api.schema.Schema",
    "DEFAULT_METADATA_CLASS": None,
    "EXCEPTION_HANDLER": "accounts.api.errors.answer_error",
    "NON_FIELD_ERRORS_KEY": "detail",
    "NUM_PROXIES": PROXIES,
}
SIMPLE_JWT = {
    "ALGORITHM": "HS256",
    "SIGNING_KEY": SECRET_KEY,
    "USER_ID_CLAIM": "sub",
    "ACCESS_TOKEN_LIFETIME": timedelta(
        minutes=env.integer("ACCESS_TOKEN_EXPIRE_MINUTES", 30, 1, 24 * 60)
    ),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=env.integer("REFRESH_TOKEN_EXPIRE_DAYS", 7, 1, 365)),
    "CHECK_REVOKE_TOKEN": True,  # a new password ends the tokens of the old one
}
CORS_ALLOWED_ORIGINS = env.urls("CORS_ALLOWED_ORIGINS")
CORS_URLS_REGEX = r"^/api/"
CORS_EXPOSE_HEADERS = ["ETag", "Link", "Location", "Retry-After", "X-Total-Count"]
CORS_ALLOW_HEADERS = [*default_headers, "idempotency-key", "if-match", "if-none-match"]
SPECTACULAR_SETTINGS = {
    "TITLE": "FlexAGE API",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "DESCRIPTION": (
        "Rubric-based assessment with AI grading that people can check.\n\n"
        "Sign in at `/api/auth/login/json` and send the access token as `Authorization: Bearer "
        "...`. Every address answers with and without its trailing slash. Lists are bare arrays, "
        "paged by `skip` and `limit`; `X-Total-Count` and `Link` say what there is besides. Reads "
        "carry an `ETag`; send it as `If-None-Match` to be told 304 where nothing changed, or as "
        "`If-Match` with a change to be told 412 where somebody else was quicker."
    ),
    "LICENSE": {"name": "MIT"},
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PUBLIC": True,
    "SCHEMA_PATH_PREFIX": "/api/",
    "COMPONENT_SPLIT_REQUEST": True,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "PATH_CONVERTER_OVERRIDES": {"id": {"type": "string", "format": "uuid"}},
    "ENUM_NAME_OVERRIDES": {
        "EntryStatus": "grading.enums.EntryStatus",
        "SubmissionStatus": "grading.enums.SubmissionStatus",
        "WebhookEvent": "grading.enums.WebhookEvent",
        "DeliveryState": "grading.enums.DeliveryState",
        "GraderKind": "grading.enums.GraderKind",
        "Role": "accounts.enums.Role",
        "Readiness": "grading.api.health.READINESS",
    },
    "TAGS": [
        {"name": "auth", "description": "Signing in, people, enrollments."},
        {"name": "configure", "description": "For configurators and admins."},
        {"name": "student", "description": "For students."},
        {"name": "health", "description": "For load balancers and monitors."},
    ],
}

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
