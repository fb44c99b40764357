"""Components, entries and enrollments over the API."""
