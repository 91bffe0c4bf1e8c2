//! The read limit: all bytes of both checkpoints added up, in the pieces and by the ways that the engine takes.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use diff_core::source::{FileSource, Source};

use crate::output::Any;

pub fn sum(bytes: &[u8]) -> u64 {
    let (groups, _) = bytes.as_chunks::<64>();
    let mut lanes = [0u64; 8];
    for group in groups {
        for (lane, word) in lanes.iter_mut().zip(group.as_chunks().0) {
            *lane = lane.wrapping_add(u64::from_le_bytes(*word));
        }
    }
    lanes.iter().fold(0, |sum, lane| sum.wrapping_add(*lane))
}

/// Files of both sides in pairs: the two paths themselves, or what the two folders hold of weights, in order of name.
pub fn pair_files(old: &Path, new: &Path) -> Any<Vec<[PathBuf; 2]>> {
    let (old, new) = (weight_files(old)?, weight_files(new)?);
    if old.len() != new.len() {
        return Err(format!("{} files beside {}", old.len(), new.len()).into());
    }
    Ok(old
        .into_iter()
        .zip(new)
        .map(|(old, new)| [old, new])
        .collect())
}

fn weight_files(path: &Path) -> Any<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path)? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|end| end == "safetensors" || end == "pt")
        {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Reads every file once from start to end, so that what left the page cache comes back in large pieces.
pub fn warm(pairs: &[[PathBuf; 2]]) -> Any<u64> {
    let mut bytes = 0;
    for path in pairs.iter().flatten() {
        bytes += std::io::copy(&mut File::open(path)?, &mut std::io::sink())?;
    }
    Ok(bytes)
}

/// The sum of all bytes.
pub fn sum_files(pairs: &[[PathBuf; 2]], threads: usize) -> diff_core::Result<u64> {
    const PIECE: u64 = 1 << 20;
    const UNIT: u64 = 4 << 20;
    let mut units = Vec::new();
    for pair in pairs {
        let sources = [FileSource::open(&pair[0])?, FileSource::open(&pair[1])?];
        let size = sources[0].size().max(sources[1].size());
        let sources = std::sync::Arc::new(sources);
        for start in (0..size).step_by(UNIT as usize) {
            units.push((std::sync::Arc::clone(&sources), start));
        }
    }
    let (next, total) = (AtomicU64::new(0), AtomicU64::new(0));
    std::thread::scope(|scope| {
        let work = || -> diff_core::Result<()> {
            let mut buffers = [Vec::new(), Vec::new()];
            loop {
                let unit = next.fetch_add(1, Ordering::Relaxed) as usize;
                let Some((sources, start)) = units.get(unit) else {
                    return Ok(());
                };
                for at in (*start..start + UNIT).step_by(PIECE as usize) {
                    for (source, buffer) in sources.iter().zip(&mut buffers) {
                        let length = PIECE.min(source.size().saturating_sub(at)) as usize;
                        if length > 0 {
                            let bytes = source.bytes(at, length, buffer)?;
                            total.fetch_add(sum(bytes), Ordering::Relaxed);
                        }
                    }
                }
                for source in sources.iter() {
                    let length = UNIT.min(source.size().saturating_sub(*start)) as usize;
                    source.release(*start, length);
                }
            }
        };
        let workers: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut done = work();
        for worker in workers {
            done = done.and(worker.join().unwrap_or(Ok(())));
        }
        done
    })?;
    Ok(total.into_inner())
}
