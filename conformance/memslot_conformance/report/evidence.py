"""Evidence in words: for one clause, for a run in short, and clause by clause. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from rich.console import RenderableType

from memslot_conformance.report.rendering import columns
from memslot_conformance.run.evidence import Bound, ClauseEvidence, Unseen
from memslot_spec.proofs import CONDITION_SECONDS, Contract, rests_on

MARKS = "C confirmed by CrossHair, B bounded search, S sampled, K running kernel"
"""What the letters of `ClauseEvidence.marks` stand for."""

HOW_TO_GET = (
    "`memslots check --report-dir DIR`, then `memslots clauses --from DIR`, shows "
    "bounded searches, samples and the running kernel"
)

NO_EVIDENCE = "the report tells of no evidence: nothing ran, or an older memslots did"

NO_CONTRACT = "rests on no function that CrossHair confirms"


def contract_words(contract: Contract) -> str:
    """What is proved of one function, and for which arguments."""
    conditions = many(len(contract.promises), "condition")
    return (
        f"{contract.name}: {conditions} confirmed over all paths, each within "
        f"{CONDITION_SECONDS} s, for {'; '.join(contract.bounds)}"
    )


def confirmed_words(clause: str) -> list[str]:
    """What is proved of the functions that a clause rests on, a line for each."""
    return [contract_words(contract) for contract in rests_on(clause)] or [NO_CONTRACT]


def bound_words(bound: Bound) -> str:
    """One bound, such as `every schedule of 2 threads, 3 operations, ...`."""
    if bound.threads == 1:
        where = f"{many(bound.races, 'scenario')} of {bound.operations} operations"
        return f"{where} on one thread, premise in {bound.histories:,}"
    return (
        f"every schedule of {bound.threads} threads, {bound.operations} operations, "
        f"at most {many(bound.preemptions, 'preemption')} "
        f"({many(bound.races, 'race')}): premise in {bound.histories:,} of "
        f"{bound.schedules:,}{_orders_words(bound)}"
    )


def _orders_words(bound: Bound) -> str:
    if bound.orders is None:
        return ""
    return f", {many(bound.orders, 'distinct partial order')}"


def method_words(evidence: ClauseEvidence) -> list[tuple[str, str]]:
    """What a run adds to the proofs: each method with what it shows."""
    words = [("bounded", bound_words(bound)) for bound in evidence.bounds]
    sampled, kernel = evidence.sampled, evidence.kernel
    if sampled is not None:
        held = f"premise in {sampled.histories:,} of {sampled.schedules:,} histories"
        words.append(("sampled", f"{held}, {sampled.steps:,} steps in all"))
    if kernel is not None:
        asked = f"{kernel.about:,} of {many(kernel.requests, 'request')}"
        words.append(("kernel", f"Linux {kernel.release}: premise in {asked}"))
    return words


def summary(evidence: Sequence[ClauseEvidence]) -> str:
    """One target in a line: how many clauses each method reached."""
    bounded = Counter(e.bounds[0].threads for e in evidence if e.bounds)
    sampled = sum(e.sampled is not None for e in evidence)
    kernels = {e.kernel.release for e in evidence if e.kernel is not None}
    parts: list[str] = []
    if bounded:
        widest = ", ".join(
            f"{count} with {many(threads, 'thread')}"
            for threads, count in sorted(bounded.items(), reverse=True)
        )
        parts.append(f"bounded {bounded.total()} ({widest})")
    if sampled:
        parts.append(f"sampled {sampled}")
    if kernels:
        on_kernel = sum(e.kernel is not None for e in evidence)
        parts.append(f"kernel {on_kernel} ({', '.join(sorted(kernels))})")
    none = sum(e.marks[1:] == "---" for e in evidence)
    if none:
        parts.append(f"none {none}")
    return ", ".join(parts)


ROW = ("clause", "marks", "bounded: threads, operations, preemptions", "sampled")


def rows(evidence: Sequence[ClauseEvidence], *, indent: int = 0) -> RenderableType:
    """One target clause by clause, under a line of headings."""
    return columns([ROW, *(_cells(e) for e in evidence)], indent=indent)


def _cells(evidence: ClauseEvidence) -> tuple[str, str, str, str]:
    bounds = "; ".join(
        f"{b.threads}, {b.operations}, {b.preemptions} in {b.histories:,}"
        for b in evidence.bounds
    )
    other = "-"
    if evidence.sampled is not None:
        other = f"{evidence.sampled.histories:,}"
    if evidence.kernel is not None:
        other = f"kernel: {evidence.kernel.about:,}"
    return evidence.clause, evidence.marks, bounds or "-", other


def unseen_words(choices: Sequence[Unseen]) -> str:
    """The options that were not seen, choice by choice; then what was never met."""
    never = [f"{u.choice}: {' | '.join(u.never)}" for u in choices if u.met]
    unmet = [u.choice for u in choices if not u.met]
    if unmet:
        never.append(f"never met: {', '.join(unmet)}")
    return "; ".join(never)


EvidenceOf = Mapping[str, Sequence[ClauseEvidence]]
"""The evidence of a run, target by target."""


def marks_of(found: EvidenceOf | None, clause: str) -> str:
    """The marks of a clause over all targets of a run; without one, C alone."""
    none = "C" if rests_on(clause) else "-"
    if found is None:
        return none
    marks = [e.marks for of in found.values() for e in of if e.clause == clause]
    # A dash sorts before every letter.
    return "".join(map(max, zip(f"{none}---", *marks, strict=True)))


def evidence_words(found: EvidenceOf | None, clause: str) -> list[str]:
    """All evidence on one clause, a line for each piece; how to get what is not."""
    lines = [f"CrossHair: {words}" for words in confirmed_words(clause)]
    if found is None:
        return [*lines, HOW_TO_GET]
    for target, of in found.items():
        of_clause = [
            words for e in of if e.clause == clause for words in method_words(e)
        ]
        lines += [f"{method}, {target}: {words}" for method, words in of_clause]
        if not of_clause:
            lines.append(f"{target}: its premise was not met, or it does not apply")
    return lines if found else [*lines, NO_EVIDENCE]


def many(count: int, what: str) -> str:
    """The count with its noun."""
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"
