//! Any bytes as each of the JSON files of a Hugging Face directory: no panic, and nothing outside is opened.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    for name in ["model.safetensors.index.json", "config.json", "model_index.json", "modules.json"] {
        diff_core_fuzz::open_directory(name, data);
    }
});
