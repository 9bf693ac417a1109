"""Plays of a scenario: on greenlets or threads, under one schedule or many."""
