//! Quantised tensors with a scale for each channel, or with several values in a byte: dequantised here, as
//! torch does it, in f32.

use crate::checkpoint::Checkpoint;
use crate::dtype::{DType, ValueMap};
use crate::engine::gather::{self, Scratch};
use crate::error::{Code, Error, Result};
use crate::kernel::{self, Operand};
use crate::tensor::{Quant, Scales, Tensor};

/// Most channels whose scales are held.
const MOST_CHANNELS: u64 = 1 << 26;

/// The elements `start .. start + count` as f32.
pub(super) fn dequantised<'a>(
    checkpoint: &'a Checkpoint,
    tensor: &'a Tensor,
    quant: &Quant,
    start: u64,
    count: usize,
    scratch: &'a mut Scratch,
) -> Result<Operand<'a>> {
    let channels = quant.loaded.get_or_init(|| load(checkpoint, quant));
    let channels = channels.as_ref().map_err(Clone::clone)?;
    let mut inner = Scratch::default();
    let integers = gather::codes(checkpoint, tensor, start, count, &mut inner)?;
    let per_channel = match &quant.scales {
        Scales::One { .. } => u64::MAX,
        Scales::PerChannel { axis, .. } => {
            tensor.shape.iter().skip(axis + 1).product::<u64>().max(1)
        }
    };
    let out = scratch.gathered();
    let mut at = start;
    let mut emit = |value: f64| {
        let channel = (at / per_channel) as usize % channels.len().max(1);
        let (scale, zero_point) = channels.get(channel).copied().unwrap_or((f32::NAN, 0.0));
        out.extend_from_slice(&((value as f32 - zero_point) * scale).to_le_bytes());
        at += 1;
    };
    let plain = Operand {
        map: ValueMap::Identity,
        ..integers
    };
    kernel::for_each_value(plain, &mut emit);
    Ok(Operand {
        bytes: scratch.gathered_bytes(),
        dtype: DType::F32,
        map: ValueMap::Identity,
    })
}

fn load(checkpoint: &Checkpoint, quant: &Quant) -> Result<Vec<(f32, f32)>> {
    match &quant.scales {
        Scales::One { scale, zero_point } => Ok(vec![(*scale as f32, *zero_point as f32)]),
        Scales::PerChannel {
            scales,
            zero_points,
            ..
        } => {
            let scales = all(checkpoint, scales)?;
            let zero_points = all(checkpoint, zero_points)?;
            Ok(scales.into_iter().zip(zero_points).collect())
        }
    }
}

fn all(checkpoint: &Checkpoint, tensor: &Tensor) -> Result<Vec<f32>> {
    if tensor.elements > MOST_CHANNELS {
        return Err(
            Error::new(Code::LimitExceeded, "quantised tensor has too many scales")
                .expected(format!("at most {MOST_CHANNELS}"))
                .found(tensor.elements),
        );
    }
    let mut values = Vec::new();
    let mut scratch = Scratch::default();
    for at in (0..tensor.elements).step_by(kernel::CHUNK) {
        let count = (tensor.elements - at).min(kernel::CHUNK as u64) as usize;
        let operand = gather::stored(checkpoint, tensor, at, count, &mut scratch)?;
        kernel::for_each_value(operand, |value| values.push(value as f32));
    }
    Ok(values)
}
