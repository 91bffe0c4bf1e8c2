//! Any configuration beside any safetensors file, parted by a zero byte: no panic, and what is read stays within the file.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Some(at) = data.iter().position(|byte| *byte == 0) {
        diff_core_fuzz::open_model(&data[..at], &data[at + 1..]);
    }
});
