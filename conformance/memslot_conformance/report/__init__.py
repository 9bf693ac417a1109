"""What a run shows, in each format: rendered from its records."""
