//! Where a guest's memory comes from: the standard library's allocator, but for its first memory.
//!
//! The standard library begins with nothing and grows the guest's memory when something is first allocated. The host has
//! to undo that before the place can be another guest's, with calls to the operating system that stop its other threads;
//! for short activities that was a fifth of all its work. So the first memory is part of every guest, and most guests
//! never grow.
#![allow(unsafe_code, reason = "an allocator deals in raw memory")]

use std::alloc::{GlobalAlloc, Layout};
use std::cell::UnsafeCell;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, Ordering};

use dlmalloc::{Allocator, Dlmalloc};

/// A page of WebAssembly.
const PAGE_BYTES: usize = 64 * 1024;

/// What the standard library would grow by at first, so a guest is no larger than it was.
const FIRST_BYTES: usize = PAGE_BYTES;

#[global_allocator]
static ALLOCATOR: Global = Global(UnsafeCell::new(Dlmalloc::new_with_allocator(Memory)));

static FIRST: First = First(UnsafeCell::new([0; FIRST_BYTES]));
static IS_FIRST_TAKEN: AtomicBool = AtomicBool::new(false);

#[repr(align(16))]
struct First(UnsafeCell<[u8; FIRST_BYTES]>);

// SAFETY: nobody but the allocator touches it, and only one gets it.
unsafe impl Sync for First {}

/// The guest's linear memory.
struct Memory;

// SAFETY: every region that is handed out is handed out once: the first by the flag, others because growing answers with
// new pages.
unsafe impl Allocator for Memory {
    fn alloc(&self, size: usize) -> (*mut u8, usize, u32) {
        if size <= FIRST_BYTES && !IS_FIRST_TAKEN.swap(true, Ordering::Relaxed) {
            return (FIRST.0.get().cast(), FIRST_BYTES, 0);
        }
        let pages = size.div_ceil(PAGE_BYTES);
        let before = core::arch::wasm32::memory_grow(0, pages);
        if before == usize::MAX {
            return (null_mut(), 0, 0);
        }
        // The last page of all is not given away: a pointer to its end would be null.
        match (before + pages).checked_mul(PAGE_BYTES) {
            Some(_) => ((before * PAGE_BYTES) as *mut u8, pages * PAGE_BYTES, 0),
            None => (null_mut(), 0, 0),
        }
    }

    fn remap(&self, _: *mut u8, _: usize, _: usize, _: bool) -> *mut u8 {
        null_mut()
    }

    fn free_part(&self, _: *mut u8, _: usize, _: usize) -> bool {
        false
    }

    fn free(&self, _: *mut u8, _: usize) -> bool {
        false
    }

    fn can_release_part(&self, _: u32) -> bool {
        false
    }

    fn allocates_zeros(&self) -> bool {
        true
    }

    fn page_size(&self) -> usize {
        PAGE_BYTES
    }
}

struct Global(UnsafeCell<Dlmalloc<Memory>>);

// SAFETY: guests have one thread.
unsafe impl Sync for Global {}

// SAFETY: the calls are passed on as they are.
unsafe impl GlobalAlloc for Global {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        unsafe { (*self.0.get()).malloc(layout.size(), layout.align()) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        unsafe { (*self.0.get()).calloc(layout.size(), layout.align()) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        unsafe { (*self.0.get()).free(memory, layout.size(), layout.align()) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        unsafe { (*self.0.get()).realloc(memory, layout.size(), layout.align(), size) }
    }
}
