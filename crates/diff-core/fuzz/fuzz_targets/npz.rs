//! Any bytes as the only array of an archive, and as an archive: no panic.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    diff_core_fuzz::open_bytes(&diff_core_fuzz::zip(&[("a.npy", data)]));
    diff_core_fuzz::open_bytes(data);
});
