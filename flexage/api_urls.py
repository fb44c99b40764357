"""The API's addresses, in the three parts of its contract, and its pages."""

from django.urls import include, path, re_path

from accounts.api import urls as accounts
from accounts.api.routes import either_way
from components.api import urls as components
from flexage import api_pages
from grading.api import health
from grading.api import urls as grading

app_name = "api"
urlpatterns = [
    path("auth/", include((accounts.urlpatterns + components.auth, "auth"))),
    path("configure/", include((components.configure + grading.configure, "configure"))),
    path("student/", include((grading.student, "student"))),
    either_way("health", health.Health, "health"),
    either_way("ready", health.Ready, "ready"),
    *api_pages.urlpatterns,
    re_path("", api_pages.not_found, name="not_found"),
]
