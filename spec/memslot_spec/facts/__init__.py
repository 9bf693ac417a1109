"""What is known at one step of a history; the judge alone changes it."""
