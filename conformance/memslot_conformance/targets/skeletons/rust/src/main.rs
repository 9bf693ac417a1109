//! An adapter for memslots: it translates, and never judges, tries again or repairs.
//!
//!     cargo build --release --offline && memslots smoke 'cmd:target/release/mine'

mod gate;
mod lines;
mod table;

use gate::Gate;
use lines::{Json, Target};
use table::{Region, Slot, Table, LAST_GFN, PAGE, SLOTS};

// TO DO 1: say what your implementation is, and leave out what it cannot be asked. Who
// has no points yet says "none" in the place of "points", and announces nothing.
fn greeting() -> String {
    format!(
        r#"{{"memslots_lines": 2, "name": "a table in Rust", "profile": "linux",
        "capabilities": {{"operations": ["SetRegion", "GfnToMemslot", "GfnToHva"],
            "interleaving": "points", "shows": ["table"],
            "announces": ["SectionEntered", "SectionLeft", "TableLoaded", "TableRead",
                "TablePublished", "TableReclaimed", "GracePeriodBegun",
                "GracePeriodEnded", "UpdateLocked", "UpdateUnlocked"]}},
        "limits": {{"user_slots": {SLOTS}, "largest_gfn": {LAST_GFN}}},
        "domain": {{"largest_gfn": {LAST_GFN}, "slots": {SLOTS}}}}}"#
    )
}

// TO DO 2: put your implementation in the place of this table. Where it loads a pointer,
// publishes one, enters a section or takes a lock, it tells `gate.point`, next to the
// access; where it blocks, it calls `gate.wait` or `gate.lock`. table.rs shows how.
struct Vm(Table);

impl Target for Vm {
    fn new(gate: Gate) -> Self {
        Vm(Table::new(gate))
    }

    // TO DO 3: a case for each operation that you greet with; `memslots schema requests`
    // and `memslots schema answers` have all of them.
    fn carry_out(&self, operation: &Json) -> String {
        match operation.text("op") {
            "SetRegion" => {
                let region = operation.get("region");
                let done = self.0.set_region(Region {
                    slot: region.number("slot"),
                    gpa: region.number("guest_phys_addr"),
                    size: region.number("memory_size"),
                    hva: region.number("userspace_addr"),
                    flags: region.number("flags"),
                });
                match done {
                    Ok(()) => r#"{"reply": "Done"}"#.to_string(),
                    Err(errno) => format!(r#"{{"reply": "Refused", "errno": "{errno}"}}"#),
                }
            }
            "GfnToMemslot" => {
                let found = self.0.find(operation.number("gfn")).map(|slot| shown(&slot));
                let slot = found.unwrap_or("null".to_string());
                format!(r#"{{"reply": "FoundSlot", "slot": {slot}}}"#)
            }
            "GfnToHva" => {
                let gfn = operation.number("gfn");
                let found = self.0.find(gfn).filter(|slot| !slot.readonly && !slot.invalid);
                let hva = found.map(|slot| (slot.hva + (gfn - slot.base) * PAGE).to_string());
                format!(r#"{{"reply": "FoundHva", "hva": {}}}"#, hva.unwrap_or("null".to_string()))
            }
            other => panic!("{other} was not greeted with"),
        }
    }

    // TO DO 4: what stands now; leave `shows` out of the greeting if you cannot tell.
    fn view(&self) -> String {
        format!(r#"{{"table": {{"slots": {}}}}}"#, list_of(&self.0.slots()))
    }
}

/// A slot in JSON.
fn shown(slot: &Slot) -> String {
    let Slot { id, base, npages, hva, log_dirty, readonly, invalid } = slot;
    format!(
        r#"{{"id": {id}, "base": {base}, "npages": {npages}, "hva": {hva},
        "log_dirty": {log_dirty}, "readonly": {readonly}, "invalid": {invalid}}}"#
    )
    .replace('\n', "")
}

/// Slots in JSON.
pub fn list_of(slots: &[Slot]) -> String {
    format!("[{}]", slots.iter().map(shown).collect::<Vec<_>>().join(", "))
}

fn main() {
    lines::serve::<Vm>(&greeting());
}
