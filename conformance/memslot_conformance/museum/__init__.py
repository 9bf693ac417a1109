"""The museum of bugs, run: which clause detects which."""
