// The slot table of slot_table.py for tools that read C++: two slots, four frames.
//
// Whoever includes it says what an access to memory is: ATOMIC, VAR, MUTEX and what goes
// with them. BUG is the place of a bug in slot_table.py, from 1; 0 is the sound table.
// STEP() stands where the Python table tells its machine of a step.

enum { NONE, OVERLAP, GENERATION, NO_INVALID, NO_GRACE, NO_READ_LOCK, TORN, LEAVES, LOST };
enum { SLOTS = 2, FRAMES = 4, TABLES = 2 * UPDATES + 2, MMIO = -1, RETRY = -2 };

// A slot in one word, 0 where there is none: a table is two words and a generation.
struct Slot {
    int word;
    int base() const { return word >> 1 & 3; }
    int npages() const { return 1 + (word >> 3 & 1); }
    int host() const { return word >> 4 & 3; }
    int invalid() const { return word >> 6 & 1; }
    int log() const { return word >> 7 & 1; }
    int covers(int gfn) const { return word && gfn >= base() && gfn < base() + npages(); }
    int address(int gfn) const { return host() * FRAMES + gfn - base(); }
    Slot gone() const { return Slot{word | 1 << 6}; }
};

inline Slot make_slot(int base, int npages, int host, int log) {
    return Slot{1 | base << 1 | (npages - 1) << 3 | host << 4 | log << 7};
}

struct Table {
    VAR(int) slots[SLOTS];
    VAR(int) generation;
};

struct Hint { int generation = -1, number = 0, word = 0; };
struct Found { int number, word; };

struct SlotTable {
    Table tables[TABLES];
    ATOMIC(int) current, readers, mapped[FRAMES], dirty[SLOTS];
    MUTEX update_lock, mmu_lock;
    int made = 1;

    SlotTable() {
        for (auto& table : tables) {
            for (auto& slot : table.slots) PUT(slot, 0);
            PUT(table.generation, 0);
        }
        STORE(current, 0);
        STORE(readers, 0);
        for (auto& host : mapped) STORE(host, MMIO);
        for (auto& bits : dirty) STORE(bits, 0);
    }

    // Create, move, reflag or (word 0) delete; false where it is refused.
    bool set_region(int number, Slot asked) {
        LOCK(update_lock);
        STEP();
        bool done = update(number, asked);
        UNLOCK(update_lock);
        STEP();
        return done;
    }

    bool update(int number, Slot asked) {
        int words[SLOTS];
        read(load(), words);
        Slot old{words[number]};
        if (!asked.word && !old.word) return false;
        if (asked.word && old.word
            && (asked.npages() != old.npages() || asked.host() != old.host()))
            return false;
        Slot other{words[1 - number]};
        int last = other.base() + other.npages() - (BUG == OVERLAP);
        if (asked.word && other.word && asked.base() < last
            && other.base() < asked.base() + asked.npages())
            return false;
        if (asked.word == old.word) return true;
        if (asked.word && asked.log() && !old.log()) STORE(dirty[number], 0);
        if (old.word && (!asked.word || asked.base() != old.base())) {
            if (BUG != NO_INVALID) {
                words[number] = old.gone().word;
                publish(words);
            }
            if (BUG != LEAVES) flush(old);
        }
        words[number] = asked.word;
        publish(words);
        return true;
    }

    void flush(Slot old) {
        LOCK(mmu_lock);
        STEP();
        for (int gfn = 0; gfn < FRAMES; gfn++)
            if (old.covers(gfn)) STORE(mapped[gfn], MMIO);
        STEP();
        UNLOCK(mmu_lock);
        STEP();
    }

    // Replace the table, wait for its readers, clear it.
    void publish(const int* words) {
        int old = LOAD(current), name = made++;
        for (int n = 0; n < SLOTS; n++) PUT(tables[name].slots[n], words[n]);
        int generation = GET(tables[old].generation);
        PUT(tables[name].generation, generation + (BUG != GENERATION));
        STORE(current, name);
        STEP();
        if (BUG != NO_GRACE) {
            STEP();
            while (LOAD(readers)) PAUSE();
            STEP();
        }
        for (auto& slot : tables[old].slots) PUT(slot, 0);
        STEP();
    }

    int load() {
        int name = LOAD(current);
        STEP();
        return name;
    }

    void read(int name, int* words) {
        STEP();
        for (int n = 0; n < SLOTS; n++) words[n] = GET(tables[name].slots[n]);
    }

    Found find(int name, int gfn) {
        int words[SLOTS];
        read(name, words);
        for (int n = 0; n < SLOTS; n++)
            if (Slot{words[n]}.covers(gfn)) return {n, words[n]};
        return {0, 0};
    }

    void enter() {
        if (BUG == NO_READ_LOCK) return;
        ADD(readers, 1);
        STEP();
    }

    void leave() {
        if (BUG == NO_READ_LOCK) return;
        ADD(readers, -1);
        STEP();
    }

    Found gfn_to_memslot(int gfn) {
        enter();
        Found found = find(load(), gfn);
        leave();
        return found;
    }

    Found vcpu_gfn_to_memslot(Hint& hint, int gfn) {
        enter();
        int name = load();
        int generation = GET(tables[name].generation);
        Found found{hint.number, hint.word};
        if (hint.generation != generation || !Slot{hint.word}.covers(gfn)) {
            found = find(name, gfn);
            if (found.word) hint = {generation, found.number, found.word};
        }
        leave();
        return found;
    }

    int gfn_to_hva(int gfn) {
        enter();
        Found found = find(load(), gfn);
        Slot slot{found.word};
        if (slot.word && BUG == TORN) slot.word = GET(tables[load()].slots[found.number]);
        int host = slot.word && !slot.invalid() ? slot.address(gfn) : MMIO;
        leave();
        return host;
    }

    int access(int gfn, bool write) {
        enter();
        Found found = find(load(), gfn);
        Slot slot{found.word};
        int host = LOAD(mapped[gfn]);
        if (host == MMIO && slot.word) {
            host = slot.invalid() ? RETRY : slot.address(gfn);
            if (host >= 0) {
                LOCK(mmu_lock);
                STEP();
                STORE(mapped[gfn], host);
                UNLOCK(mmu_lock);
                STEP();
            }
        }
        if (write && host >= 0 && slot.word && slot.log())
            SET_BITS(dirty[found.number], 1 << (gfn - slot.base()));
        leave();
        return host;
    }

    // The pages written since the last time, as bits; -1 where there is no log.
    int get_dirty_log(int number) {
        LOCK(update_lock);
        STEP();
        int words[SLOTS], taken = -1;
        read(load(), words);
        if (words[number] && Slot{words[number]}.log()) {
            if (BUG == LOST) {
                taken = LOAD(dirty[number]);
                STEP();
                STORE(dirty[number], 0);
            } else {
                taken = SWAP(dirty[number], 0);
                STEP();
            }
        }
        UNLOCK(update_lock);
        STEP();
        return taken;
    }
};
