//! Weights and files of weights that the benchmarks read, and how they are opened and paired.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use diff_core::Checkpoint;
use diff_core::dtype::DType;
use diff_core::engine::{Input, Item};

use crate::output::Any;

/// Weights and a slightly changed copy, both of the type's bytes.
pub fn weights(dtype: DType, bytes: usize) -> (Vec<u8>, Vec<u8>) {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut uniform = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1u64 << 24) as f32 - 0.5
    };
    let (mut a, mut b) = (Vec::with_capacity(bytes), Vec::with_capacity(bytes));
    while a.len() < bytes {
        let x = 0.04 * (uniform() + uniform() + uniform());
        let y = x + 1e-3 * uniform();
        match dtype {
            DType::F32 => {
                a.extend_from_slice(&x.to_le_bytes());
                b.extend_from_slice(&y.to_le_bytes());
            }
            DType::Bf16 => {
                a.extend_from_slice(&half::bf16::from_f32(x).to_le_bytes());
                b.extend_from_slice(&half::bf16::from_f32(y).to_le_bytes());
            }
            _ => {
                a.extend_from_slice(&half::f16::from_f32(x).to_le_bytes());
                b.extend_from_slice(&half::f16::from_f32(y).to_le_bytes());
            }
        }
    }
    (a, b)
}

/// A safetensors file of equal tensors, in pieces of 8 MiB of `block`: the page cache keeps the pieces whole.
pub fn write_model(
    path: &Path,
    dtype: &str,
    item: u64,
    bytes: u64,
    tensors: u64,
    block: &[u8],
) -> Any<()> {
    let mut header = vec![b'{'];
    for at in 0..tensors {
        let (start, end) = (bytes / tensors * at, bytes / tensors * (at + 1));
        if at > 0 {
            header.push(b',');
        }
        write!(
            header,
            "\"t{at}\":{{\"dtype\":\"{dtype}\",\"shape\":[{}],\"data_offsets\":[{start},{end}]}}",
            (end - start) / item
        )?;
    }
    header.push(b'}');
    // Data at a multiple of 64, as the reference implementation aligns it to 8.
    while header.len() % 64 != 56 {
        header.push(b' ');
    }
    let mut file = BufWriter::with_capacity(8 << 20, File::create(path)?);
    file.write_all(&(header.len() as u64).to_le_bytes())?;
    file.write_all(&header)?;
    let mut left = bytes as usize;
    while left > 0 {
        let now = left.min(block.len());
        file.write_all(&block[..now])?;
        left -= now;
    }
    Ok(file.into_inner()?.sync_all()?)
}

/// A folder for such files; `TMPDIR` says where.
pub fn folder() -> Any<PathBuf> {
    let folder = std::env::temp_dir().join(format!("model-diff-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

pub fn open(path: &Path) -> Any<Arc<Checkpoint>> {
    Ok(Arc::new(diff_core::format::open(
        path,
        &diff_core::format::OpenOptions::default(),
    )?))
}

/// Every tensor with the one of the same name: the same order, as both files have one writer.
pub fn pairs(checkpoint: &Checkpoint) -> Vec<Item> {
    let whole = |side, (at, tensor)| Some(Input::whole(side, at, tensor));
    checkpoint
        .tensors
        .iter()
        .enumerate()
        .map(|tensor| Item {
            old: whole(0, tensor),
            new: whole(1, tensor),
        })
        .collect()
}
