//! The gate: one thread at a time holds the turn, in the order that the suite asks for.
//!
//! There is nothing to do here. Whoever stops decides, by the runs that were asked for,
//! who is next; where nobody is, the turn goes back to the reader of lines, thread 0.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};
use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, JoinHandle, Thread};

thread_local! { static ME: Cell<usize> = const { Cell::new(0) }; }

/// What an operation of a race does; it gives its reply, in JSON.
pub type Task = Box<dyn FnOnce() -> String + Send>;

/// Unwinds a thread that stands somewhere when its VM is given back.
struct Ended;
/// Unwinds thread 0 where it waits for what nobody will do.
pub struct Stuck;

/// A condition that somebody waits for, alive as long as that thread stands there.
struct Until(*const (dyn Fn() -> bool + Sync));
// SAFETY: the condition is `Sync`, and is asked only while its owner waits.
unsafe impl Send for Until {}

impl Until {
    fn holds(&self) -> bool {
        // SAFETY: as above: whoever goes on takes it away first.
        unsafe { (*self.0)() }
    }
}

#[derive(Default)]
struct State {
    points: Vec<String>,
    told: Vec<String>,
    stuck: Option<String>,
    stops: HashSet<String>,
    runs: VecDeque<(usize, u64)>,
    stays: bool,
    most: usize,
    turn: usize,
    last: usize,
    over: bool,
    alive: BTreeSet<usize>,
    waiting: BTreeMap<usize, Until>,
    threads: BTreeMap<usize, Thread>,
    handles: Vec<JoinHandle<()>>,
}

impl State {
    fn can_go_on(&self, thread: usize) -> bool {
        self.alive.contains(&thread) && self.waiting.get(&thread).map_or(true, Until::holds)
    }

    /// Whose turn it is now; 0 where the answer is due.
    fn next(&mut self) -> usize {
        while self.runs.front().is_some_and(|run| run.1 == 0) {
            self.runs.pop_front();
        }
        let next = if self.told.len() >= self.most {
            0
        } else if let Some(run) = self.runs.front_mut() {
            run.1 -= 1;
            run.0
        } else if !self.stays {
            0
        } else if self.can_go_on(self.last) {
            self.last
        } else {
            self.alive.iter().copied().find(|thread| self.can_go_on(*thread)).unwrap_or(0)
        };
        if next == 0 || !self.can_go_on(next) {
            return 0;
        }
        self.waiting.remove(&next);
        next
    }
}

/// The points and waits of one VM.
#[derive(Clone, Default)]
pub struct Gate(Arc<Mutex<State>>);

// Who begins without points, or without locks that are held across one, uses fewer.
#[allow(dead_code)]
impl Gate {
    /// This has just happened. `fields` are those of the kind, in JSON, without braces.
    pub fn point(&self, kind: &str, fields: &str) {
        let me = ME.get();
        let comma = if fields.is_empty() { "" } else { ", " };
        let mut state = self.state();
        state.points.push(format!(r#"{{"e": "{kind}", "thread": {me}{comma}{fields}}}"#));
        if me != 0 && state.stops.contains(kind) {
            self.stop(state, "");
        }
    }

    /// Come back when this holds, with nothing run in between. It must not use the gate.
    pub fn wait(&self, label: &str, until: impl Fn() -> bool + Sync) {
        if until() {
            return;
        }
        let mut state = self.state();
        if ME.get() == 0 {
            state.stuck = Some(format!("{label:?}"));
            drop(state);
            resume_unwind(Box::new(Stuck));
        }
        let condition: *const (dyn Fn() -> bool + Sync) = &until;
        // SAFETY: only the lifetime changes; see `Until`.
        let condition = unsafe { std::mem::transmute(condition) };
        state.waiting.insert(ME.get(), Until(condition));
        self.stop(state, &format!(r#", "waits": {label:?}"#));
    }

    /// Take a lock of your own, letting the others run until it can be had.
    #[allow(dead_code)]
    pub fn lock<'a, T: Send>(&self, label: &str, lock: &'a Mutex<T>) -> MutexGuard<'a, T> {
        self.wait(label, || lock.try_lock().is_ok());
        lock.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// What was announced since it was taken last, as a list.
    pub fn take_points(&self) -> String {
        format!("[{}]", std::mem::take(&mut self.state().points).join(", "))
    }

    /// What thread 0 waits for, if it does.
    pub fn stuck(&self) -> Option<String> {
        self.state().stuck.clone()
    }

    /// Have a thread ready for each row.
    pub fn start(&self, rows: Vec<Vec<Task>>, stops: HashSet<String>) {
        let mut state = self.state();
        state.stops = stops;
        state.threads.insert(0, thread::current());
        for (row, number) in rows.into_iter().zip(1..) {
            if row.is_empty() {
                continue;
            }
            let gate = self.clone();
            let handle = thread::spawn(move || gate.run(number, row));
            state.alive.insert(number);
            state.threads.insert(number, handle.thread().clone());
            state.handles.push(handle);
        }
    }

    /// Have turns taken; what was done in each.
    pub fn advance(&self, runs: VecDeque<(usize, u64)>, stays: bool, most: usize) -> Vec<String> {
        let mut state = self.state();
        (state.runs, state.stays, state.most) = (runs, stays, most);
        state.turn = state.next();
        if state.turn != 0 {
            state.threads[&state.turn].unpark();
            state = self.until_turn(state, 0);
        }
        std::mem::take(&mut state.told)
    }

    /// End the threads that stand somewhere.
    pub fn end(&self) {
        let mut state = self.state();
        state.over = true;
        let handles = std::mem::take(&mut state.handles);
        drop(state);
        for handle in handles {
            handle.thread().unpark();
            let _ = handle.join();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn until_turn<'a>(&'a self, mut state: MutexGuard<'a, State>, me: usize) -> MutexGuard<'a, State> {
        while state.turn != me && !state.over {
            drop(state);
            thread::park();
            state = self.state();
        }
        state
    }

    fn run(&self, me: usize, row: Vec<Task>) {
        ME.set(me);
        drop(self.until_turn(self.state(), me));
        let last = row.len();
        let told = catch_unwind(AssertUnwindSafe(|| {
            for (task, number) in row.into_iter().zip(1..) {
                let reply = if self.state().over { return } else { task() };
                let mut state = self.state();
                if number == last {
                    state.alive.remove(&me);
                }
                self.stop(state, &format!(r#", "reply": {reply}"#));
            }
        }));
        if let Err(payload) = told {
            if !payload.is::<Ended>() {
                let mut state = self.state();
                state.alive.remove(&me);
                (state.runs, state.stays) = (VecDeque::new(), false);
                self.stop(state, &format!(r#", "error": {:?}"#, words_of(&*payload)));
            }
        }
    }

    /// The turn is over: `how`, and who is next.
    fn stop(&self, mut state: MutexGuard<'_, State>, how: &str) {
        let me = ME.get();
        if state.over {
            drop(state);
            if thread::panicking() {
                return;
            }
            resume_unwind(Box::new(Ended));
        }
        let points = std::mem::take(&mut state.points).join(", ");
        let ready: Vec<_> = state.waiting.iter().filter(|(_, until)| until.holds()).map(|(thread, _)| thread.to_string()).collect();
        let ready = if ready.is_empty() { String::new() } else { format!(r#", "ready": [{}]"#, ready.join(", ")) };
        state.told.push(format!(r#"{{"thread": {me}, "points": [{points}]{how}{ready}}}"#));
        state.last = me;
        state.turn = state.next();
        if state.turn == me {
            return;
        }
        state.threads[&state.turn].unpark();
        if state.alive.contains(&me) && self.until_turn(state, me).over {
            resume_unwind(Box::new(Ended));
        }
    }
}

/// What a panic says.
pub fn words_of(payload: &(dyn std::any::Any + Send)) -> &str {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    text.or(payload.downcast_ref::<&str>().copied()).unwrap_or("a panic")
}
