"""Write the generated parts of `memslots.h` anew, from the specification's types."""

from __future__ import annotations

from memslot_conformance.targets.c.header import HEADER, generated

if __name__ == "__main__":
    HEADER.write_text(generated(HEADER.read_text(encoding="utf-8")), encoding="utf-8")
