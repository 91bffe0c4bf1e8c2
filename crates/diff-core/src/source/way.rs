//! Whether a file is read through its map or into a buffer: what is faster depends on how the page cache holds it.
//!
//! With large folios one page fault maps 2 MiB and the map is nearly free; with folios of 4 to 64 KiB there are 16 faults
//! a MiB, and they cost more than a copy. Nobody tells which it is, so each thread counts its own minor faults while it reads
//! through maps, reads into a buffer for a while where they are many, and then looks again.

use std::cell::Cell;

/// What `MODEL_DIFF_IO` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    Mmap,
    Pread,
    Auto,
}

impl Wish {
    pub(super) fn of_environment() -> Self {
        match std::env::var("MODEL_DIFF_IO").as_deref() {
            Ok("mmap") => Self::Mmap,
            Ok("pread") => Self::Pread,
            _ => Self::Auto,
        }
    }
}

/// Minor faults a MiB from which a map is dear.
const DEAR: u64 = 10;
/// Bytes through maps between two looks at the count.
const WINDOW: u64 = 16 << 20;
/// Bytes into buffers before a map is tried again.
const REST: u64 = 512 << 20;

#[derive(Clone, Copy)]
struct State {
    /// Bytes read through maps since `faults` was taken.
    mapped: u64,
    faults: u64,
    /// Bytes still to be read into buffers.
    rest: u64,
}

thread_local! {
    static STATE: Cell<State> = const { Cell::new(State { mapped: 0, faults: 0, rest: 0 }) };
}

/// Whether this thread reads the next `length` bytes through a map. `faults` counts the thread's minor faults so far.
pub(super) fn prefers_map(length: usize, faults: impl Fn() -> u64) -> bool {
    STATE.with(|cell| {
        let (state, map) = cell.get().next(length as u64, faults);
        cell.set(state);
        map
    })
}

impl State {
    fn next(mut self, length: u64, faults: impl Fn() -> u64) -> (Self, bool) {
        if self.rest > 0 {
            self.rest = self.rest.saturating_sub(length);
            if self.rest == 0 {
                self.mapped = 0;
            }
            return (self, false);
        }
        if self.mapped == 0 {
            self.faults = faults();
        } else if self.mapped >= WINDOW {
            // What was handed out before has been read by now.
            let dear = faults().saturating_sub(self.faults) > DEAR * (self.mapped >> 20);
            self.mapped = 0;
            if dear {
                self.rest = REST;
                return (self, false);
            }
            self.faults = faults();
        }
        self.mapped += length;
        (self, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads 2 GiB in pieces with so many faults a MiB of map; the part that went through the map.
    fn mapped_part(faults_a_mib: u64) -> f64 {
        let mut state = State {
            mapped: 0,
            faults: 0,
            rest: 0,
        };
        let (mut faults, mut mapped) = (1000, 0);
        for _ in 0..2048 {
            let (next, map) = state.next(1 << 20, || faults);
            state = next;
            if map {
                mapped += 1;
                faults += faults_a_mib;
            }
        }
        f64::from(mapped) / 2048.0
    }

    #[test]
    fn few_faults_keep_the_map() {
        assert_eq!(mapped_part(0), 1.0);
        assert_eq!(mapped_part(8), 1.0);
    }

    #[test]
    fn many_faults_leave_it_but_it_is_tried_again() {
        let part = mapped_part(16);
        assert!(part > 0.02 && part < 0.05, "{part}");
    }
}
