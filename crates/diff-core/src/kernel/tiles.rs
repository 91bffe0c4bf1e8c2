//! Elements of any type, decoded a tile at a time with what the processor has.

use crate::dtype::{DType, ValueMap};
use crate::kernel::decode::{Single, apply, fits_f32};
use crate::kernel::dispatch::Isa;
use crate::kernel::{Elements, TILE};

/// The elements `start .. start + TILE` (or to the end) of a chunk, decoded into `out`.
pub(super) fn tile<'t>(
    out: &'t mut [f64; TILE],
    operand: Elements,
    start: usize,
    isa: Isa,
) -> &'t [f64] {
    let count = (operand.elements() - start).min(TILE);
    let item = operand.dtype.bytes() as usize;
    let bytes = &operand.bytes[start * item..(start + count) * item];
    let out = &mut out[..count];
    if operand.dtype == DType::F16 {
        let mut singles = [Single::default(); TILE];
        let singles = &mut singles[..count];
        isa.widen_f16(bytes, singles);
        isa.decode(DType::F32, singles.as_flattened(), out);
    } else {
        isa.decode(operand.dtype, bytes, out);
    }
    apply(operand.map, out);
    out
}

/// The elements of a side that [`fits_f32`], as f32; `out` grows to hold them.
pub(super) fn singles<'t>(operand: Elements, out: &'t mut Vec<Single>, isa: Isa) -> &'t [u8] {
    out.resize(operand.elements().max(out.len()), Single::default());
    let out = &mut out[..operand.elements()];
    match operand.dtype {
        DType::F16 => isa.widen_f16(operand.bytes, out),
        dtype => isa.widen(dtype, operand.bytes, out),
    }
    out.as_flattened()
}

/// The elements of any side as the nearest f32; `out` holds as many.
pub(super) fn to_f32(operand: Elements, out: &mut [Single], isa: Isa) {
    let is_identity = operand.map == ValueMap::Identity;
    match operand.dtype {
        DType::F16 if is_identity => isa.widen_f16(operand.bytes, out),
        DType::U8 | DType::I8 if is_identity => isa.widen(operand.dtype, operand.bytes, out),
        dtype if fits_f32(operand) => isa.widen(dtype, operand.bytes, out),
        _ => {
            let mut values = [0.0; TILE];
            for (start, out) in (0..operand.elements())
                .step_by(TILE)
                .zip(out.chunks_mut(TILE))
            {
                for (out, value) in out.iter_mut().zip(tile(&mut values, operand, start, isa)) {
                    *out = (*value as f32).to_le_bytes();
                }
            }
        }
    }
}
