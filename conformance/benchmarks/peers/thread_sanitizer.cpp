// ThreadSanitizer: an updater and two readers on real threads, with the model.
//
//     g++ -fsanitize=thread -DBUG=4 thread_sanitizer.cpp && ./a.out SEED SECONDS
//
// A data race and a wrong answer are both found. It says so in the line of told.py.

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <mutex>
#include <random>
#include <thread>
#include <unistd.h>

static std::atomic<int> operations, events;
static thread_local std::minstd_rand* drawing;

[[noreturn]] static void failed(const char* what) {
    static std::atomic_flag said;
    while (said.test_and_set()) pause();
    char line[200];
    int n = std::snprintf(line, sizeof line,
                          "{\"what\": \"%s\", \"operations\": %d, \"events\": %d}\n", what,
                          operations.load(std::memory_order_relaxed),
                          events.load(std::memory_order_relaxed));
    if (write(1, line, n) < 0) _exit(2);
    _exit(1);
}

extern "C" void __tsan_on_report(void*) { failed("data race"); }

#define ATOMIC(T) std::atomic<T>
#define VAR(T) T
#define GHOST(T) Ghost
#define MUTEX std::mutex
#define LOAD(x) (x).load()
#define STORE(x, v) (x).store(v)
#define ADD(x, v) (x).fetch_add(v)
#define SWAP(x, v) (x).exchange(v)
#define SET_BITS(x, v) (x).fetch_or(v)
#define SET_GHOST_BITS(x, v) (x).value.fetch_or(v, std::memory_order_relaxed)
#define CLEAR_BITS(x, v) (x).value.fetch_and(~(v), std::memory_order_relaxed)
#define GET(x) (x)
#define PUT(x, v) ((x) = (v))
#define LOCK(m) (m).lock()
#define UNLOCK(m) (m).unlock()
#define PAUSE() std::this_thread::yield()
#define RANDOM(n) int((*drawing)() / 7 % (n))
#define CHECK(holds, what) \
    do { if (!(holds)) failed(what); } while (0)
#define STEP() events.fetch_add(1, std::memory_order_relaxed)
#define CALLED() \
    (operations.fetch_add(1, std::memory_order_relaxed), STEP())
#define RETURNED() STEP()
#define UPDATES 40

// Relaxed, so that the model orders nothing that the table does not.
struct Ghost {
    std::atomic<int> value{0};
    Ghost(int v = 0) : value(v) {}
    operator int() const { return value.load(std::memory_order_relaxed); }
    Ghost& operator=(int v) {
        value.store(v, std::memory_order_relaxed);
        return *this;
    }
};

#include "slot_table.hpp"
#include "slot_model.hpp"

int main(int, char** argv) {
    std::minstd_rand seeds(std::atoi(argv[1]) * 7919 + 1);
    double seconds = std::atof(argv[2]);
    while (std::clock() < seconds * CLOCKS_PER_SEC) {
        operations = events = 0;
        auto checked = std::make_unique<Checked>();
        std::atomic<bool> over{false};
        auto look = [&](int vcpu, unsigned seed) {
            std::minstd_rand mine(seed);
            drawing = &mine;
            while (!over.load(std::memory_order_relaxed)) checked->drawn_look(vcpu);
        };
        std::thread one(look, 0, seeds()), two(look, 1, seeds());
        std::minstd_rand mine(seeds());
        drawing = &mine;
        for (int n = 0; n < UPDATES; n++) checked->drawn_update();
        over.store(true, std::memory_order_relaxed);
        one.join();
        two.join();
        for (int n = 0; n < 12; n++) checked->drawn_look(0);
    }
    std::puts("null");
}
