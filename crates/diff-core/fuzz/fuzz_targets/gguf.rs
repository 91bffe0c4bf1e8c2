//! Any bytes as the header of a GGUF file: no panic, and every tensor of what is read lies in the file.
#![no_main]

use diff_core::format::gguf::read;
use diff_core::limits::Limits;
use diff_core::source::MemorySource;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let source = MemorySource::new("fuzz", data.to_vec());
    match read(&source, &Limits::default()) {
        Err(error) => assert!(!error.to_string().is_empty()),
        Ok(header) => {
            for tensor in &header.tensors {
                assert!(tensor.offset >= header.data_offset);
                assert!(tensor.offset + tensor.bytes <= data.len() as u64);
            }
        }
    }
});
