//! Keeps the process alive when a mapped file is truncated by somebody else, or its disk fails.
//!
//! Reading a page of a map behind the new end of its file, or one that the disk does not give, raises SIGBUS, which kills the process. The
//! handler here looks the address up in a table of our maps, puts pages of zeros in its place (the way
//! Wayland compositors treat their clients' shared memory), marks the map, and returns; the reader sees
//! the mark and reports an error. Every other SIGBUS goes on to the handler that was there before.

use std::ffi::c_void;
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// One block of the table; blocks are added, never removed, so that the handler needs no lock.
const BLOCK: usize = 64;

struct Slot {
    /// Address of the map; 0 when the slot is free.
    start: AtomicUsize,
    end: AtomicUsize,
    /// Where in the map the first missing page began, and 1; 0 while none was missing.
    hit: AtomicUsize,
}

struct Block {
    slots: [Slot; BLOCK],
    next: AtomicPtr<Block>,
}

impl Block {
    const fn new() -> Self {
        Self {
            slots: [const {
                Slot {
                    start: AtomicUsize::new(0),
                    end: AtomicUsize::new(0),
                    hit: AtomicUsize::new(0),
                }
            }; BLOCK],
            next: AtomicPtr::new(ptr::null_mut()),
        }
    }
}

static FIRST: Block = Block::new();
/// Size of a page; set before the handler is installed.
static PAGE: AtomicUsize = AtomicUsize::new(4096);
static PREVIOUS: AtomicPtr<libc::sigaction> = AtomicPtr::new(ptr::null_mut());
/// Serialises installation and the taking of slots; never held by the handler.
static WRITER: Mutex<()> = Mutex::new(());

/// A registered range; freed when dropped.
#[derive(Debug)]
pub struct Registration {
    slot: *const Slot,
}

impl std::fmt::Debug for Slot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:x}", self.start.load(Ordering::Relaxed))
    }
}

// SAFETY: `slot` points into a block that is never freed, and all its fields are atomics.
unsafe impl Send for Registration {}
// SAFETY: as above.
unsafe impl Sync for Registration {}

impl Registration {
    fn slot(&self) -> &Slot {
        // SAFETY: blocks are leaked on purpose, so the pointer is valid for the life of the process.
        unsafe { &*self.slot }
    }

    /// Where in the range the first page had to be replaced, in bytes; what was read from there on is not the file.
    pub fn hit(&self) -> Option<usize> {
        self.slot().hit.load(Ordering::Acquire).checked_sub(1)
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.slot().start.store(0, Ordering::Release);
    }
}

/// Registers the range `start .. start + length` of a read-only private file map.
/// None when somebody has replaced our SIGBUS handler: then maps must not be used.
pub fn register(start: usize, length: usize) -> Option<Registration> {
    let _writer = WRITER.lock().unwrap_or_else(PoisonError::into_inner);
    if !install() {
        return None;
    }
    let mut block: &Block = &FIRST;
    loop {
        for slot in &block.slots {
            if slot.start.load(Ordering::Relaxed) == 0 {
                slot.hit.store(0, Ordering::Relaxed);
                slot.end.store(start + length, Ordering::Release);
                slot.start.store(start, Ordering::Release);
                return Some(Registration {
                    slot: ptr::from_ref(slot),
                });
            }
        }
        let mut next = block.next.load(Ordering::Acquire);
        if next.is_null() {
            next = Box::into_raw(Box::new(Block::new()));
            block.next.store(next, Ordering::Release);
        }
        // SAFETY: `next` came from `Box::into_raw` and is never freed.
        block = unsafe { &*next };
    }
}

/// Whether SIGBUS still comes to us: a program that installs its own handler later takes it away.
pub fn is_active() -> bool {
    current().is_some_and(|action| action.sa_sigaction == handler_address())
}

fn handler_address() -> usize {
    on_sigbus as *const () as usize
}

fn current() -> Option<libc::sigaction> {
    let mut action = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: a null new action only queries; `action` is a valid place for the old one.
    let status = unsafe { libc::sigaction(libc::SIGBUS, ptr::null(), action.as_mut_ptr()) };
    // SAFETY: on success the kernel has filled it in; zeroed bytes are a valid value anyway.
    (status == 0).then(|| unsafe { action.assume_init() })
}

/// Installs the handler once, in front of the one that is there. One that is installed later takes its place, and is left alone.
fn install() -> bool {
    let Some(found) = current() else { return false };
    if found.sa_sigaction == handler_address() {
        return true;
    }
    if !PREVIOUS.load(Ordering::Acquire).is_null() {
        return false; // somebody replaced ours
    }
    // SAFETY: asks for a number.
    let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    if let Ok(page) = usize::try_from(page)
        && page.is_power_of_two()
    {
        PAGE.store(page, Ordering::Release);
    }
    PREVIOUS.store(Box::into_raw(Box::new(found)), Ordering::Release);
    // SAFETY: zeroed bytes are a valid `sigaction` (empty mask, no flags).
    let mut action: libc::sigaction = unsafe { MaybeUninit::zeroed().assume_init() };
    action.sa_sigaction = handler_address();
    action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_NODEFER;
    // SAFETY: `action` is complete, and the handler is async-signal-safe (atomics, mmap, sigaction).
    unsafe { libc::sigaction(libc::SIGBUS, &raw const action, ptr::null_mut()) == 0 }
}

extern "C" fn on_sigbus(signal: libc::c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    /// A fault at an address that exists but has no backing (as opposed to a signal sent by `kill`).
    const BUS_ADRERR: libc::c_int = 2;
    // SAFETY: the kernel passes a valid `siginfo_t` to an SA_SIGINFO handler.
    let (code, address) = unsafe { ((*info).si_code, (*info).si_addr() as usize) };
    if code == BUS_ADRERR && replace_page(address) {
        return;
    }
    // SAFETY: `PREVIOUS` was leaked by `install` before this handler could run.
    let previous = unsafe { &*PREVIOUS.load(Ordering::Acquire) };
    let was_sent = code <= 0;
    match previous.sa_sigaction {
        libc::SIG_IGN if was_sent => {}
        // A fault happens again at once, a signal that was sent is sent again: the process ends as without us.
        libc::SIG_DFL | libc::SIG_IGN => {
            // SAFETY: `previous` is a complete action; both calls are async-signal-safe.
            unsafe {
                libc::sigaction(libc::SIGBUS, previous, ptr::null_mut());
                if was_sent {
                    libc::raise(libc::SIGBUS);
                }
            }
        }
        handler if previous.sa_flags & libc::SA_SIGINFO != 0 => {
            // SAFETY: with SA_SIGINFO the address is that of a function of this type, installed to be called for this signal.
            let handler: extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut c_void) =
                unsafe { std::mem::transmute(handler) };
            handler(signal, info, context);
        }
        handler => {
            // SAFETY: as above, of the older type.
            let handler: extern "C" fn(libc::c_int) = unsafe { std::mem::transmute(handler) };
            handler(signal);
        }
    }
}

/// Puts zeros from the faulting page to the end of the map that holds it.
fn replace_page(address: usize) -> bool {
    let mut block: &Block = &FIRST;
    loop {
        for slot in &block.slots {
            let start = slot.start.load(Ordering::Acquire);
            let end = slot.end.load(Ordering::Acquire);
            // The slot of the map that faulted cannot change: it is being read. One that does is another's, and half of
            // what it was and half of what it becomes must not be taken for a range.
            let is_settled = start != 0 && start == slot.start.load(Ordering::Acquire);
            if is_settled && (start..end).contains(&address) {
                let page = address & !(PAGE.load(Ordering::Acquire) - 1);
                // SAFETY: `page .. end` lies inside one of our own read-only maps (the owner
                // unregisters before it unmaps), so MAP_FIXED replaces nothing of anybody else's.
                let mapped = unsafe {
                    libc::mmap(
                        page as *mut c_void,
                        end - page,
                        libc::PROT_READ,
                        libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED,
                        -1,
                        0,
                    )
                };
                if mapped != libc::MAP_FAILED {
                    // The first one counts; those behind it in the file are replaced with it.
                    let place = page.saturating_sub(start) + 1;
                    let first = Ordering::AcqRel;
                    let _ = slot
                        .hit
                        .compare_exchange(0, place, first, Ordering::Acquire);
                    return true;
                }
            }
        }
        let next = block.next.load(Ordering::Acquire);
        if next.is_null() {
            return false;
        }
        // SAFETY: blocks are never freed.
        block = unsafe { &*next };
    }
}
