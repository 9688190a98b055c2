"""Settings, all by environment; with none set, one machine runs everything (docs/running.md lists them)."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import dj_database_url
import structlog
from django.core.exceptions import ImproperlyConfigured
from django.templatetags.static import static
from django.urls import reverse_lazy

from annotation_site import broker, csp, local
from annotation_site.environment import folders, one_of, rate, whole_number
from annotation_site.media_storage import media_storage, runs_storage

BASE_DIR = local.BASE_DIR
STATE_DIR = local.state_dir()

# --- Identity and safety -----------------------------------------------------------------------------------------
SITE_URL = os.environ.get("SITE_URL", "http://127.0.0.1:8000").rstrip("/")
DEBUG = os.environ.get("DEBUG", "") == "1"
SECRET_KEY = local.secret_key() or ("debug-only" if DEBUG else "")
if not SECRET_KEY:
    raise ImproperlyConfigured(
        "Set SECRET_KEY, or start through `make run` or manage.py, which make one for this machine."
    )

_https = SITE_URL.startswith("https://")
_host = SITE_URL.split("://")[1].split("/")[0].rsplit(":", 1)[0]
ALLOWED_HOSTS = os.environ.get("ALLOWED_HOSTS", f"{_host},localhost,127.0.0.1,[::1]").split(",")
CSRF_TRUSTED_ORIGINS = [SITE_URL]
SESSION_ENGINE = "annotation_site.accounts.sessions"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _https
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_SSL_REDIRECT = _https and os.environ.get("SSL_REDIRECT", "1") == "1"
SECURE_HSTS_SECONDS = 31_536_000 if _https else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if os.environ.get("BEHIND_PROXY") == "1" else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {"DIRECTIVES": csp.STRICT}

# --- Rooms -------------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "annotation_site.apps.AdminPanel",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "csp",
    "django_htmx",
    "django_structlog",
    "rest_framework",
    "rest_framework.authtoken",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "annotation_site.charts",
    "annotation_site.jobs",
    "annotation_site.leases",
    "annotation_site.accounts",
    "annotation_site.protocols",
    "annotation_site.corpus",
    "annotation_site.scoring",
    "annotation_site.preferences",
    "annotation_site.reliability",
    "annotation_site.snapshots",
    "annotation_site.training",
    "annotation_site.rescoring",
    "annotation_site.cycles",
    "annotation_site.judging",
    "annotation_site.api",
    "annotation_site.demo",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "annotation_site.csp.RelaxByPath",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
]
ROOT_URLCONF = "annotation_site.urls"
WSGI_APPLICATION = "annotation_site.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
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
            ],
        },
    },
]

# --- Data --------------------------------------------------------------------------------------------------------
DATABASES = {
    "default": dj_database_url.parse(
        os.environ.get("DATABASE_URL") or f"sqlite:///{STATE_DIR / 'db.sqlite3'}", conn_max_age=600
    )
}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
    }
    # On disk and in WAL mode, as in use: threads and processes of the tests meet the real locks.
    DATABASES["default"]["TEST"] = {"NAME": str(STATE_DIR / "test.sqlite3")}
MEDIA_ROOT = STATE_DIR / "media"
MEDIA_URL = "/media/"
SNAPSHOTS_ROOT = STATE_DIR / "snapshots"
SNAPSHOT_LEFTOVERS_KEPT_DAYS = whole_number("SNAPSHOT_LEFTOVERS_KEPT_DAYS", 7)
RUNS_ROOT = STATE_DIR / "runs"
RUNS_STORAGE = os.environ.get("RUNS_STORAGE", "")  # empty: runs are kept where they are made
STATIC_URL = "/static/"
STATIC_ROOT = STATE_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
# One machine serves static files from where they lie; a server collects them once and names them by their hash.
WHITENOISE_USE_FINDERS = os.environ.get("STATIC_MANIFEST") != "1"
STORAGES = {
    "default": media_storage(os.environ.get("MEDIA_STORAGE", "")),
    "runs": runs_storage(RUNS_STORAGE, folder=RUNS_ROOT),
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if WHITENOISE_USE_FINDERS
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 2**20
# What one person may send to the corpus at a time, and for how many days it waits to be imported.
UPLOAD_MAX_FILE_BYTES = whole_number("UPLOAD_MAX_FILE_GB", 20) * 2**30
UPLOAD_MAX_BYTES = whole_number("UPLOAD_MAX_GB", 200) * 2**30
UPLOAD_MAX_FILES = whole_number("UPLOAD_MAX_FILES", 50_000)
UPLOAD_KEPT_DAYS = whole_number("UPLOAD_KEPT_DAYS", 7)
# What one file or archive of an import may cost, where admins may import from, and where archives are unpacked.
IMPORT_MAX_PIXELS = whole_number("IMPORT_MAX_PIXELS", 80_000_000)
IMPORT_MIN_SIDE = whole_number("IMPORT_MIN_SIDE", 128)
IMPORT_MAX_PICTURE_MB = whole_number("IMPORT_MAX_PICTURE_MB", 200)
IMPORT_MAX_SOUND_MB = whole_number("IMPORT_MAX_SOUND_MB", 2048)
IMPORT_MAX_MINUTES = whole_number("IMPORT_MAX_MINUTES", 30)
IMPORT_MAX_ARCHIVE_FILES = whole_number("IMPORT_MAX_ARCHIVE_FILES", 200_000)
IMPORT_MAX_ARCHIVE_GB = whole_number("IMPORT_MAX_ARCHIVE_GB", 200)
IMPORT_MAX_ARCHIVE_RATIO = whole_number("IMPORT_MAX_ARCHIVE_RATIO", 100)
IMPORT_PROCESSES = whole_number("IMPORT_PROCESSES", 0, least=0)
IMPORT_ROOTS = folders("IMPORT_ROOTS")
IMPORT_SCRATCH = Path(os.environ.get("IMPORT_SCRATCH") or STATE_DIR / "scratch")

# --- Training: how long one that is told to stop may take to save; how many machines share one, and where they meet;
# how large a model version may be that is brought in as a file ------------------------------------------------------
TRAINING_GRACE_SECONDS = whole_number("TRAINING_GRACE_SECONDS", 30)
TRAINING_NODES = whole_number("TRAINING_NODES", 1)
TRAINING_RENDEZVOUS = os.environ.get("TRAINING_RENDEZVOUS", "")
if TRAINING_NODES > 1 and not TRAINING_RENDEZVOUS:
    raise ImproperlyConfigured("TRAINING_NODES is above 1: say in TRAINING_RENDEZVOUS where they meet (HOST:PORT).")
VERSION_MAX_MB = whole_number("VERSION_MAX_MB", 4096)

# --- The judge: who may ask the active model version, how often, how much, and for how long it is kept --------------
JUDGE_FOR = one_of("JUDGE_FOR", ("admins", "raters", "everyone"))
JUDGE_RATE = rate("JUDGE_RATE", "30/hour")
JUDGE_ADDRESS_RATE = rate("JUDGE_ADDRESS_RATE", "120/hour")
JUDGE_KEPT_HOURS = whole_number("JUDGE_KEPT_HOURS", 24)
JUDGE_IDLE_MINUTES = whole_number("JUDGE_IDLE_MINUTES", 15)
JUDGE_DEVICE = one_of("JUDGE_DEVICE", ("cpu", "cuda", "auto"))
JUDGE_THREADS = whole_number("JUDGE_THREADS", 0, least=0)
JUDGE_MAX_PICTURE_MB = whole_number("JUDGE_MAX_PICTURE_MB", 40)
JUDGE_MAX_SOUND_MB = whole_number("JUDGE_MAX_SOUND_MB", 150)
JUDGE_MAX_REQUEST_MB = whole_number("JUDGE_MAX_REQUEST_MB", 250)
JUDGE_MAX_MINUTES = whole_number("JUDGE_MAX_MINUTES", 10)

# --- Broker, cache, jobs -----------------------------------------------------------------------------------------
BROKER_URL = os.environ.get("BROKER_URL", "")
CELERY_BROKER_URL = BROKER_URL or broker.celery_url(STATE_DIR)
CELERY_RESULT_BACKEND = CELERY_BROKER_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ACKS_LATE = False  # every long job is a row with a heartbeat; a redelivery would only lose the claim
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3600,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
}
CELERY_TASK_SEND_SENT_EVENT = False
CELERY_BEAT_SCHEDULE = {
    "sweep": {"task": "jobs.sweep", "schedule": timedelta(seconds=10), "options": {"expires": 10}},
    "rescorings": {"task": "rescoring.sweep", "schedule": timedelta(seconds=10), "options": {"expires": 10}},
    "judgings": {"task": "judging.sweep", "schedule": timedelta(minutes=15), "options": {"expires": 900}},
    "cycles": {"task": "cycles.turn", "schedule": timedelta(minutes=1), "options": {"expires": 60}},
    "uploads": {"task": "corpus.uploads_sweep", "schedule": timedelta(minutes=30), "options": {"expires": 1800}},
    "leftovers": {"task": "snapshots.leftovers_sweep", "schedule": timedelta(hours=6), "options": {"expires": 21_600}},
}
CELERY_BEAT_SCHEDULE_FILENAME = str(STATE_DIR / "beat-schedule")
_cache = os.environ.get("CACHE_URL") or BROKER_URL or broker.cache_url(STATE_DIR)
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache"
        if _cache == "locmem://"
        else "django.core.cache.backends.redis.RedisCache",
        "LOCATION": _cache,
        "KEY_PREFIX": "atelier",
    }
}

# --- People ------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "annotation_site.accounts.backends.AccountBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = reverse_lazy("account_login")
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "annotation_site.accounts.adapter.InvitedOnly"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = LOGIN_URL
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
EMAIL_BACKEND = os.environ.get("EMAIL_BACKEND", "django.core.mail.backends.console.EmailBackend")

# --- API ---------------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        # Tokens first: a stranger then gets 401 and is told how to log in, not 403.
        "rest_framework.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAdminUser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_PAGINATION_CLASS": "annotation_site.api.pagination.NewestFirst",
    "EXCEPTION_HANDLER": "annotation_site.api.errors.handler",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "PAGE_SIZE": 100,
    # Whose address a request comes from: the proxy in front says so, or nobody may.
    "NUM_PROXIES": 1 if os.environ.get("BEHIND_PROXY") == "1" else 0,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "MPD Atelier",
    "VERSION": "1",
    "DESCRIPTION": "Everything that the pages do, by token or session.",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "ENUM_NAME_OVERRIDES": {
        "JobState": "annotation_site.jobs.models.JobState.choices",
        "RaterState": "annotation_site.accounts.models.RaterState.choices",
        "JudgmentState": "annotation_site.scoring.models.RatingState.choices",  # votes have the same states
        "Side": "annotation_site.preferences.models.Side.choices",
        "RescoringDevice": "annotation_site.rescoring.models.Device.choices",
    },
}

# --- Words, time, logs -------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
UNFOLD = {
    "SITE_TITLE": "MPD Atelier",
    "SITE_HEADER": "MPD Atelier",
    "SITE_SUBHEADER": "Music and painting",
    "SITE_SYMBOL": "palette",
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "DASHBOARD_CALLBACK": "annotation_site.admin_site.dashboard",
    "SIDEBAR": {"show_search": False, "navigation": "annotation_site.admin_site.navigation"},
    "BORDER_RADIUS": "6px",
    "STYLES": [
        lambda request: static("jobs/jobs.css"),
        lambda request: static("charts/charts.css"),
        lambda request: static("css/admin.css"),
    ],
}
LOGGING_CONFIG = "annotation_site.logs.configure"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "console": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processor": structlog.processors.JSONRenderer()
            if os.environ.get("LOG_FORMAT") == "json"
            else structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "console"}},
    "root": {"handlers": ["console"], "level": os.environ.get("LOG_LEVEL", "INFO")},
}
DJANGO_STRUCTLOG_CELERY_ENABLED = True
