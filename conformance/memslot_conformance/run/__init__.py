"""A run: campaign, event stream, verdicts."""
