"""Where everything is."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/", include("flexage.api_urls")),
    path("configure/", include("components.urls")),
    path("", include("grading.urls")),
    path("", include("accounts.urls")),
]
handler400 = "flexage.errors.bad_request"
handler403 = "flexage.errors.permission_denied"
handler404 = "flexage.errors.page_not_found"
handler500 = "flexage.errors.server_error"
