//! A small slot table that is swapped by pointer, and says where it is.
//!
//! Readers look into one version inside a section; an update copies it, changes the
//! copy, publishes that, and waits for the readers before the old one is given up.

use crate::gate::Gate;
use crate::list_of;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

pub const PAGE: u64 = 4096;
pub const SLOTS: u64 = 64;
pub const LAST_GFN: u64 = (1 << 28) - 1;
const HVA_END: u64 = (1 << 47) - PAGE;

pub struct Region {
    pub slot: u64,
    pub gpa: u64,
    pub size: u64,
    pub hva: u64,
    pub flags: u64,
}

#[derive(Clone, PartialEq)]
pub struct Slot {
    pub id: u64,
    pub base: u64,
    pub npages: u64,
    pub hva: u64,
    pub log_dirty: bool,
    pub readonly: bool,
    pub invalid: bool,
}

/// One published table; it goes by its handle.
struct Version {
    handle: usize,
    slots: Mutex<Vec<Slot>>,
}

pub struct Table {
    gate: Gate,
    current: Mutex<Arc<Version>>,
    readers: AtomicUsize,
    locked: AtomicBool,
}

impl Table {
    pub fn new(gate: Gate) -> Self {
        let first = Version { handle: 0, slots: Mutex::default() };
        let current = Mutex::new(Arc::new(first));
        Table { gate, current, readers: AtomicUsize::new(0), locked: AtomicBool::new(false) }
    }

    /// The slot of a frame, as a reader under SRCU sees it.
    pub fn find(&self, gfn: u64) -> Option<Slot> {
        self.readers.fetch_add(1, SeqCst);
        self.gate.point("SectionEntered", r#""index": 0"#);
        let version = self.load();
        let found = self.read(&version).into_iter().find(|slot| slot.base <= gfn && gfn - slot.base < slot.npages);
        self.readers.fetch_sub(1, SeqCst);
        self.gate.point("SectionLeft", r#""index": 0"#);
        found
    }

    /// What stands now, told to nobody.
    pub fn slots(&self) -> Vec<Slot> {
        let version = self.current.lock().unwrap().clone();
        let slots = version.slots.lock().unwrap().clone();
        slots
    }

    /// One update at a time. The name of the errno that it is refused with.
    pub fn set_region(&self, region: Region) -> Result<(), &'static str> {
        self.gate.wait("the update lock", || !self.locked.load(SeqCst));
        self.locked.store(true, SeqCst);
        self.gate.point("UpdateLocked", "");
        let done = self.update(region);
        self.locked.store(false, SeqCst);
        self.gate.point("UpdateUnlocked", "");
        done
    }

    fn load(&self) -> Arc<Version> {
        let version = self.current.lock().unwrap().clone();
        self.gate.point("TableLoaded", &format!(r#""table": {}"#, version.handle));
        version
    }

    fn read(&self, version: &Version) -> Vec<Slot> {
        self.gate.point("TableRead", &format!(r#""table": {}, "field": "slots""#, version.handle));
        version.slots.lock().unwrap().clone()
    }

    fn update(&self, region: Region) -> Result<(), &'static str> {
        let Region { slot: id, gpa, size, hva, flags } = region;
        if id >= SLOTS || flags & !3 != 0 || (gpa | size | hva) % PAGE != 0 {
            return Err("EINVAL");
        }
        let ends = gpa.checked_add(size).zip(hva.checked_add(size));
        if ends.is_none_or(|(_, end)| end > HVA_END) || size / PAGE >= 1 << 31 {
            return Err("EINVAL");
        }
        let mut slots = self.read(&self.load());
        let old = slots.iter().position(|slot| slot.id == id).map(|at| slots.remove(at));
        if size == 0 {
            let old = old.ok_or("EINVAL")?;
            return self.in_two_steps(slots, old, None);
        }
        let (base, npages) = (gpa / PAGE, size / PAGE);
        let new = Slot { id, base, npages, hva, log_dirty: flags & 1 != 0, readonly: flags & 2 != 0, invalid: false };
        if old.as_ref() == Some(&new) {
            return Ok(());
        }
        if old.as_ref().is_some_and(|old| (old.npages, old.hva, old.readonly) != (npages, hva, new.readonly)) {
            return Err("EINVAL");
        }
        if slots.iter().any(|other| other.base < base + npages && base < other.base + other.npages) {
            return Err("EEXIST");
        }
        if base + npages - 1 > LAST_GFN {
            return Err("EINVAL");
        }
        if let Some(old) = old.filter(|old| old.base != base) {
            return self.in_two_steps(slots, old, Some(new));
        }
        slots.push(new);
        self.publish(slots);
        Ok(())
    }

    /// A slot that is deleted or moved is INVALID first, until no reader has it any more.
    fn in_two_steps(&self, rest: Vec<Slot>, old: Slot, new: Option<Slot>) -> Result<(), &'static str> {
        let invalid = Slot { invalid: true, ..old };
        self.publish([rest.clone(), vec![invalid]].concat());
        self.publish(rest.into_iter().chain(new).collect());
        Ok(())
    }

    fn publish(&self, slots: Vec<Slot>) {
        let shown = list_of(&slots);
        let mut current = self.current.lock().unwrap();
        let new = Arc::new(Version { handle: current.handle + 1, slots: Mutex::new(slots) });
        let old = std::mem::replace(&mut *current, new.clone());
        drop(current);
        self.gate.point("TablePublished", &format!(r#""table": {}, "slots": {{"slots": {shown}}}"#, new.handle));
        self.gate.point("GracePeriodBegun", "");
        self.gate.wait("the readers", || self.readers.load(SeqCst) == 0);
        self.gate.point("GracePeriodEnded", "");
        old.slots.lock().unwrap().clear();
        self.gate.point("TableReclaimed", &format!(r#""table": {}"#, old.handle));
    }
}
