"""Libraries in C that do what they must not: a sound one with one thing changed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from c_libraries import EXAMPLE, SKELETON, built

UPDATED = "    slot->id = region->slot;\n"
"""In the skeleton: a request is about to be carried out."""

LEFT = "    vm->readers[index]--;\n"
"""In the example: a reader leaves."""

IN_RACE = f"    if (vm->locked)\n        HURT;\n{LEFT}"
LOCKED = "    ms_update_locked(vm->hooks);\n"
INCLUDES = '#include "memslots.h"\n'

GIVES = "    .gfn_to_memslot = gfn_to_memslot,\n"
MORE = """
static int64_t get_log(ms_vm *vm, uint32_t slot, uint64_t *words, uint64_t capacity,
                       uint64_t *count)
{
    (void)vm;
    (void)slot;
    GET_LOG;
    return 0;
}

static int64_t observe(ms_vm *vm, ms_slot *slots, uint64_t capacity, uint64_t *count)
{
    (void)vm;
    OBSERVE;
    return 0;
}

static int64_t options(ms_vm *vm, uint64_t asked)
{
    (void)vm;
    (void)asked;
    return OPTIONS;
}

static const ms_description description = {"""

ANNOUNCES = """\
static void *announce(void *vm)
{
    ms_update_unlocked(((ms_vm *)vm)->hooks);
    return 0;
}

static int64_t set_region("""

STARTS_THREAD = """\
    pthread_t thread;

    pthread_create(&thread, 0, announce, vm);
    pthread_join(thread, 0);
"""

LOCKS_TWICE = """\
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

    pthread_mutex_lock(&mutex);
    pthread_mutex_lock(&mutex);
"""

UNUSED = "(void)words; (void)slots; (void)capacity"


@dataclass(frozen=True, slots=True)
class Hostile:
    """What it does, what is changed for it, and what has to be told of it.

    `asked` is part of what the target is said to have been asked last; empty where
    nothing was. `steps` says that it is stepped. `sound`: it is odd and not wrong.
    """

    name: str
    changes: tuple[tuple[str, str], ...]
    told: str = ""
    asked: str = "SetRegion"
    steps: bool = False
    sound: bool = False

    def built(self, folder: Path) -> str:
        """The target. Warnings about what it does are not asked for."""
        source = (EXAMPLE if self.steps else SKELETON).read_text(encoding="utf-8")
        for before, after in self.changes:
            assert before in source, before
            source = source.replace(before, after)
        return built(source, folder, warnings=False)


def on_request(name: str, does: str, told: str) -> Hostile:
    """It does this in the middle of a request."""
    headers = "#include <pthread.h>\n#include <signal.h>\n#include <unistd.h>\n"
    changes = ((INCLUDES, f"{headers}{INCLUDES}"), (UPDATED, f"    {does};\n{UPDATED}"))
    return Hostile(name, changes, told)


def in_race(name: str, does: str, told: str) -> Hostile:
    """It does this where a reader leaves in the middle of an update."""
    headers = "#include <unistd.h>\n"
    change = (LEFT, IN_RACE.replace("HURT", does))
    return Hostile(name, ((INCLUDES, headers + INCLUDES), change), told, "", steps=True)


def giving(name: str, functions: dict[str, str], told: str, asked: str) -> Hostile:
    """It gives more functions, of which one is wrong."""
    bodies = MORE
    for word, usual in (
        ("GET_LOG", "*count = 0; (void)words; (void)capacity"),
        ("OBSERVE", "*count = 0; (void)slots; (void)capacity"),
        ("OPTIONS", "0"),
    ):
        bodies = bodies.replace(word, functions.get(word, usual))
    given = {
        "GET_LOG": "    .get_dirty_log = get_log,\n",
        "OBSERVE": "    .observe = observe,\n",
        "OPTIONS": "    .enable_manual_protect = options,\n",
    }
    more = "".join(given[word] for word in functions)
    changes = (
        ("\nstatic const ms_description description = {", bodies),
        (GIVES, GIVES + more),
    )
    return Hostile(name, changes, told, asked)


def describing(name: str, before: str, after: str, told: str) -> Hostile:
    """Its table or its description is wrong, before anything is asked."""
    return Hostile(name, ((before, after),), told, "")


def announcing(name: str, point: str, told: str) -> Hostile:
    """It announces what is no point."""
    body = f"{{ ms_point p = {point}; ms_announce(vm->hooks, &p); }}\n"
    return Hostile(name, ((LOCKED, LOCKED + body),), told, steps=True)


def gated(name: str, told: str, *changes: tuple[str, str]) -> Hostile:
    """It is stepped on threads of the system, and does this."""
    return Hostile(name, (("MS_POINTS", "MS_GATED"), *changes), told, "", steps=True)


OF = "ms_point_of(MS_POINT_UPDATE_LOCKED, 0); p"

HOSTILE = (
    in_race("dies in a race", "*(volatile int *)8 = 1", "SIGSEGV"),
    in_race("exits in a race", "_exit(0)", "exited with status 0 before it was done"),
    gated(
        "dies on a thread of its own",
        "SIGSEGV",
        (LEFT, IN_RACE.replace("HURT", "*(volatile int *)8 = 1")),
    ),
    gated(
        "takes a lock twice",
        "set_region blocks",
        (INCLUDES, f"#include <pthread.h>\n{INCLUDES}"),
        (LOCKED, LOCKED + LOCKS_TWICE),
    ),
    on_request("exits", "exit(7)", "exited with status 7"),
    on_request("exits at once", "_exit(0)", "exited with status 0 before it was done"),
    on_request("aborts", "abort()", "SIGABRT"),
    on_request("is terminated", "raise(SIGTERM)", "SIGTERM"),
    on_request("divides by zero", "region = (void *)8; *vm = *vm", "SIGSEGV"),
    on_request(
        "closes what is open",
        "for (int fd = 3; fd < 256; fd++) close(fd)",
        "before it was done",
    ),
    describing("is of another version", "MS_VERSION", "2", "version 2 of memslots.h"),
    describing(
        "has a short table",
        ".size = sizeof(ms_operations)",
        ".size = 16",
        "create is NULL in the table of operations, and is required",
    ),
    describing(
        "gives no table",
        "return &operations",
        "return 0",
        "memslots_target() gave NULL",
    ),
    describing(
        "claims what it lacks",
        ".user_slots = IDS",
        ".announces_count = 3",
        "announces_count is 3, and announces <cdata 'uint32_t *' NULL>",
    ),
    describing(
        "claims what is none",
        ".user_slots = IDS",
        ".announces = (const uint32_t[]){77}, .announces_count = 1",
        "announces[0] is 77, which is no kind of point",
    ),
    describing(
        "has a name of no end",
        '.name = "to fill in"',
        ".profile = (const char[]){[0 ... 999] = 'x'}",
        f"profile is '{'x' * 200}'",
    ),
    describing(
        "makes no VM", "return *vm ? 0 : -ENOMEM", "*vm = 0; return 0", "create gave 0"
    ),
    giving(
        "counts below zero",
        {"GET_LOG": f"*count = -1; {UNUSED.replace('(void)slots; ', '')}"},
        "get_dirty_log gave 18446744073709551615 words",
        "GetDirtyLog",
    ),
    giving(
        "counts what nobody has",
        {"OBSERVE": f"*count = 1u << 30; {UNUSED.replace('(void)words; ', '')}"},
        "observe gave 1073741824 slots",
        "",
    ),
    giving(
        "writes beyond its buffer",
        {"OBSERVE": "*count = 0; slots[capacity].id = 1"},
        "observe wrote beyond its buffer, where 64 have room",
        "",
    ),
    giving(
        "claims an operation that fails",
        {"OPTIONS": "-ENOSYS"},
        "enable_manual_protect gave -38 (-ENOSYS",
        "EnableManualProtect",
    ),
    on_request("refuses by a positive errno", "return EINVAL", "set_region gave 22"),
    on_request(
        "refuses by what is none", "return -9999", "set_region gave -9999, which the"
    ),
    announcing("announces a kind that is none", f"{OF}.kind = 999", "has the kind 999"),
    announcing("announces too many numbers", f"{OF}.numbers = 9", "has 9 numbers"),
    announcing(
        "announces a list that is not there",
        "ms_point_of(MS_POINT_DIRTY_BITS_CLEARED, 1); p.list_count = 5",
        "list of the point DirtyBitsCleared is NULL, and its count 5",
    ),
    announcing(
        "announces a text without an end",
        "ms_point_of(MS_POINT_TABLE_READ, 1); p.text = 0",
        "the point TableRead has no text",
    ),
    Hostile(
        "waits for nothing",
        (("hooks, unlocked, vm", "hooks, 0, vm"),),
        "until is NULL",
        steps=True,
    ),
    Hostile(
        "announces from a thread of its own",
        (
            (INCLUDES, f"#include <pthread.h>\n{INCLUDES}"),
            (
                "static int64_t set_region(",
                ANNOUNCES,
            ),
            (
                LOCKED,
                f"{LOCKED}{STARTS_THREAD}",
            ),
        ),
        "the hook belongs to one thread",
        steps=True,
    ),
    Hostile(
        "announces what it does not claim",
        ((".announces = announces,", ""), (".announces_count = sizeof", "//")),
        steps=True,
        sound=True,
    ),
    Hostile("has a long name", (("to fill in", "n" * 900),), sound=True),
)
"""Each is over within a second."""

SLOW = (
    on_request("is in an endless loop", "for (;;) {}", "did not finish within"),
    on_request(
        "takes gigabytes",
        "for (;;) memset(malloc(1 << 28), 1, 1 << 28)",
        "SIGSEGV",
    ),
    gated(
        "is in an endless loop on a thread of its own",
        "did not finish within",
        (LOCKED, f"{LOCKED}    for (;;) {{}}\n"),
    ),
    Hostile(
        "waits for what never comes",
        (("    vm->locked = 0;\n", ""),),
        "PROG-1",
        "",
        steps=True,
    ),
)
"""These take their time, or that of what makes them small."""
