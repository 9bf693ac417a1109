"""The command line, where the script `memslots` is not on the path."""

from memslot_conformance.cli import main

if __name__ == "__main__":
    main(prog_name="memslots")
