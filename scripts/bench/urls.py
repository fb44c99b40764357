"""The project's addresses and the floors that they are compared with."""

from django.urls import path

from flexage import urls
from scripts.bench import floors

urlpatterns = [
    path("floor/bare", floors.bare),
    path("floor/submissions", floors.submissions),
    *urls.urlpatterns,
]
