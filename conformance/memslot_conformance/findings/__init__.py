"""Plays judged, and what is kept of those that break a clause."""
