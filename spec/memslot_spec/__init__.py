"""Guest memory slots of Linux KVM as pure values, functions, clauses and a judge."""
