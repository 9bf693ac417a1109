"""What an implementation under test provides, and how an operation reaches it."""
