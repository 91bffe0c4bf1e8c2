//! What the targets share.

use std::path::{Path, PathBuf};

use diff_core::engine::{ElementType, read_elements};
use diff_core::observe::Observer;
use diff_core::format::{OpenOptions, open};

/// Elements that are read of each tensor.
const MOST_ELEMENTS: u64 = 4096;

/// Opens the bytes as a file and reads the beginning of its tensors. Nothing may panic; errors are fine.
pub fn open_bytes(bytes: &[u8]) {
    let path = file();
    if std::fs::write(&path, bytes).is_err() {
        return;
    }
    let options = OpenOptions {
        key: Some(String::new()),
        include_optimizer: true,
        ..OpenOptions::default()
    };
    match open(&path, &options) {
        Err(error) => assert!(!error.to_string().is_empty()),
        Ok(checkpoint) => {
            let observer = Observer::default();
            for (index, tensor) in checkpoint.tensors.iter().enumerate().take(64) {
                let count = tensor.elements.min(MOST_ELEMENTS);
                for element in [ElementType::Raw, ElementType::F64] {
                    let _ = read_elements(&checkpoint, index, 0, count, element, &observer);
                }
                let _ = read_elements(&checkpoint, index, tensor.elements - count, count, ElementType::F32, &observer);
            }
        }
    }
    // The default choice of the model goes other ways.
    let _ = open(&path, &OpenOptions::default());
}

/// Opens a directory of a configuration and weights, and reads the beginning of its tensors.
pub fn open_model(config: &[u8], weights: &[u8]) {
    let folder = file().with_extension("m");
    let made = std::fs::create_dir_all(&folder)
        .and_then(|()| std::fs::write(folder.join("config.json"), config))
        .and_then(|()| std::fs::write(folder.join("model.safetensors"), weights));
    if made.is_ok() {
        open_folder(&folder, ElementType::F32);
    }
}

/// Opens a directory that holds these bytes under a name, beside a small true model.
pub fn open_directory(name: &str, bytes: &[u8]) {
    let folder = file().with_extension("d");
    let header = br#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#;
    let model = [&(header.len() as u64).to_le_bytes()[..], header, b"x"].concat();
    let made = std::fs::create_dir_all(folder.join("unet"))
        .and_then(|()| std::fs::write(folder.join("one.safetensors"), &model))
        .and_then(|()| std::fs::write(folder.join("unet/model.safetensors"), &model))
        .and_then(|()| std::fs::write(folder.join(name), bytes));
    if made.is_ok()
        && let Ok(checkpoint) = open(&folder, &OpenOptions::default())
    {
        assert!(checkpoint.files().all(|file| file.path().starts_with(&folder)));
    }
    let _ = std::fs::remove_file(folder.join(name));
}

/// Opens a distributed checkpoint of this description beside true items, and reads the beginning of its tensors.
pub fn open_distributed(metadata: &[u8]) {
    const ITEMS: &[u8] =
        include_bytes!("../../../../__test__/fixtures/distributed/dcp-bare/__0_0.distcp");
    let folder = file().with_extension("dcp");
    let made = std::fs::create_dir_all(&folder)
        .and_then(|()| std::fs::write(folder.join("__0_0.distcp"), ITEMS))
        .and_then(|()| std::fs::write(folder.join("__1_0.distcp"), ITEMS))
        .and_then(|()| std::fs::write(folder.join(".metadata"), metadata));
    let options = OpenOptions { include_optimizer: true, ..OpenOptions::default() };
    if made.is_ok()
        && let Ok(checkpoint) = open(&folder, &options)
    {
        assert!(checkpoint.files().all(|file| file.path().starts_with(&folder)));
        let observer = Observer::default();
        for (index, tensor) in checkpoint.tensors.iter().enumerate().take(64) {
            let count = tensor.elements.min(MOST_ELEMENTS);
            let _ = read_elements(&checkpoint, index, 0, count, ElementType::Raw, &observer);
        }
    }
}

/// Opens a folder of one file for each of four ranks, of which the last one holds this pickle, and reads the beginning of its tensors.
pub fn open_rank(pickle: &[u8]) {
    const OTHERS: [&[u8]; 3] = [
        include_bytes!("../../../../__test__/fixtures/distributed/fsdp-2/model_world_size_4_rank_0.pt"),
        include_bytes!("../../../../__test__/fixtures/distributed/fsdp-2/model_world_size_4_rank_1.pt"),
        include_bytes!("../../../../__test__/fixtures/distributed/fsdp-2/model_world_size_4_rank_2.pt"),
    ];
    let folder = file().with_extension("fsdp");
    let storage: Vec<u8> = (0..=255).collect();
    let names: Vec<String> = (0..12).map(|key| format!("x/data/{key}")).collect();
    let mut entries: Vec<(&str, &[u8])> = vec![("x/data.pkl", pickle), ("x/version", b"3\n")];
    entries.extend(names.iter().map(|name| (name.as_str(), storage.as_slice())));
    let path = |rank: usize| folder.join(format!("model_world_size_4_rank_{rank}.pt"));
    let made = std::fs::create_dir_all(&folder).and_then(|()| {
        for (rank, bytes) in OTHERS.iter().enumerate() {
            if !path(rank).exists() {
                std::fs::write(path(rank), bytes)?;
            }
        }
        std::fs::write(path(3), zip(&entries))
    });
    if made.is_ok() {
        open_folder(&folder, ElementType::Raw);
    }
}

/// A file of this process, in memory where the system has such a place.
fn file() -> PathBuf {
    let shared = PathBuf::from("/dev/shm");
    let folder = if shared.is_dir() { shared } else { std::env::temp_dir() };
    folder.join(format!("model-diff-fuzz-{}", std::process::id()))
}

/// A stored zip archive of these entries, as simple as can be.
pub fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut directory = Vec::new();
    for (name, content) in entries {
        let offset = out.len() as u32;
        let sizes = (content.len() as u32).to_le_bytes();
        let name_length = (name.len() as u16).to_le_bytes();
        out.extend(b"PK\x03\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
        out.extend(sizes);
        out.extend(sizes);
        out.extend(name_length);
        out.extend([0, 0]);
        out.extend(name.as_bytes());
        out.extend(*content);
        directory.extend(b"PK\x01\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
        directory.extend(sizes);
        directory.extend(sizes);
        directory.extend(name_length);
        directory.extend([0; 12]);
        directory.extend(offset.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let (count, start) = (entries.len() as u16, out.len() as u32);
    out.extend(&directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend(count.to_le_bytes());
    out.extend(count.to_le_bytes());
    out.extend((directory.len() as u32).to_le_bytes());
    out.extend(start.to_le_bytes());
    out.extend([0, 0]);
    out
}

/// Opens a directory, and reads the first and the last elements of its tensors.
fn open_folder(folder: &Path, element_type: ElementType) {
    let Ok(checkpoint) = open(folder, &OpenOptions::default()) else {
        return;
    };
    let observer = Observer::default();
    for (index, tensor) in checkpoint.tensors.iter().enumerate().take(64) {
        let count = tensor.elements.min(MOST_ELEMENTS);
        for start in [0, tensor.elements - count] {
            let _ = read_elements(&checkpoint, index, start, count, element_type, &observer);
        }
    }
}
