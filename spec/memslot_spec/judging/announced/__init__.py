"""What a target announces, held against what it was asked and has announced before."""
