"""How Sphinx builds the book: offline, and strict about every reference."""

project = "memslots"
author = "The memslots authors"
release = version = "0.1.0"

extensions = ["myst_parser"]
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]
nitpicky = True

html_theme = "furo"
html_title = "memslots"
