//! Whether a file is read through its map or into a buffer: what is faster depends on how the page cache holds it, and on what the
//! processor and the system make of that.
//!
//! With large folios one page fault maps 2 MiB and the map is nearly free; with folios of 4 to 64 KiB there are 16 faults
//! a MiB. Those cost more than a copy on some machines and less on others. So each thread counts its own minor faults while it
//! reads through maps; where they are many, it reads one window into a buffer, stays for a while with what took less time, and then
//! looks again.

use std::cell::Cell;
use std::time::Instant;

/// What `MODEL_DIFF_IO` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum IoMode {
    Mmap,
    Pread,
    Auto,
}

impl IoMode {
    pub(super) fn of_environment() -> Self {
        match std::env::var("MODEL_DIFF_IO").as_deref() {
            Ok("mmap") => Self::Mmap,
            Ok("pread") => Self::Pread,
            _ => Self::Auto,
        }
    }
}

/// Minor faults a MiB from which a map may be dear.
const DEAR: u64 = 10;
/// Bytes read one way before it is judged.
const WINDOW: u64 = 16 << 20;
/// Bytes read the better way before it is judged again.
const REST: u64 = 512 << 20;

/// What a thread is at, with the bytes that it has still to read so.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Stage {
    /// Through maps, while faults are counted.
    Map(u64),
    /// Into a buffer, to see how long that takes; a window of the map took so many seconds.
    Trial(u64, f64),
    /// The way that took less time: whether it is the map.
    Rest(u64, bool),
}

#[derive(Debug, Clone, Copy)]
struct State {
    stage: Stage,
    /// Faults and seconds at the beginning of the stage; none before the first read.
    since: Option<(u64, f64)>,
}

const START: State = State {
    stage: Stage::Map(WINDOW),
    since: None,
};

thread_local! {
    static STATE: Cell<State> = const { Cell::new(START) };
}

/// Whether this thread reads the next `length` bytes through a map. `faults` counts the thread's minor faults so far.
pub(super) fn prefers_map(length: usize, faults: impl Fn() -> u64) -> bool {
    thread_local! {
        static EPOCH: Instant = Instant::now();
    }
    let look = || (faults(), EPOCH.with(Instant::elapsed).as_secs_f64());
    STATE.with(|cell| {
        let (state, map) = cell.get().next(length as u64, look);
        cell.set(state);
        map
    })
}

impl State {
    /// `look` gives faults and seconds.
    fn next(mut self, length: u64, look: impl Fn() -> (u64, f64)) -> (Self, bool) {
        // What was handed out before has been read by now.
        if let Stage::Map(0) | Stage::Trial(0, _) | Stage::Rest(0, _) = self.stage {
            let (faults, now) = look();
            let (faults_before, before) = self.since.unwrap_or((faults, now));
            self.stage = match self.stage {
                Stage::Map(_) if faults - faults_before > DEAR * (WINDOW >> 20) => {
                    Stage::Trial(WINDOW, now - before)
                }
                Stage::Trial(_, seconds) => Stage::Rest(REST, seconds <= now - before),
                Stage::Map(_) | Stage::Rest(..) => Stage::Map(WINDOW),
            };
            self.since = Some((faults, now));
        } else if self.since.is_none() {
            self.since = Some(look());
        }
        let map = match &mut self.stage {
            Stage::Map(left) => {
                *left = left.saturating_sub(length);
                true
            }
            Stage::Trial(left, _) => {
                *left = left.saturating_sub(length);
                false
            }
            Stage::Rest(left, map) => {
                *left = left.saturating_sub(length);
                *map
            }
        };
        (self, map)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads 2 GiB in pieces, with so many faults a MiB of map and so many seconds a piece by map and by buffer; the part
    /// that went through the map.
    fn mapped_part(faults_a_mib: u64, by_map: f64, by_buffer: f64) -> f64 {
        let mut state = START;
        let (mut faults, mut now, mut mapped) = (1000, 5.0, 0);
        for _ in 0..2048 {
            let (next, map) = state.next(1 << 20, || (faults, now));
            state = next;
            if map {
                mapped += 1;
                faults += faults_a_mib;
                now += by_map;
            } else {
                now += by_buffer;
            }
        }
        f64::from(mapped) / 2048.0
    }

    #[test]
    fn few_faults_keep_the_map() {
        assert_eq!(mapped_part(0, 2.0, 1.0), 1.0);
        assert_eq!(mapped_part(10, 2.0, 1.0), 1.0);
    }

    #[test]
    fn many_faults_leave_it_where_the_buffer_is_faster_and_it_is_tried_again() {
        let part = mapped_part(16, 1.2, 1.0);
        assert!(part > 0.02 && part < 0.06, "{part}");
    }

    #[test]
    fn many_faults_keep_it_where_it_is_faster_all_the_same() {
        let part = mapped_part(16, 0.8, 1.0);
        assert!(part > 0.95 && part < 1.0, "{part}");
    }

    #[test]
    fn pieces_of_any_size_end_a_stage() {
        let mut state = START;
        for length in [1, 3 << 20, 100 << 20, 7] {
            state = state.next(length, || (0, 0.0)).0;
        }
        assert!(matches!(state.stage, Stage::Map(left) if left == WINDOW - 7));
    }
}
