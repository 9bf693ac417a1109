// Relacy: an updater and two readers on fibers, at random schedules, with the model.
//
//     g++ -fno-sized-deallocation -DBUG=4 relacy.cpp && ./a.out SEED SECONDS
//
// It simulates the C++ memory model, so it sees races and wrong answers alike.

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <ostream>

#include <relacy/relacy.hpp>

static int operations, events;

#define ATOMIC(T) rl::atomic<T>
#define VAR(T) rl::var<T>
#define GHOST(T) T
#define MUTEX rl::mutex
#define LOAD(x) (x)($).load(rl::mo_seq_cst)
#define STORE(x, v) (x)($).store(v, rl::mo_seq_cst)
#define ADD(x, v) (x)($).fetch_add(v, rl::mo_seq_cst)
#define SWAP(x, v) (x)($).exchange(v, rl::mo_seq_cst)
#define SET_BITS(x, v) (x)($).fetch_or(v, rl::mo_seq_cst)
#define SET_GHOST_BITS(x, v) ((x) |= (v))
#define CLEAR_BITS(x, v) ((x) &= ~(v))
#define GET(x) (x)($).load()
#define PUT(x, v) (x)($).store(v)
#define LOCK(m) (m).lock($)
#define UNLOCK(m) (m).unlock($)
#define PAUSE() rl::yield(1, $)
#define RANDOM(n) int(rl::rand(n))
#define CHECK(holds, what) RL_ASSERT(holds)
#define STEP() (events++)
#define CALLED() (operations++, STEP())
#define RETURNED() STEP()
#define UPDATES 8

#include "slot_table.hpp"
#include "slot_model.hpp"

struct Test : rl::test_suite<Test, 3> {
    Checked checked;
    void before() { operations = events = 0; }
    void thread(unsigned index) {
        for (int n = 0; n < UPDATES; n++)
            index ? checked.drawn_look(index - 1) : checked.drawn_update();
    }
    void after() {
        for (int n = 0; n < 6; n++) checked.drawn_look(0);
    }
};

int main(int, char** argv) {
    double seconds = std::atof(argv[2]);
    for (int part = 0; std::clock() < seconds * CLOCKS_PER_SEC; part++) {
        std::ostream quiet(nullptr);
        rl::test_params params;
        params.iteration_count = 2000;
        params.execution_depth_limit = 20000;
        params.output_stream = params.progress_stream = &quiet;
        if (!rl::simulate<Test>(params)) {
            std::printf("{\"what\": \"%s\", \"operations\": %d, \"events\": %d}\n",
                        rl::test_result_str(params.test_result), operations, events);
            return 1;
        }
    }
    std::puts("null");
}
