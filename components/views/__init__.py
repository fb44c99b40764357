"""The configurator's pages about components."""
