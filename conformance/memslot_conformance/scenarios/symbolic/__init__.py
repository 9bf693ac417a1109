"""Scenarios whose numbers a solver chooses."""
