"""What configurators author: components, their entries and rubrics, and who is enrolled."""
