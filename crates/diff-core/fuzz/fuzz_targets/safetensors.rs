//! Any bytes as a safetensors file: no panic.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| diff_core_fuzz::open_bytes(data));
