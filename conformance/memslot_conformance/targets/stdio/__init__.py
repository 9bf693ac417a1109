"""A program as a target: it reads and writes lines of JSON."""
