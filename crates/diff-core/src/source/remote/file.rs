//! One file of a server as a source.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::{Answer, Remote, Wanted, address, locked};
use crate::error::{Code, Error, Result};
use crate::observe;
use crate::source::{Source, check_range};

/// Bytes of one request for values.
const WINDOW: u64 = 4 << 20;

/// Bytes of one request for what is read here and there, as directories and pickles are.
const PAGE: u64 = 64 << 10;

/// Gaps between needed ranges that are fetched with them: what a round trip costs, in bytes.
const GAP: u64 = 256 << 10;

/// Windows that are asked for ahead of the one that is read.
const AHEAD: usize = 4;

/// What the first answer told of a file.
#[derive(Debug, Clone)]
pub(in crate::source) struct Known {
    pub(super) number: u32,
    pub(in crate::source) size: u64,
    pub(super) version: Option<Arc<str>>,
    /// The file itself, where its server gives no parts of it.
    pub(super) whole: Option<Arc<Vec<u8>>>,
}

/// A file that is read in windows: those of the plan, where [`Source::announce`] made one, else as long as reading goes on without a jump.
#[derive(Debug)]
pub(super) struct RemoteSource {
    remote: Arc<Remote>,
    path: PathBuf,
    known: Known,
    /// Windows in their order, none of which lie in each other.
    plan: Mutex<Arc<[(u64, u64)]>>,
    run: Mutex<Run>,
}

/// How reading goes on without a plan.
#[derive(Debug)]
struct Run {
    /// Where the last window ended.
    end: u64,
    /// Bytes of the next one that begins there.
    length: u64,
}

impl RemoteSource {
    pub(super) fn new(remote: Arc<Remote>, path: &Path, known: Known) -> Self {
        Self {
            remote,
            path: path.to_path_buf(),
            known,
            plan: Mutex::new(Arc::from([])),
            run: Mutex::new(Run {
                end: 0,
                length: PAGE,
            }),
        }
    }

    fn check_range(&self, offset: u64, length: usize) -> Result<()> {
        check_range(&self.path, self.known.size, (offset, length))
            .map_err(|error| error.hint("the file is truncated; put it on the server again"))
    }

    fn ask(&self, (start, end): (u64, u64)) -> Arc<Answer> {
        self.remote.fetch(Wanted {
            path: address(&self.path),
            offset: start,
            length: end - start,
            is_first: false,
        })
    }

    /// The bytes at `offset` and behind it that one window holds, and where they begin in it.
    fn window(&self, offset: u64, wanted: u64) -> (u64, Arc<Answer>) {
        let (remote, number) = (&self.remote, self.known.number);
        let plan = Arc::clone(&locked(&self.plan));
        let at = plan.partition_point(|(_, end)| *end <= offset);
        let planned = plan.get(at).filter(|(start, _)| *start <= offset);
        if let Some(&window) = planned {
            let found = remote
                .windows
                .find_or_ask(number, offset, window, || self.ask(window));
            for &next in plan.get(at + 1..).unwrap_or_default().iter().take(AHEAD) {
                if !remote.windows.ask_ahead(number, next, || self.ask(next)) {
                    break;
                }
            }
            return found;
        }
        if let Some(found) = remote.windows.find(number, offset) {
            return found;
        }
        let window = self.next_window(offset, wanted);
        remote
            .windows
            .find_or_ask(number, offset, window, || self.ask(window))
    }

    /// Without a plan: what is wanted, and the more of what lies behind it the longer reading goes on there.
    fn next_window(&self, offset: u64, wanted: u64) -> (u64, u64) {
        let mut run = locked(&self.run);
        if offset != run.end {
            run.length = PAGE;
        }
        let length = run.length.max(wanted).min(WINDOW);
        // What is read here and there often begins a little before.
        let start = if offset == run.end || length > PAGE {
            offset
        } else {
            offset - offset % PAGE
        };
        let end = (start + length).max(offset + 1).min(self.known.size);
        *run = Run {
            end,
            length: (run.length * 2).min(WINDOW),
        };
        (start, end)
    }

    fn fill(&self, offset: u64, buffer: &mut [u8]) -> Result<()> {
        if let Some(whole) = &self.known.whole {
            let from = whole.get(offset as usize..).unwrap_or_default();
            let bytes = from.get(..buffer.len()).ok_or_else(|| self.short())?;
            buffer.copy_from_slice(bytes);
            return Ok(());
        }
        let mut done = 0;
        while done < buffer.len() {
            let at = offset + done as u64;
            let wanted = (buffer.len() - done) as u64;
            let (start, answer) = self.window(at, wanted);
            let (bytes, _) = match self.remote.wait(&answer) {
                Ok(arrived) => arrived,
                Err(error) => {
                    self.remote
                        .windows
                        .forget(self.known.number, start, &answer);
                    // Another job of the same checkpoint was cancelled, not this one.
                    if error.code() == Code::Cancelled && !observe::is_cancelled() {
                        continue;
                    }
                    return Err(error.at(&self.path));
                }
            };
            let from = bytes.get((at - start) as usize..).unwrap_or_default();
            let count = from.len().min(buffer.len() - done);
            if count == 0 {
                return Err(self.short());
            }
            if let (Some(to), Some(from)) = (buffer.get_mut(done..done + count), from.get(..count))
            {
                to.copy_from_slice(from);
            }
            done += count;
        }
        Ok(())
    }

    #[cold]
    fn short(&self) -> Error {
        Error::new(Code::Internal, "fewer bytes arrived than were asked for").at(&self.path)
    }
}

impl Source for RemoteSource {
    fn path(&self) -> &Path {
        &self.path
    }

    fn size(&self) -> u64 {
        self.known.size
    }

    fn bytes<'a>(
        &'a self,
        offset: u64,
        length: usize,
        buffer: &'a mut Vec<u8>,
    ) -> Result<&'a [u8]> {
        self.check_range(offset, length)?;
        buffer.resize(length, 0);
        self.fill(offset, buffer)?;
        Ok(buffer)
    }

    fn read_exact(&self, offset: u64, buffer: &mut [u8]) -> Result<()> {
        self.check_range(offset, buffer.len())?;
        self.fill(offset, buffer)
    }

    fn place_in_file(&self, offset: u64) -> Option<u64> {
        Some(offset)
    }

    fn version(&self) -> Option<&str> {
        self.known.version.as_deref()
    }

    fn is_remote(&self) -> bool {
        true
    }

    fn announce(&self, ranges: &mut Vec<Range<u64>>) {
        let held = self.remote.windows.end_of_head(self.known.number);
        *locked(&self.plan) = plan(ranges, held, self.known.size).into();
    }

    /// Every answer was held against the first one as it came.
    fn verify(&self) -> Result<()> {
        Ok(())
    }
}

/// Windows of the ranges that will be read, in their order: neighbours together, none longer than [`WINDOW`], nothing of the first bytes that
/// are `held`.
fn plan(ranges: &mut Vec<Range<u64>>, held: u64, size: u64) -> Vec<(u64, u64)> {
    for range in ranges.iter_mut() {
        range.start = range.start.max(held);
    }
    ranges.retain(|range| range.start < range.end && range.end <= size);
    ranges.sort_unstable_by_key(|range| range.start);
    let mut joined: Vec<(u64, u64)> = Vec::new();
    for range in ranges.iter() {
        match joined.last_mut() {
            Some((_, end)) if range.start <= *end + GAP => *end = range.end.max(*end),
            _ => joined.push((range.start, range.end)),
        }
    }
    let cut = |(start, end): (u64, u64)| {
        (start..end)
            .step_by(WINDOW as usize)
            .map(move |from| (from, end.min(from + WINDOW)))
    };
    joined.into_iter().flat_map(cut).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::single_range_in_vec_init, reason = "one range is meant")]
    fn plans_join_neighbours_and_cut_what_is_long() {
        let plan = |mut ranges: Vec<Range<u64>>| super::plan(&mut ranges, 0, 100 << 20);
        assert_eq!(plan(vec![10..20, 0..5]), [(0, 20)]);
        assert_eq!(plan(vec![0..5, GAP + 5..GAP + 6]), [(0, GAP + 6)]);
        assert_eq!(
            plan(vec![0..5, GAP + 6..GAP + 7]),
            [(0, 5), (GAP + 6, GAP + 7)]
        );
        assert_eq!(plan(vec![0..9, 3..5]), [(0, 9)]);
        let long = plan(vec![7..WINDOW * 2 + 8]);
        assert_eq!(
            long,
            [
                (7, WINDOW + 7),
                (WINDOW + 7, WINDOW * 2 + 7),
                (WINDOW * 2 + 7, WINDOW * 2 + 8)
            ]
        );
        assert_eq!(plan(vec![5..5, 0..101 << 20]), []);
        assert_eq!(super::plan(&mut vec![3..9, 20..30], 25, 100), [(25, 30)]);
    }
}
