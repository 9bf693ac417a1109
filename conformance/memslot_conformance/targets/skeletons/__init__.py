"""Adapters to begin with, which `memslots new-adapter` copies."""
