"""Requests for the running kernel, within its guards."""
