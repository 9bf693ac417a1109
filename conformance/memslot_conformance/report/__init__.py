"""What a run shows: rendered from its records."""
