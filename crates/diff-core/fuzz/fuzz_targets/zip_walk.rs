//! Any bytes as a zip archive: no panic.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let mut bytes = data.to_vec();
    if let Some(head) = bytes.get_mut(..4) {
        head.copy_from_slice(b"PK\x03\x04");
    }
    diff_core_fuzz::open_bytes(&bytes);
});
