"""The update protocol as a small pure transition system, searched to the end.

`state` says what there is, `steps` what each thread may do next, `programs` in
which order it does so. `search` goes through every reachable state, breadth
first, and judges every transition with the facts and clauses that histories are
judged with; `folded` is how facts of two paths are found to be the same. `paths`
says whether a history is a path of the system.
"""
