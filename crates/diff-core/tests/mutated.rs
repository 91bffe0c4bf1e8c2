//! Every fixture with bytes changed at random: never a panic, a hang, or memory beyond the limits. The seed
//! is fixed; `MUTATIONS` makes the run longer.

use std::path::PathBuf;
use std::time::Duration;

use diff_core::engine::{ElementType, read_elements};
use diff_core::format::{OpenOptions, open};
use diff_core::observe::Observer;

mod common;

use common::{Counting, measured};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// splitmix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }
}

fn mutate(bytes: &mut Vec<u8>, random: &mut Random) {
    const INTERESTING: [u8; 12] = [
        0, 1, 0x7f, 0x80, 0xff, b'.', b'(', b'R', b'b', b'h', b'0', b'u',
    ];
    for _ in 0..=random.below(6) {
        if bytes.is_empty() {
            return;
        }
        let at = random.below(bytes.len());
        match random.below(7) {
            0 => bytes[at] = random.next() as u8,
            1 => bytes[at] ^= 1 << random.below(8),
            2 => bytes[at] = INTERESTING[random.below(INTERESTING.len())],
            3 => bytes.truncate(at),
            4 => {
                let count = random.below(9).min(bytes.len() - at);
                bytes.drain(at..at + count);
            }
            5 => {
                let from = random.below(bytes.len());
                let count = random.below(33).min(bytes.len() - from);
                let copy = bytes[from..from + count].to_vec();
                bytes.splice(at..at, copy);
            }
            _ => {
                let end = (at + 4).min(bytes.len());
                bytes[at..end].fill(if random.below(2) == 0 { 0xff } else { 0 });
            }
        }
    }
}

fn fixtures() -> Vec<PathBuf> {
    let root = common::fixtures();
    let folders = [
        "torch",
        "hostile",
        "metrics",
        "numpy",
        "objects",
        "quantised",
    ];
    let mut files: Vec<PathBuf> = folders
        .iter()
        .flat_map(|folder| std::fs::read_dir(root.join(folder)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            let extension = path.extension().and_then(|e| e.to_str());
            let about = path.metadata().unwrap();
            !matches!(extension, Some("py" | "json")) && about.is_file() && about.len() < 1 << 18
        })
        .collect();
    files.sort();
    files
}

fn open_and_read(path: &std::path::Path, options: &OpenOptions) -> bool {
    let Ok(checkpoint) = open(path, options) else {
        return false;
    };
    for (index, tensor) in checkpoint.tensors.iter().enumerate().take(50) {
        let elements = tensor.elements.min(10_000);
        for element in [ElementType::Raw, ElementType::F32] {
            let _ = read_elements(
                &checkpoint,
                index,
                0,
                elements,
                element,
                &Observer::default(),
            );
        }
    }
    true
}

#[test]
fn mutated_fixtures_are_met() {
    let rounds: u64 = std::env::var("MUTATIONS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(12);
    let seed: u64 = std::env::var("SEED")
        .ok()
        .and_then(|t| t.parse().ok())
        .unwrap_or(1);
    let folder = std::env::temp_dir().join(format!("model-diff-mutated-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let everything = OpenOptions {
        key: Some(String::new()),
        ..OpenOptions::default()
    };
    let model = OpenOptions::default();
    let mut opened = 0u64;
    for path in fixtures() {
        let original = std::fs::read(&path).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        let key = name
            .bytes()
            .fold(seed, |key, byte| key.wrapping_mul(31) + u64::from(byte));
        for round in 0..rounds {
            let mut random = Random(key.wrapping_mul(1 << 20).wrapping_add(round));
            let mut bytes = original.clone();
            mutate(&mut bytes, &mut random);
            let target = folder.join("file");
            std::fs::write(&target, &bytes).unwrap();
            let size = bytes.len();
            drop(bytes);
            let options = if round % 2 == 0 { &everything } else { &model };
            let (did_open, peak, time) = measured(|| open_and_read(&target, options));
            opened += u64::from(did_open);
            let label = format!("{name}, seed {seed}, round {round}");
            assert!(
                peak < (64 << 20) + 16 * size,
                "{label}: {peak} bytes at once"
            );
            assert!(time < Duration::from_secs(20), "{label}: {time:?}");
        }
    }
    let _ = std::fs::remove_dir_all(&folder);
    assert!(
        opened > rounds,
        "only {opened} mutated files opened: they are too broken to test much"
    );
}
