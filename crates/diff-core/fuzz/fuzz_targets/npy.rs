//! Any bytes as an array of numpy's: no panic.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| diff_core_fuzz::open_bytes(data));
