"""A pure function of yours against one of the specification, symbolically."""
