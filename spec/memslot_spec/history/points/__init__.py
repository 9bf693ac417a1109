"""What an implementation announces from inside, by domain."""
