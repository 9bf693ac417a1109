"""A shared library that keeps to the C ABI of `memslots.h`, as a target."""
