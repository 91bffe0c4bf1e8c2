//! Quantised tensors with a scale for each channel, or with several values in a byte: dequantised here, as
//! torch does it, in f32.

use std::ops::Range;

use ndarray::{ArrayView1, ArrayView2, ArrayViewMut2, Axis, Zip};

use crate::checkpoint::Checkpoint;
use crate::dtype::{DType, ValueMap};
use crate::engine::gather::{self, Scratch};
use crate::error::{Code, Error, Result};
use crate::kernel::{self, Operand};
use crate::tensor::{Channels, Quant, Scales, Tensor};

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
    let channels = quant.loaded.get_or_make(|| load(checkpoint, quant))?;
    let length = match &quant.scales {
        Scales::One { .. } => u64::MAX,
        Scales::PerChannel { axis, .. } => {
            tensor.shape.iter().skip(axis + 1).product::<u64>().max(1)
        }
    };
    let (codes, values, out) = scratch.decoding();
    let integers = gather::codes(checkpoint, tensor, start, count, codes)?;
    let plain = Operand {
        map: ValueMap::Identity,
        ..integers
    };
    values.reserve(count);
    kernel::for_each_value(plain, |value| values.push(value as f32));
    channels.apply(start, length, values);
    out.reserve(4 * values.len());
    out.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    Ok(Operand {
        bytes: out,
        dtype: DType::F32,
        map: ValueMap::Identity,
    })
}

impl Channels {
    /// Brings codes into the numbers that they stand for. They are the elements from `start` on, of channels of `length` elements
    /// each, which come round again after the last one.
    fn apply(&self, start: u64, length: u64, mut values: &mut [f32]) {
        let count = self.scales.len().min(self.zero_points.len());
        if count == 0 {
            // A tensor of elements has channels; scales that are missing make no number.
            values.fill(f32::NAN);
            return;
        }
        let mut channel = (start / length) as usize % count;
        let mut skipped = start % length;
        while !values.is_empty() {
            // Either the rest of one channel, or as many whole ones as there are until they come round.
            let left = (length - skipped).min(values.len() as u64) as usize;
            let is_whole = left as u64 == length;
            let lines = if is_whole {
                (values.len() / left).min(count - channel)
            } else {
                1
            };
            let (these, others) = std::mem::take(&mut values).split_at_mut(lines * left);
            let range = channel..channel + lines;
            let zero_points = column(&self.zero_points, range.clone());
            let scales = column(&self.scales, range);
            if let Ok(block) = ArrayViewMut2::from_shape((lines, left), these) {
                Zip::from(block)
                    .and_broadcast(zero_points)
                    .and_broadcast(scales)
                    .for_each(|value, zero_point, scale| *value = (*value - zero_point) * scale);
            }
            values = others;
            let is_over = skipped + left as u64 == length;
            skipped = if is_over { 0 } else { skipped + left as u64 };
            channel = (channel + if is_over { lines } else { 0 }) % count;
        }
    }
}

/// One number a line, the same for all of its elements.
fn column(all: &[f32], lines: Range<usize>) -> ArrayView2<'_, f32> {
    ArrayView1::from(all.get(lines).unwrap_or_default()).insert_axis(Axis(1))
}

fn load(checkpoint: &Checkpoint, quant: &Quant) -> Result<Channels> {
    match &quant.scales {
        Scales::One { scale, zero_point } => Ok(Channels {
            scales: vec![*scale as f32],
            zero_points: vec![*zero_point as f32],
        }),
        Scales::PerChannel {
            scales,
            zero_points,
            ..
        } => Ok(Channels {
            scales: all(checkpoint, scales)?,
            zero_points: all(checkpoint, zero_points)?,
        }),
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

#[cfg(test)]
mod tests {
    use super::*;

    /// One element after the other, by the definition.
    fn by_definition(channels: &Channels, start: u64, length: u64, values: &mut [f32]) {
        for (at, value) in (start..).zip(values) {
            let channel = (at / length) as usize % channels.scales.len();
            *value = (*value - channels.zero_points[channel]) * channels.scales[channel];
        }
    }

    #[test]
    fn blocks_of_channels_are_scaled_as_each_element_is() {
        let mut state = 1u64;
        let mut below = |most: u64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % most
        };
        for _ in 0..2000 {
            let (count, length) = (1 + below(9), 1 + below(9));
            let length = if below(8) == 0 { u64::MAX } else { length };
            let channels = Channels {
                scales: (0..count).map(|c| 0.1 + c as f32 / 7.0).collect(),
                zero_points: (0..count).map(|_| below(255) as f32).collect(),
            };
            let start = below(200);
            let codes: Vec<f32> = (0..below(150)).map(|_| below(255) as f32).collect();
            let (mut found, mut wanted) = (codes.clone(), codes);
            channels.apply(start, length, &mut found);
            by_definition(&channels, start, length, &mut wanted);
            assert_eq!(found, wanted, "{count} channels of {length}, from {start}");
        }
    }
}
