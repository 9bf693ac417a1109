/* The slot table of slot_table.py for SPIN: two slots, four frames.
 *
 *     spin -DBUG=4 -a slot_table.pml && gcc pan.c && ./a.out
 *
 * BUG is the place of a bug in slot_table.py, from 1; 0 is the sound table. An updater
 * makes any requests, a reader looks up and accesses any frames: SPIN tries all of it,
 * and every order of their steps. The model is that of slot_model.py with one state
 * before and one after: what a reader gets has to be the answer of either.
 */

#define FRAMES 4
#define TABLES (2 * UPDATES + 1)
#define NOWHERE 255
#define RETRY 254
#define covers(s, g) (s.npages && g >= s.base && g < s.base + s.npages)
#define address(s, g) (s.host * FRAMES + g - s.base)
#define step() printf("event\n")
#define called() printf("operation\n"); step()

typedef Slot { byte base; byte npages; byte host; bool gone; bool log };
typedef Table { Slot slots[2]; byte generation };

Table tables[TABLES];
byte current, made = 1, readers, mapped[FRAMES], dirty[2];
bool update_lock, mmu_lock;

/* The model: the states of this update, from settled to last, and what is due. */
Table states[TABLES];
byte last, settled, gets, due[2];

#define lock(l) atomic { !l; l = true; step() }
#define unlock(l) atomic { l = false; step() }

#define copy(to, from) to.base = from.base; to.npages = from.npages; \
    to.host = from.host; to.gone = from.gone; to.log = from.log
#define copy_both(to, from) copy(to.slots[0], from.slots[0]); \
    copy(to.slots[1], from.slots[1])
#define clear(s) s.base = 0; s.npages = 0; s.host = 0; s.gone = false; s.log = false

/* Publish what is in `draft`, wait for the readers of the old table, and clear it. */
inline publish() {
    d_step {
        copy_both(tables[made], draft);
        tables[made].generation = tables[current].generation + (BUG != 2);
        old_table = current; current = made; made++;
        step()
    }
    if
    :: BUG != 4 -> step(); readers == 0; step()
    :: else
    fi;
    d_step {
        clear(tables[old_table].slots[0]); clear(tables[old_table].slots[1]);
        step()
    }
}

inline flush() {
    lock(mmu_lock);
    d_step {
        for (i : 0 .. FRAMES - 1) {
            if
            :: covers(old, i) -> mapped[i] = NOWHERE
            :: else
            fi
        }
        i = 0; step()
    }
    unlock(mmu_lock)
}

/* Whether two slots have a frame in common: as it is, and as the table sees it. */
#define meet(a, b, less) (a.npages && b.npages && \
    a.base < b.base + b.npages - less && b.base < a.base + a.npages)
#define lives(a, b) (a.npages && b.npages && (a.npages != b.npages || a.host != b.host))
#define same(a, b) (a.base == b.base && a.npages == b.npages && a.log == b.log)
#define mine tables[current].slots[n]
#define other tables[current].slots[1 - n]

inline set_region() {
    d_step {
        called();
        refused = meet(asked, other, 0) || lives(asked, mine) || !(asked.npages || mine.npages);
        if
        :: !refused && mine.npages && (!asked.npages || asked.base != mine.base) ->
            copy_both(states[last + 1], states[last]); last++;
            states[last].slots[n].gone = true
        :: else
        fi;
        if
        :: !refused -> copy_both(states[last + 1], states[last]); last++;
            copy(states[last].slots[n], asked)
        :: else
        fi
    }
    lock(update_lock);
    d_step {
        step(); step();
        assert(refused == (meet(asked, other, (BUG == 1)) || lives(asked, mine)
            || !(asked.npages || mine.npages)));
        copy(old, mine); copy_both(draft, tables[current])
    }
    if
    :: refused || same(asked, old)
    :: else ->
        if
        :: asked.log && !old.log -> dirty[n] = 0
        :: else
        fi;
        if
        :: old.npages && (!asked.npages || asked.base != old.base) ->
            if
            :: BUG != 3 -> draft.slots[n].gone = true; publish()
            :: else
            fi;
            if
            :: BUG != 7 -> flush()
            :: else
            fi
        :: else
        fi;
        copy(draft.slots[n], asked);
        publish()
    fi;
    unlock(update_lock);
    d_step {
        settled = last;
        if
        :: !refused && !(asked.npages && old.log && asked.log) -> due[n] = 0
        :: else
        fi;
        step()
    }
}

inline get_log() {
    d_step { called(); gets++; want = due[n] }
    lock(update_lock);
    if
    :: mine.npages && mine.log ->
        if
        :: BUG == 8 -> got = dirty[n]; step(); dirty[n] = 0
        :: else -> atomic { got = dirty[n]; dirty[n] = 0; step() }
        fi;
        assert(!(want & ~got))
    :: else
    fi;
    unlock(update_lock);
    d_step { gets++; due[n] = due[n] & ~got; want = 0; got = 0; step() }
}

active proctype updater() {
    Slot asked, old;
    Table draft;
    byte n, i, old_table, left = UPDATES, want, got;
    bool refused;
    do
    :: left ->
        atomic {
            left--;
            select(n : 0 .. 1);
            clear(asked)
        }
        if
        :: get_log()
        :: atomic { mine.npages -> skip }; set_region()
        :: atomic {
                select(i : 0 .. FRAMES - 2); asked.base = i;
                select(i : 1 .. 2); asked.npages = i; i = 0;
                asked.host = 1 + n;
                if
                :: asked.log = true
                :: skip
                fi
            }
            set_region()
        fi
    :: else -> break
    od
}

inline enter() {
    if
    :: BUG != 5 -> atomic { readers++; step() }
    :: else
    fi
}

inline leave() {
    if
    :: BUG != 5 -> atomic { readers--; step() }
    :: else
    fi
}

inline find(table) {
    d_step {
        step(); number = 0;
        if
        :: covers(tables[table].slots[1], gfn) -> number = 1
        :: else
        fi;
        copy(slot, tables[table].slots[number]);
        if
        :: !covers(slot, gfn) -> clear(slot)
        :: else
        fi
    }
}

/* Whether one state answers as the reader was answered. */
#define of(s, m) (covers(states[s].slots[m], gfn))
#define isgone(s, m) (states[s].slots[m].gone)
#define there(s, m) (of(s, m) && (isgone(s, m) -> host == (kind == 1 -> NOWHERE : RETRY) : \
    host == address(states[s].slots[m], gfn)))
#define nowhere(s) (!of(s, 0) && !of(s, 1) && host == NOWHERE)
#define explains(s) (there(s, 0) || there(s, 1) || nowhere(s))

inline look() {
    d_step {
        called(); from = settled; first = settled; before = gets; host = NOWHERE
    }
    enter();
    atomic { table = current; step() }
    find(table);
    if
    :: kind == 0 -> /* by the vCPU's hint */
        d_step {
            if
            :: hinted && hint_generation == tables[table].generation && covers(hint, gfn) ->
                copy(slot, hint)
            :: slot.npages && !(hinted && hint_generation == tables[table].generation
                && covers(hint, gfn)) ->
                copy(hint, slot); hint_generation = tables[table].generation; hinted = true
            :: else
            fi;
            if
            :: slot.npages -> host = (slot.gone -> RETRY : address(slot, gfn))
            :: else
            fi
        }
    :: kind == 1 -> /* gfn_to_hva */
        if
        :: slot.npages && BUG == 6 ->
            d_step { copy(slot, tables[current].slots[number]); step() }
        :: else
        fi;
        if
        :: slot.npages && !slot.gone -> host = address(slot, gfn)
        :: else
        fi
    :: kind == 2 -> /* a write */
        host = mapped[gfn];
        if
        :: host == NOWHERE && slot.npages && slot.gone -> host = RETRY
        :: host == NOWHERE && slot.npages && !slot.gone ->
            host = address(slot, gfn);
            lock(mmu_lock); mapped[gfn] = host; unlock(mmu_lock)
        :: else
        fi;
        if
        :: host < RETRY && slot.npages && slot.log ->
            dirty[number] = dirty[number] | (1 << (gfn - slot.base))
        :: else
        fi
    fi;
    leave();
    d_step {
        step(); right = false;
        do
        :: from <= last && explains(from) -> right = true; break
        :: from < last && !explains(from) -> from++
        :: else -> break
        od;
        assert(right);
        if
        :: kind == 2 && first == last && before == gets ->
            for (m : 0 .. 1) {
                if
                :: of(last, m) && states[last].slots[m].log && host < RETRY ->
                    due[m] = due[m] | (1 << (gfn - states[last].slots[m].base))
                :: else
                fi
            }
        :: else
        fi;
        from = 0; first = 0; before = 0; table = 0; number = 0; clear(slot); host = 0; right = false; m = 0
    }
}

active proctype reader() {
    Slot slot, hint;
    byte kind, gfn, table, number, host, from, first, before, hint_generation, m, left = LOOKS;
    bool hinted, right;
    do
    :: left ->
        atomic { left--; select(kind : 0 .. 2); select(gfn : 0 .. FRAMES - 1) }
        look()
    :: else -> break
    od
}

init {
    d_step {
        byte f;
        for (f : 0 .. FRAMES - 1) { mapped[f] = NOWHERE }
    }
}
