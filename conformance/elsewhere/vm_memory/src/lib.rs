//! The memory map of vm-memory behind functions in C, for `on_vm_memory.py`.
//!
//! A `Table` is a `GuestMemoryAtomic`, as a VMM gives it to its devices: who reads has a
//! snapshot, and who updates takes the lock, makes the next map of the one that is there,
//! and puts it in its place. Every range has memory of the caller's behind it and a
//! bitmap of its own. What is answered is 0 or an address; a refusal is -1.

use std::slice;
use std::sync::Arc;

use vm_memory::bitmap::{AtomicBitmap, RefSlice};
use vm_memory::mmap::{MmapRegionBuilder, MmapRegionError};
use vm_memory::{
    Bytes, GuestAddress, GuestAddressSpace, GuestMemory, GuestMemoryAtomic, GuestMemoryMmap,
    GuestMemoryRegion, GuestRegionMmap, VolatileSlice,
};

type Memory = GuestMemoryMmap<AtomicBitmap>;
type Region = GuestRegionMmap<AtomicBitmap>;
type Slice<'a> = VolatileSlice<'a, RefSlice<'a, AtomicBitmap>>;

const PAGE: u64 = 4096;
const REFUSED: i64 = -1;

pub struct Table {
    memory: GuestMemoryAtomic<Memory>,
}

/// One range, in bytes: where the guest has it, how long it is, and what is behind it.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Range {
    gpa: u64,
    size: u64,
    host: *mut u8,
}

/// A region over memory that the caller keeps mapped for as long as the process lives.
fn region(range: Range) -> Option<Arc<Region>> {
    let size = range.size as usize;
    let bitmap = AtomicBitmap::new(size, PAGE as usize);
    let built: Result<_, MmapRegionError> = unsafe {
        MmapRegionBuilder::new_with_bitmap(size, bitmap).with_raw_mmap_pointer(range.host)
    }
    .with_mmap_prot(3)
    .with_mmap_flags(0x22)
    .build();
    Region::new(built.ok()?, GuestAddress(range.gpa)).ok().map(Arc::new)
}

/// Put the next map in place of the one that is there, or leave it.
fn update(table: &Table, next: impl FnOnce(&Memory) -> Option<Memory>) -> i64 {
    let guard = table.memory.lock().unwrap();
    let made = next(&table.memory.memory());
    match made {
        Some(memory) => {
            guard.replace(memory);
            0
        }
        None => REFUSED,
    }
}

#[no_mangle]
pub extern "C" fn table_new() -> *mut Table {
    let memory = GuestMemoryAtomic::new(Memory::new());
    Box::into_raw(Box::new(Table { memory }))
}

/// # Safety
/// The table is one that `table_new` gave, and nobody uses it any more.
#[no_mangle]
pub unsafe extern "C" fn table_free(table: *mut Table) {
    drop(Box::from_raw(table));
}

#[no_mangle]
pub extern "C" fn table_add(table: &Table, range: Range) -> i64 {
    update(table, |memory| memory.insert_region(region(range)?).ok())
}

#[no_mangle]
pub extern "C" fn table_remove(table: &Table, gpa: u64, size: u64) -> i64 {
    update(table, |memory| {
        let removed = memory.remove_region(GuestAddress(gpa), size);
        removed.ok().map(|(left, _)| left)
    })
}

/// # Safety
/// There are `count` ranges, in the order of their addresses.
#[no_mangle]
pub unsafe extern "C" fn table_replace(table: &Table, ranges: *const Range, count: usize) -> i64 {
    let ranges = slice::from_raw_parts(ranges, count);
    update(table, |_| {
        if ranges.is_empty() {
            return Some(Memory::new());
        }
        let regions = ranges.iter().map(|one| region(*one)).collect::<Option<Vec<_>>>()?;
        Memory::from_arc_regions(regions).ok()
    })
}

/// Of many looks the answer that came least often: each is one of the call's.
///
/// An update is over in less time than a caller needs to ask twice, so it is asked here
/// again and again, each time of a snapshot of its own.
fn rarest(times: u32, look: impl Fn() -> *mut u8) -> *mut u8 {
    let mut seen: Vec<(*mut u8, u32)> = Vec::new();
    for _ in 0..times {
        let found = look();
        match seen.iter_mut().find(|(answer, _)| *answer == found) {
            Some((_, count)) => *count += 1,
            None => seen.push((found, 1)),
        }
    }
    let least = seen.into_iter().min_by_key(|(_, count)| *count);
    least.map_or(std::ptr::null_mut(), |(answer, _)| answer)
}

/// The host address behind a guest address, or 0.
#[no_mangle]
pub extern "C" fn table_find(table: &Table, gpa: u64, times: u32) -> *mut u8 {
    rarest(times, || {
        let memory = table.memory.memory();
        let found = memory.get_host_address(GuestAddress(gpa));
        found.unwrap_or(std::ptr::null_mut())
    })
}

/// Read eight bytes through a slice of one snapshot; which host address, or 0.
#[no_mangle]
pub extern "C" fn table_read(table: &Table, gpa: u64, times: u32) -> *mut u8 {
    rarest(times, || {
        reached(table, gpa, |slice| slice.read_obj::<u64>(0).is_ok())
    })
}

/// Write eight bytes through a slice of one snapshot; which host address, or 0.
#[no_mangle]
pub extern "C" fn table_write(table: &Table, gpa: u64) -> *mut u8 {
    reached(table, gpa, |slice| slice.write_obj(gpa, 0).is_ok())
}

fn reached(table: &Table, gpa: u64, access: impl Fn(&Slice) -> bool) -> *mut u8 {
    let memory = table.memory.memory();
    match memory.get_slice(GuestAddress(gpa), 8) {
        Ok(slice) if access(&slice) => slice.as_ptr(),
        _ => std::ptr::null_mut(),
    }
}

/// The words of the dirty bitmap of this range, which are cleared; how many, or -1.
///
/// # Safety
/// `words` has room for `room` of them.
#[no_mangle]
pub unsafe extern "C" fn table_dirty(
    table: &Table,
    gpa: u64,
    size: u64,
    words: *mut u64,
    room: usize,
) -> i64 {
    let memory = table.memory.memory();
    let Some(found) = memory.find_region(GuestAddress(gpa)) else {
        return REFUSED;
    };
    if (found.start_addr().0, found.len()) != (gpa, size) {
        return REFUSED;
    }
    let bits = found.bitmap().get_and_reset();
    let used = bits.len().min(room);
    slice::from_raw_parts_mut(words, used).copy_from_slice(&bits[..used]);
    used as i64
}
