"""The table of what the profiles promise, a row for each of their fields."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

from memslot_spec.model.profile import LINUX, PROFILES, V2_6_34, Profile, WindowAccess


@dataclass(frozen=True, slots=True)
class Field:
    """What a field says, in words; `words` are for its values, by `repr`."""

    says: str
    clauses: tuple[str, ...] = ()
    words: dict[str, str] = field(default_factory=dict[str, str])


def either(if_true: str, if_false: str) -> dict[str, str]:
    """Words for the two values of a yes or no."""
    return {"True": if_true, "False": if_false}


FIELDS: dict[str, Field] = {
    "default_user_slots": Field("slots of user space on x86", ("REQ-5",)),
    "private_slots": Field("private slots", ("MMU-3",)),
    "known_flags": Field(
        "flags",
        (),
        {
            repr(V2_6_34.known_flags): "LOG_DIRTY",
            repr(LINUX.known_flags): "LOG_DIRTY, READONLY",
        },
    ),
    "strict_flags": Field(
        "an unknown flag bit", ("REQ-7",), either("EINVAL", "accepted or refused")
    ),
    "has_readonly": Field(
        "READONLY slots",
        ("REQ-16", "LOOK-8", "LOOK-9"),
        either("yes, fixed while the slot lives", "no"),
    ),
    "max_pages": Field(
        "most pages of a slot",
        ("REQ-10",),
        {"None": "no limit", "2147483647": "2³¹ - 1"},
    ),
    "checks_hva": Field(
        "a host range that is not the user's",
        ("REQ-3",),
        either("EINVAL", "accepted or EINVAL"),
    ),
    "deletes_absent": Field(
        "a delete of an absent slot",
        ("REQ-11", "REQ-12"),
        either("succeeds", "EINVAL"),
    ),
    "may_apply_new_hva": Field(
        "a new host address for a live slot",
        ("REQ-15", "REQ-17"),
        either("applied or EINVAL, never ignored", "EINVAL"),
    ),
    "overlap_on_every_request": Field(
        "overlap is tested",
        ("REQ-23", "REQ-24"),
        either("on every request, deletes included", "on creates and moves"),
    ),
    "overlap_must_scan_private": Field(
        "overlap with a private slot",
        ("REQ-22",),
        either("EEXIST", "accepted or EEXIST"),
    ),
    "skips_no_op": Field(
        "a request equal to the slot",
        ("SLOT-4",),
        either("publishes nothing in KVM", "publishes in KVM"),
    ),
    "window_access": Field(
        "a page fault while INVALID",
        ("DEL-10", "DEL-11"),
        {
            repr(WindowAccess.MMIO): "MMIO, or retried",
            repr(WindowAccess.RETRY): "retried",
        },
    ),
    "budget_is_permille": Field(
        "page budget, the same number either way",
        ("SIZE-1", "SIZE-2", "SIZE-3"),
        either("20 per thousand of the pages", "a fiftieth of the pages"),
    ),
    "keeps_budget": Field(
        "who computes the page budget",
        ("SIZE-1", "SIZE-3"),
        either("each CREATE and DELETE", "who asks for it"),
    ),
    "names_holes": Field(
        "memslot_id of a frame in no slot",
        ("LOOK-7",),
        either("names no slot", "against its precondition"),
    ),
    "keeps_deleted_base": Field(
        "a deleted slot 0, for the TSS",
        ("TSS-1",),
        either("at 0, or where its delete said", "no TSS there"),
    ),
    "has_generations": Field(
        "generations, and caches held to them",
        ("GEN-1", "CACHE-1"),
        either("yes", "no"),
    ),
}
"""The fields of a profile in the order of the table; its name is not one."""


def profiles_table() -> str:
    """A row for each field. Errors: `ValueError` for a field or value without words."""
    names = [one.name for one in fields(Profile) if one.name != "name"]
    if set(names) != set(FIELDS):
        message = f"profile fields without a row: {set(names) ^ set(FIELDS)}"
        raise ValueError(message)
    heads = ["", *(f"`{profile.name}`" for profile in PROFILES), "clauses"]
    lines = [_row(heads), _row(["---"] * len(heads))]
    for name, told in FIELDS.items():
        values = [_words(told, repr(getattr(p, name))) for p in PROFILES]
        links = ", ".join(f"{{clause}}`{clause}`" for clause in told.clauses)
        lines.append(_row([told.says, *values, links]))
    return "\n".join(lines)


def _words(told: Field, value: str) -> str:
    if not told.words:
        return f"{int(value):,}"
    if value not in told.words:
        message = f"no words for {told.says}: {value}"
        raise ValueError(message)
    return told.words[value]


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
