//! Lines of JSON: what is asked is read, and what is answered is written.
//!
//! There is nothing to do here. Only what is asked is read: objects, lists, texts, truth
//! values, and numbers that are not negative.

use crate::gate::{words_of, Gate, Stuck, Task};
use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::Arc;

/// One VM of your implementation, as the suite sees it.
pub trait Target: Send + Sync + 'static {
    /// A new VM, without slots.
    fn new(gate: Gate) -> Self;
    /// Carry out an operation; the reply, in JSON.
    fn carry_out(&self, operation: &Json) -> String;
    /// What stands now, in JSON.
    fn view(&self) -> String;
}

/// What a line says.
#[derive(Debug)]
pub enum Json {
    Null,
    Truth(bool),
    Number(u64),
    Text(String),
    List(Vec<Json>),
    Object(HashMap<String, Json>),
}

impl Json {
    /// The value of a key, or null.
    pub fn get(&self, key: &str) -> &Json {
        match self {
            Json::Object(fields) => fields.get(key).unwrap_or(&Json::Null),
            _ => &Json::Null,
        }
    }

    /// The number of a key. Panics where there is none.
    pub fn number(&self, key: &str) -> u64 {
        match self.get(key) {
            Json::Number(number) => *number,
            other => panic!("{key} is {other:?}, and no number"),
        }
    }

    /// The text of a key; empty where there is none.
    pub fn text(&self, key: &str) -> &str {
        match self.get(key) {
            Json::Text(text) => text,
            _ => "",
        }
    }

    /// The list of a key; empty where there is none.
    pub fn list(&self, key: &str) -> &[Json] {
        match self.get(key) {
            Json::List(items) => items,
            _ => &[],
        }
    }

    /// Whether a key is true.
    pub fn is(&self, key: &str) -> bool {
        matches!(self.get(key), Json::Truth(true))
    }

    fn read(text: &mut &str) -> Json {
        let at = |text: &mut &str| {
            *text = text.trim_start();
            text.chars().next().unwrap_or(' ')
        };
        match at(text) {
            '{' => {
                let mut fields = HashMap::new();
                *text = &text[1..];
                while at(text) != '}' {
                    let Json::Text(key) = Json::read(text) else { panic!("a key is no text") };
                    at(text);
                    *text = &text[1..];
                    fields.insert(key, Json::read(text));
                    if at(text) == ',' {
                        *text = &text[1..];
                    }
                }
                *text = &text[1..];
                Json::Object(fields)
            }
            '[' => {
                let mut items = Vec::new();
                *text = &text[1..];
                while at(text) != ']' {
                    items.push(Json::read(text));
                    if at(text) == ',' {
                        *text = &text[1..];
                    }
                }
                *text = &text[1..];
                Json::List(items)
            }
            '"' => {
                let end = text[1..].find('"').expect("a text has no end") + 1;
                let said = text[1..end].to_string();
                assert!(!said.contains('\\'), "no text that is asked has an escape");
                *text = &text[end + 1..];
                Json::Text(said)
            }
            _ => {
                let end = text.find([',', '}', ']']).unwrap_or(text.len());
                let word = text[..end].trim();
                *text = &text[end..];
                match word {
                    "null" => Json::Null,
                    "true" => Json::Truth(true),
                    "false" => Json::Truth(false),
                    _ => Json::Number(word.parse().expect("a number is not negative")),
                }
            }
        }
    }
}

/// Greet, and answer until nothing more is asked.
pub fn serve<T: Target>(greeting: &str) {
    let mut input = BufReader::new(io::stdin());
    let mut output = BufWriter::new(io::stdout());
    let mut vms: HashMap<u64, (Gate, Arc<T>)> = HashMap::new();
    let mut line = String::new();
    input.read_line(&mut line).expect("the suite greets");
    let one_line = greeting.split_whitespace().collect::<Vec<_>>().join(" ");
    writeln!(output, "{one_line}").expect("the suite listens");
    loop {
        // What was asked ahead is answered together.
        if input.buffer().is_empty() && output.flush().is_err() {
            return;
        }
        line.clear();
        if input.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        let request = Json::read(&mut line.as_str());
        let (n, vm) = (request.number("n"), request.number("vm"));
        if request.text("do") == "New" {
            let gate = Gate::default();
            vms.insert(vm, (gate.clone(), Arc::new(T::new(gate))));
        }
        let (gate, target) = &vms[&vm];
        let more = match request.text("do") {
            _ if gate.stuck().is_some() => format!(r#", "waits": {}"#, gate.stuck().unwrap()),
            "CarryOut" => alone(gate, || target.carry_out(request.get("operation"))),
            "Observe" => {
                let view = target.view();
                gate.take_points();
                format!(r#", "view": {view}"#)
            }
            "Start" => {
                start(gate, target, request);
                String::new()
            }
            "Advance" => {
                let runs = request.list("runs").iter();
                let runs = runs.map(|run| (run.number("thread") as usize, run.number("turns")));
                let most = request.number("most") as usize;
                for turn in gate.advance(runs.collect(), request.is("stays"), most) {
                    writeln!(output, r#"{{"n": {n}, "turn": {turn}}}"#).expect("the suite listens");
                }
                String::new()
            }
            "Close" => {
                gate.end();
                vms.remove(&vm);
                String::new()
            }
            _ => String::new(),
        };
        writeln!(output, r#"{{"n": {n}{more}}}"#).expect("the suite listens");
    }
}

fn start<T: Target>(gate: &Gate, target: &Arc<T>, mut request: Json) {
    let stops = request.list("stops").iter();
    let stops = stops.filter_map(|kind| if let Json::Text(kind) = kind { Some(kind.clone()) } else { None }).collect();
    let Json::Object(fields) = &mut request else { return };
    let Some(Json::List(rows)) = fields.remove("threads") else { return };
    let task = |operation: Json| -> Task {
        let target = target.clone();
        Box::new(move || target.carry_out(&operation))
    };
    let tasks = |row| match row {
        Json::List(row) => row.into_iter().map(task).collect(),
        _ => Vec::new(),
    };
    gate.start(rows.into_iter().map(tasks).collect(), stops);
}

fn alone(gate: &Gate, operation: impl FnOnce() -> String) -> String {
    match catch_unwind(AssertUnwindSafe(operation)) {
        Ok(reply) => format!(r#", "points": {}, "reply": {reply}"#, gate.take_points()),
        Err(payload) if payload.is::<Stuck>() => {
            format!(r#", "points": {}, "waits": {}"#, gate.take_points(), gate.stuck().unwrap())
        }
        Err(payload) => format!(r#", "error": {:?}"#, words_of(&*payload)),
    }
}
