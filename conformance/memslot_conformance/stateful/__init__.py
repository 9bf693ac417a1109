"""The suite as a state machine of Hypothesis, which is imported, and run by pytest."""
