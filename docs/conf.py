"""How Sphinx builds the book: offline, and strict about every reference."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "memslots"
author = "The memslots authors"
release = version = "0.1.0"

extensions = [
    "myst_parser",
    "memslots_book",
    "memslots_evidence",
    "memslots_interleaving",
    "memslots_museum",
    "memslots_protocol",
]
myst_enable_extensions = ["deflist", "fieldlist"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]
nitpicky = True

html_theme = "furo"
html_title = "memslots"
