//! Any bytes as the pickle of one rank's file of FSDP, beside the true files of the others: no panic, whatever it says of the mesh.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| diff_core_fuzz::open_rank(data));
