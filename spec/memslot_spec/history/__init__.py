"""Histories: the header, the events, and their written forms."""
