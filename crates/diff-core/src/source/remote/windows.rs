//! Stretches of files that were asked for, kept until room is needed. All files of a carrier share the room.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use super::{Answer, locked};
use crate::source::remote::FileFacts;

/// Bytes that are kept, those on their way among them. Threads hold what they read beside it.
pub(super) const KEPT: u64 = 64 << 20;

/// By file and first byte.
#[derive(Debug, Default)]
pub(super) struct Windows(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    windows: BTreeMap<(u32, u64), Window>,
    bytes: u64,
    clock: u64,
}

#[derive(Debug)]
struct Window {
    end: u64,
    answer: Arc<Answer>,
    /// When it was last looked at; 0 for one that was asked for ahead and not needed yet.
    used: u64,
}

impl Windows {
    /// Keeps the first bytes of a file.
    pub(super) fn keep(&self, file: u32, bytes: &Arc<Vec<u8>>) {
        let answer = Answer::new(bytes.len() as u64, true);
        answer.write(bytes);
        answer.finish(FileFacts {
            size: bytes.len() as u64,
            version: None,
            is_whole: false,
        });
        let mut kept = locked(&self.0);
        kept.insert((file, 0), bytes.len() as u64, Arc::new(answer), true);
    }

    /// The window that a byte lies in: its start and its answer.
    pub(super) fn find(&self, file: u32, offset: u64) -> Option<(u64, Arc<Answer>)> {
        locked(&self.0).find(file, offset)
    }

    /// As [`Self::find`], else what `ask` has fetched for `start .. end`, which the byte lies in.
    pub(super) fn find_or_ask(
        &self,
        file: u32,
        offset: u64,
        (start, end): (u64, u64),
        ask: impl FnOnce() -> Arc<Answer>,
    ) -> (u64, Arc<Answer>) {
        let mut kept = locked(&self.0);
        if let Some(found) = kept.find(file, offset) {
            return found;
        }
        let answer = ask();
        kept.insert((file, start), end, Arc::clone(&answer), true);
        (start, answer)
    }

    /// Has a window fetched ahead of its use, where there is room and it is not there. False without room.
    pub(super) fn ask_ahead(
        &self,
        file: u32,
        (start, end): (u64, u64),
        ask: impl FnOnce() -> Arc<Answer>,
    ) -> bool {
        let mut kept = locked(&self.0);
        if kept.covering(file, start).is_some() {
            return true;
        }
        let unread = kept.windows.values().filter(|window| window.used == 0);
        if unread.count() as u64 * (end - start) > KEPT / 2 {
            return false;
        }
        let answer = ask();
        kept.insert((file, start), end, answer, false);
        true
    }

    /// How many of the first bytes of a file are kept.
    pub(super) fn end_of_head(&self, file: u32) -> u64 {
        let kept = locked(&self.0);
        kept.windows.get(&(file, 0)).map_or(0, |window| window.end)
    }

    /// Forgets a window whose answer failed, so that it is asked for again.
    pub(super) fn forget(&self, file: u32, start: u64, failed: &Arc<Answer>) {
        let mut kept = locked(&self.0);
        let key = (file, start);
        let is_it = |window: &Window| Arc::ptr_eq(&window.answer, failed);
        if kept.windows.get(&key).is_some_and(is_it) {
            kept.remove(key);
        }
    }

    #[cfg(test)]
    pub(super) fn bytes(&self) -> u64 {
        locked(&self.0).bytes
    }
}

impl Kept {
    fn covering(&self, file: u32, offset: u64) -> Option<u64> {
        let (key, window) = self.windows.range((file, 0)..=(file, offset)).next_back()?;
        (window.end > offset).then_some(key.1)
    }

    fn find(&mut self, file: u32, offset: u64) -> Option<(u64, Arc<Answer>)> {
        let start = self.covering(file, offset)?;
        self.clock += 1;
        let clock = self.clock;
        let window = self.windows.get_mut(&(file, start))?;
        window.used = clock;
        Some((start, Arc::clone(&window.answer)))
    }

    fn insert(&mut self, key: (u32, u64), end: u64, answer: Arc<Answer>, is_used: bool) {
        self.remove(key);
        self.make_room(end - key.1);
        self.clock += 1;
        self.bytes += end - key.1;
        let used = if is_used { self.clock } else { 0 };
        self.windows.insert(key, Window { end, answer, used });
    }

    fn remove(&mut self, key: (u32, u64)) {
        if let Some(window) = self.windows.remove(&key) {
            self.bytes -= window.end - key.1;
        }
    }

    /// Lets go of what was used longest ago; of what was not used yet only where there is nothing else. What is on its way stays.
    fn make_room(&mut self, bytes: u64) {
        while self.bytes + bytes > KEPT {
            let over = self
                .windows
                .iter()
                .filter(|(_, window)| window.answer.is_over());
            let oldest = over.min_by_key(|(_, window)| (window.used == 0, window.used));
            let Some(key) = oldest.map(|(key, _)| *key) else {
                return;
            };
            self.remove(key);
        }
    }
}
