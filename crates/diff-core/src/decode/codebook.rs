//! What four-bit codes of bitsandbytes stand for, before the scale of their block (`absmax`) multiplies them.
//!
//! Source: `get_4bit_type` of bitsandbytes 0.50 (`functional.py`), whose tables these are bit for bit. Checkpoints carry the table that they
//! were made with as `quant_map`; these are for those that only name it.

/// Quantiles of a normal distribution, so that of normal weights each code is used as often (`QLoRA`, arXiv 2305.14314).
pub static NF4: [f32; 16] = [
    -1.0,
    -0.6961928,
    -0.52507305,
    -0.3949175,
    -0.28444138,
    -0.18477343,
    -0.091050036,
    0.0,
    0.0795803,
    0.1609302,
    0.2461123,
    0.33791524,
    0.44070983,
    0.562617,
    0.72295684,
    1.0,
];

/// A four-bit float of bitsandbytes' own, divided by its largest value. Not E2M1: codes of the exponent are in another order.
pub static FP4: [f32; 16] = [
    0.0,
    0.0052083335,
    0.6666667,
    1.0,
    0.33333334,
    0.5,
    0.16666667,
    0.25,
    0.0,
    -0.0052083335,
    -0.6666667,
    -1.0,
    -0.33333334,
    -0.5,
    -0.16666667,
    -0.25,
];
