from accounts.api.routes import either_way
from components.api import views

auth = [
    either_way("enroll", views.Enroll, "enroll"),
    either_way("enroll/bulk", views.EnrollBulk, "enroll_bulk"),
]
configure = [
    either_way("flexagecomps/", views.Components, "components"),
    either_way("flexagecomps/<id:comp_id>", views.ComponentView, "component"),
    either_way("flexagecomps/<id:comp_id>/entries", views.ComponentEntries, "component_entries"),
    either_way("flexagecomps/<id:comp_id>/students", views.ComponentStudents, "students"),
    either_way(
        "flexagecomps/<id:comp_id>/enrolled_students", views.ComponentStudents, "enrolled_students"
    ),
    either_way("entries/", views.Entries, "entries"),
    either_way("entries/bulk", views.EntriesBulk, "entries_bulk"),
    either_way("entries/<id:entry_id>", views.EntryView, "entry"),
]
