"""What the judge makes of events, for clauses to speak of."""
