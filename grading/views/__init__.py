"""The student's pages, and the configurator's pages about submissions."""
