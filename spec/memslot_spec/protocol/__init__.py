"""The update protocol as a small pure transition system, searched to the end.

`state` says what there is. What each thread may do next is in `steps` (sections,
grace periods, updates), `fault_steps` and `shadow_steps`; in which order it does
so is in `programs`. `walk` goes from one state to the next, `graph` remembers where
that led, and `search` goes to every reachable one, breadth first: it judges transitions
with the facts and clauses that histories are judged with. `folded` is how facts of two
ways are found to be the same, kept in `cells` by `kept` and `renumbering`, and made
again by `unfolded` and `lazy`; `folded_judge` judges after them. `reduction` says which
threads need not be followed, by the states and by what events share (`dependence`).
`races` are what is searched, and `paths` says whether a history is a path of the
system.
"""
