//! Any bytes as `.metadata` of a distributed checkpoint: no panic, and nothing outside is opened.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| diff_core_fuzz::open_distributed(data));
