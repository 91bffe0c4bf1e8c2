//! Any bytes as the pickle of a torch archive whose storages are there: no panic, whatever tensors it describes.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let storage: Vec<u8> = (0..=255).collect();
    let bytes = diff_core_fuzz::zip(&[
        ("x/data.pkl", data),
        ("x/data/0", &storage),
        ("x/data/1", &storage),
        ("x/data/2", &storage),
        ("x/data/3", &storage),
        ("x/version", b"3\n"),
    ]);
    diff_core_fuzz::open_bytes(&bytes);
});
