// What the table of slot_table.hpp should answer: the model of slot_model.py.
//
// One thread updates, others look. GHOST is a variable that no tool may take for the
// program's own; RANDOM(n) is a number below n; CHECK(holds, what) ends the run.

struct Checked {
    SlotTable table;
    GHOST(int) states[TABLES][SLOTS] = {};
    GHOST(int) last{0}, settled{0}, due[SLOTS] = {}, told[SLOTS][2] = {};
    Hint hints[2];

    // A request or a GET, drawn.
    void drawn_update() {
        int number = RANDOM(SLOTS), what = RANDOM(5);
        Slot old{states[last][number]};
        if (what == 0) return get_log(number);
        if (what == 1 || !old.word)
            return update(number, make_slot(RANDOM(FRAMES - 1), 1 + RANDOM(2),
                                            RANDOM(4), RANDOM(2)));
        if (what == 2)
            return update(number, make_slot(RANDOM(FRAMES - 1), old.npages(),
                                            old.host(), old.log()));
        if (what == 3) return update(number, Slot{old.word ^ 1 << 7});
        update(number, Slot{0});
    }

    void update(int number, Slot asked) {
        CALLED();
        int now = last;
        Slot old{states[now][number]}, other{states[now][1 - number]};
        bool refused = asked.word ? overlap(asked, other) : !old.word;
        if (asked.word && old.word)
            refused = refused || asked.npages() != old.npages()
                      || asked.host() != old.host();
        if (!refused) {
            if (old.word && (!asked.word || asked.base() != old.base()))
                add(number, old.gone());
            add(number, asked);
        }
        CHECK(table.set_region(number, asked) == !refused, "refused or accepted");
        settled = int(last);
        if (!refused && !(asked.word && old.log() && asked.log())) due[number] = 0;
        RETURNED();
    }

    void add(int number, Slot slot) {
        int next = last + 1;
        states[next][1 - number] = int(states[last][1 - number]);
        states[next][number] = slot.word;
        last = next;
    }

    static bool overlap(Slot one, Slot other) {
        for (int gfn = 0; gfn <= FRAMES; gfn++)
            if (one.covers(gfn) && other.covers(gfn)) return true;
        return false;
    }

    void get_log(int number) {
        CALLED();
        int want = due[number], got = table.get_dirty_log(number);
        for (int page = 0; page < 2; page++)
            if (got > 0 && got >> page & 1) told[number][page] = told[number][page] + 1;
        CHECK(got < 0 || !(want & ~got), "lost in the dirty log");
        if (got > 0) CLEAR_BITS(due[number], got);
        RETURNED();
    }

    // A lookup or an access, drawn.
    void drawn_look(int vcpu) {
        CALLED();
        int kind = RANDOM(5), gfn = RANDOM(FRAMES);
        int first = settled, before[SLOTS][2];
        for (int n = 0; n < SLOTS; n++)
            for (int page = 0; page < 2; page++) before[n][page] = told[n][page];
        Found found{0, 0};
        int host = 0;
        if (kind == 0) found = table.gfn_to_memslot(gfn);
        if (kind == 1) found = table.vcpu_gfn_to_memslot(hints[vcpu], gfn);
        if (kind == 2) host = table.gfn_to_hva(gfn);
        if (kind > 2) host = table.access(gfn, kind == 4);
        int end = last;
        bool right = false;
        for (int at = first; at <= end; at++) {
            Found should{0, 0};
            for (int n = 0; n < SLOTS; n++)
                if (Slot{states[at][n]}.covers(gfn)) should = {n, states[at][n]};
            Slot slot{should.word};
            int there = slot.word ? slot.address(gfn) : MMIO;
            if (slot.invalid()) there = kind == 2 ? MMIO : RETRY;
            right = right
                    || (kind < 2 ? found.word == slot.word && found.number == should.number
                                 : host == there);
        }
        CHECK(right, "an answer of no state");
        if (kind == 4 && host >= 0 && first == end)
            for (int n = 0; n < SLOTS; n++) {
                Slot slot{states[first][n]};
                int page = gfn - slot.base();
                if (slot.covers(gfn) && slot.log() && before[n][page] == told[n][page])
                    SET_GHOST_BITS(due[n], 1 << page);
            }
        RETURNED();
    }
};
