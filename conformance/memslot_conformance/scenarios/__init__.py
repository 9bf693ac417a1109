"""Scenarios: what is run, fixed or drawn."""
