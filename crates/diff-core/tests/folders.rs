//! Folders of the fixtures: what is left out, and the comparison of its bytes.

mod common;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use common::Folder;
use diff_core::checkpoint::Checkpoint;
use diff_core::format::{OpenOptions, open};
use diff_core::left_out::{LeftOut, LeftOutKind, LeftOutRole, same_bytes};
use diff_core::observe::Observer;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../__test__/fixtures/folders")
        .join(name)
}

fn load(path: &Path) -> Arc<Checkpoint> {
    Arc::new(open(path, &OpenOptions::default()).unwrap())
}

fn is_same(old: (&Checkpoint, &LeftOut), new: (&Checkpoint, &LeftOut)) -> bool {
    same_bytes(
        (&old.0.sources, old.1),
        (&new.0.sources, new.1),
        &Observer::default(),
    )
    .unwrap()
}

#[test]
fn what_is_left_out_is_compared_by_its_bytes() {
    let mut seen = 0;
    for entry in std::fs::read_dir(fixture("")).unwrap() {
        let Ok(checkpoint) = open(&entry.unwrap().path(), &OpenOptions::default()) else {
            continue;
        };
        for (at, one) in checkpoint.left_out.iter().enumerate() {
            seen += 1;
            assert!(is_same((&checkpoint, one), (&checkpoint, one)), "{one:?}");
            for other in checkpoint.left_out.iter().skip(at + 1) {
                let bytes = |one: &LeftOut| std::fs::read(&one.path).unwrap();
                if one.kind == LeftOutKind::File && other.kind == LeftOutKind::File {
                    let expected = bytes(one) == bytes(other);
                    let found = is_same((&checkpoint, one), (&checkpoint, other));
                    assert_eq!(found, expected, "{one:?} {other:?}");
                }
            }
        }
    }
    assert!(seen > 30, "{seen}");
}

#[test]
fn a_copy_that_does_not_count_has_its_own_bytes() {
    let old = load(&fixture("shards-old-copy"));
    let [copy] = old.left_out.as_slice() else {
        panic!("{:?}", old.left_out);
    };
    assert_eq!(
        (copy.kind, copy.role),
        (LeftOutKind::Record, LeftOutRole::Weights)
    );
    assert_eq!(copy.bytes, 32);
    let folder = Folder::new("copy");
    for entry in std::fs::read_dir(fixture("shards-old-copy")).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), folder.0.join(entry.file_name())).unwrap();
    }
    let span = copy.spans[0];
    let path = folder.0.join(copy.path.file_name().unwrap());
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[span.offset as usize] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let new = load(&folder.0);
    assert_eq!(new.left_out[0].name, copy.name);
    assert!(!is_same((&old, copy), (&new, &new.left_out[0])));
}

#[test]
fn a_folder_is_known_from_a_file() {
    let folder = fixture("stale-safetensors");
    assert!(load(&folder).has_folder);
    assert!(!load(&folder.join("model.safetensors")).has_folder);
    let index = fixture("shards-spelled").join("model.safetensors.index.json");
    assert!(load(&index).has_folder);
}
