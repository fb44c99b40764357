"""The project: settings, URL maps, the launcher and demo data. No business rule lives here."""
