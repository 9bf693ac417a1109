"""Clauses on requests that fail, and on what they leave behind."""
