from django.urls import path

from components.views import components, entries

app_name = "components"
urlpatterns = [
    path("", components.component_list, name="component_list"),
    path("components/new/", components.component_create, name="component_create"),
    path("components/<uuid:pk>/", components.component_detail, name="component_detail"),
    path("components/<uuid:pk>/edit/", components.component_edit, name="component_edit"),
    path("components/<uuid:pk>/delete/", components.component_delete, name="component_delete"),
    path("components/<uuid:pk>/people/", components.people, name="people"),
    path(
        "components/<uuid:pk>/people/<uuid:user_pk>/unenroll/",
        components.unenroll,
        name="unenroll",
    ),
    path(
        "components/<uuid:pk>/configurators/add/",
        components.configurator_add,
        name="configurator_add",
    ),
    path(
        "components/<uuid:pk>/configurators/<uuid:user_pk>/remove/",
        components.configurator_remove,
        name="configurator_remove",
    ),
    path("components/<uuid:component_pk>/entries/new/", entries.entry_create, name="entry_create"),
    path("entries/<uuid:pk>/", entries.entry_detail, name="entry_detail"),
    path("entries/<uuid:pk>/edit/", entries.entry_edit, name="entry_edit"),
    path("entries/<uuid:pk>/delete/", entries.entry_delete, name="entry_delete"),
    path("entries/<uuid:pk>/rubric/", entries.rubric_edit, name="rubric_edit"),
]
