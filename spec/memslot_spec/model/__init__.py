"""The sequential semantics: what a request or a reader may be told, by one table."""
