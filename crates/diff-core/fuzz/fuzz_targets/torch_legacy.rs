//! Any bytes as a file of before torch 1.6, or as a plain pickle: no panic.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| diff_core_fuzz::open_bytes(data));
