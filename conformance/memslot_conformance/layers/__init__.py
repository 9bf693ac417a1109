"""The layers of a check: fixed, sampled, sequential."""
