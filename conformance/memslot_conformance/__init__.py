"""The conformance suite: it runs implementations and judges what they did."""
