//! Folders that the processes of distributed runs wrote, against what the libraries read back from them bit for bit
//! (`__test__/fixtures/distributed/make.py` made both); what is missing, and descriptions that contradict themselves or attack the
//! reader, each refused with its code, within a second and 64 MiB.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use diff_core::checkpoint::Checkpoint;
use diff_core::engine::{ElementType, read_elements};
use diff_core::format::{OpenOptions, open};
use diff_core::left_out::LeftOutRole;
use diff_core::observe::Observer;
use diff_core::{Code, Result};

mod common;

use common::{Counting, Folder, measured};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const MIB: usize = 1 << 20;

fn fixture(name: &str) -> PathBuf {
    common::fixtures().join("distributed").join(name)
}

fn load(path: &Path) -> Result<Checkpoint> {
    open(path, &OpenOptions::default())
}

/// Name, type, shape and bytes of every tensor, sorted.
fn contents(checkpoint: &Checkpoint) -> Vec<(String, String, Vec<u64>, Vec<u8>)> {
    let observer = Observer::default();
    let mut found: Vec<_> = checkpoint
        .tensors
        .iter()
        .enumerate()
        .map(|(index, tensor)| {
            let count = tensor.elements;
            let read = read_elements(checkpoint, index, 0, count, ElementType::Raw, &observer);
            let bytes = read.unwrap_or_else(|error| panic!("{}: {error}", tensor.name));
            // In pieces, which begin and end anywhere.
            let mut pieces = Vec::new();
            for start in (0..count).step_by(5) {
                let length = 5.min(count - start);
                let piece = read_elements(
                    checkpoint,
                    index,
                    start,
                    length,
                    ElementType::Raw,
                    &observer,
                );
                pieces.extend(piece.unwrap());
            }
            assert_eq!(pieces, bytes, "{}", tensor.name);
            (
                tensor.name.clone(),
                tensor.dtype_name().to_owned(),
                tensor.shape.clone(),
                bytes,
            )
        })
        .collect();
    found.sort();
    found
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn joined_tensors_are_what_the_libraries_read_back() {
    for name in [
        "dcp",
        "dcp-bare",
        "dcp-hf",
        "dcp-hf-even",
        "fsdp-1",
        "fsdp-1-local",
        "fsdp-2",
        "fsdp-2-grid",
        "zero-1",
        "zero-2",
        "zero-3",
        "llama-2",
        "llama-3",
        "megatron",
    ] {
        let found = load(&fixture(name)).unwrap();
        let expected = load(&fixture(&format!("{name}.safetensors"))).unwrap();
        assert!(!expected.tensors.is_empty(), "{name}");
        assert_eq!(contents(&found), contents(&expected), "{name}");
        let joined = found
            .findings
            .iter()
            .filter(|one| one.code == "DistributedJoined");
        assert_eq!(joined.count(), 1, "{name}");
        let dangerous = found
            .findings
            .iter()
            .find(|one| one.code == "GlobalDangerous");
        assert_eq!(dangerous, None, "{name}");
    }
}

#[test]
fn states_of_the_training_are_left_out_or_come_under_their_keys() {
    let with = |options: &OpenOptions| open(&fixture("dcp"), options).unwrap();
    let found = with(&OpenOptions::default());
    let [left] = found.left_out.as_slice() else {
        panic!("{:?}", found.left_out);
    };
    assert_eq!(
        (left.name.as_str(), left.role),
        ("optimizer", LeftOutRole::State)
    );
    assert!(left.bytes > 0);
    let all = with(&OpenOptions {
        include_optimizer: true,
        ..OpenOptions::default()
    });
    let state = |one: &&diff_core::tensor::Tensor| one.name.starts_with("optimizer.");
    assert_eq!(all.tensors.iter().filter(state).count(), 1);
    assert_eq!(all.tensors.len(), found.tensors.len() + 1);
    let keyed = with(&OpenOptions {
        key: Some("optimizer.state".to_owned()),
        ..OpenOptions::default()
    });
    let names: Vec<&str> = keyed.tensors.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["layer.grid.weight.exp_avg"]);
    let wrong = OpenOptions {
        key: Some("nothing".to_owned()),
        ..OpenOptions::default()
    };
    let error = open(&fixture("dcp"), &wrong).unwrap_err();
    assert_eq!(error.code(), Code::Argument);
    assert!(error.to_string().contains("model, optimizer"), "{error}");
}

#[test]
fn states_of_the_optimizer_of_fsdp_are_joined_on_request() {
    let options = OpenOptions {
        include_optimizer: true,
        ..OpenOptions::default()
    };
    let found = contents(&open(&fixture("fsdp-2"), &options).unwrap());
    let expected = load(&fixture("fsdp-2.optimizer.safetensors")).unwrap();
    let averages: Vec<_> = found
        .into_iter()
        .filter(|(name, ..)| name.ends_with(".exp_avg"))
        .map(|(name, dtype, shape, bytes)| {
            let name = name.strip_prefix("optimizer.state.").unwrap().to_owned();
            (name, dtype, shape, bytes)
        })
        .collect();
    assert_eq!(averages, contents(&expected));
    let without = load(&fixture("fsdp-2")).unwrap();
    let left: Vec<_> = without
        .left_out
        .iter()
        .map(|one| (one.name.as_str(), one.role))
        .collect();
    let file = |rank: u64| format!("optim_world_size_4_rank_{rank}.pt");
    let files: Vec<String> = (0..4).map(file).collect();
    let expected: Vec<_> = files
        .iter()
        .map(|file| (file.as_str(), LeftOutRole::State))
        .collect();
    assert_eq!(left, expected);
}

#[test]
fn plain_tensors_of_several_ranks_are_refused_with_what_joins_them() {
    let folder = Folder::new("fsdp-plain");
    let part = |number: u64| fixture("llama-2").join(format!("consolidated.0{number}.pth"));
    for (before, extension, words) in [
        ("model_world_size_2_rank_", "pt", "verl.model_merger"),
        ("pytorch_model_fsdp_rank", "bin", "load_state"),
    ] {
        let path = folder.0.join(before);
        std::fs::create_dir_all(&path).unwrap();
        for rank in 0..2 {
            let file = format!("{before}{rank}.{extension}");
            std::fs::copy(part(rank), path.join(file)).unwrap();
        }
        let error = load(&path).unwrap_err();
        assert_eq!(error.code(), Code::UnsupportedFormat, "{error}");
        assert!(
            error.hint_text().unwrap_or_default().contains(words),
            "{error:?}"
        );
    }
    // One rank of one has all.
    let path = folder.0.join("one");
    std::fs::create_dir_all(&path).unwrap();
    std::fs::copy(part(0), path.join("model_world_size_1_rank_0.pt")).unwrap();
    let found = load(&path).unwrap();
    assert!(!found.tensors.is_empty() && found.tensors.iter().all(|one| one.error().is_none()));
}

#[test]
fn flat_parameters_of_fsdp_are_said_to_be_so() {
    let codes = |name: &str| -> Vec<&str> {
        let found = load(&fixture(name)).unwrap();
        let codes = found.findings.iter().map(|one| one.code);
        codes.filter(|code| *code == "FlatParameters").collect()
    };
    assert_eq!(codes("fsdp-1-local"), ["FlatParameters"]);
    assert!(codes("fsdp-1").is_empty());
}

#[test]
fn files_of_ranks_that_were_mixed_up_are_never_a_tensor() {
    let folder = Folder::new("fsdp-mixed");
    // The first rank's file under the name of the second.
    let path = folder.0.join("twice");
    copy(&fixture("fsdp-2"), &path);
    let file = |rank: u64| path.join(format!("model_world_size_4_rank_{rank}.pt"));
    std::fs::copy(file(0), file(1)).unwrap();
    let found = load(&path).unwrap();
    let codes: std::collections::BTreeSet<_> = found
        .tensors
        .iter()
        .filter(|one| one.name != "seen")
        .map(|one| one.error().map(|error| error.code().as_str()))
        .collect();
    assert_eq!(
        codes.into_iter().collect::<Vec<_>>(),
        [Some(Code::OffsetHole.as_str())]
    );
    // One of another run, of other shapes, or of a form that has no parts.
    let path = folder.0.join("other");
    copy(&fixture("fsdp-2"), &path);
    std::fs::copy(
        fixture("fsdp-1-local").join("pytorch_model_fsdp_rank1.bin"),
        path.join("model_world_size_4_rank_1.pt"),
    )
    .unwrap();
    let found = load(&path).unwrap();
    let whole = found.tensors.iter().filter(|one| one.error().is_none());
    assert_eq!(
        whole.map(|one| one.name.as_str()).collect::<Vec<_>>(),
        ["seen"]
    );
    // Two models.
    let path = folder.0.join("two");
    copy(&fixture("fsdp-2"), &path);
    copy(&fixture("fsdp-1-local"), &path);
    assert_eq!(load(&path).unwrap_err().code(), Code::AmbiguousDirectory);
}

#[test]
fn a_missing_file_of_a_rank_is_named() {
    let folder = Folder::new("rank-missing");
    for (name, file) in [
        ("dcp", "__2_0.distcp"),
        ("fsdp-1", "model_world_size_4_rank_2.pt"),
        ("fsdp-2", "model_world_size_4_rank_3.pt"),
        ("fsdp-2-grid", "model_world_size_4_rank_0.pt"),
        // Whose name does not say how many there are.
        ("fsdp-1-local", "pytorch_model_fsdp_rank3.bin"),
        (
            "zero-1/global_step1",
            "bf16_zero_pp_rank_1_mp_rank_00_optim_states.pt",
        ),
        (
            "zero-3/global_step1",
            "bf16_zero_pp_rank_0_mp_rank_00_optim_states.pt",
        ),
        (
            "zero-3/global_step1",
            "zero_pp_rank_1_mp_rank_00_model_states.pt",
        ),
    ] {
        let path = folder.0.join(file);
        copy(&fixture(name), &path);
        std::fs::remove_file(path.join(file)).unwrap();
        let error = load(&path).unwrap_err();
        assert_eq!(error.code(), Code::MissingShard, "{name}: {error}");
        assert!(error.to_string().contains(file), "{name}: {error}");
    }
    let path = folder.0.join("described");
    copy(&fixture("dcp"), &path);
    std::fs::remove_file(path.join(".metadata")).unwrap();
    let error = load(&path).unwrap_err();
    assert_eq!(error.code(), Code::MissingShard);
    assert!(error.to_string().contains(".metadata"), "{error}");
    // What the names of the files tell.
    let path = folder.0.join("llama");
    copy(&fixture("llama-2"), &path);
    std::fs::rename(
        path.join("consolidated.01.pth"),
        path.join("consolidated.02.pth"),
    )
    .unwrap();
    let error = load(&path).unwrap_err();
    assert_eq!(error.code(), Code::MissingShard);
    assert!(error.to_string().contains("consolidated.01.pth"), "{error}");
    // The last part of a model, whose heads do not add up without it.
    let path = folder.0.join("last");
    copy(&fixture("llama-2"), &path);
    std::fs::remove_file(path.join("consolidated.01.pth")).unwrap();
    let error = load(&path).unwrap_err();
    assert_eq!(error.code(), Code::MissingShard);
    assert!(error.to_string().contains("consolidated.01.pth"), "{error}");
    // Without a word of the model's width the first part passes for a model of its own.
    std::fs::remove_file(path.join("params.json")).unwrap();
    assert!(load(&path).is_ok());
    // A rank, and a stage, of Megatron-LM.
    for lost in ["mp_rank_01_000", "mp_rank_00_001"] {
        let path = folder.0.join(lost);
        copy(&fixture("megatron"), &path);
        std::fs::remove_dir_all(path.join("iter_0000020").join(lost)).unwrap();
        let error = load(&path).unwrap_err();
        assert_eq!(error.code(), Code::MissingShard);
        assert!(error.to_string().contains(lost), "{error}");
    }
}

#[test]
fn missing_files_of_ranks_of_the_hugging_face_storage_are_named() {
    let folder = Folder::new("dcp-hf-missing");
    let file = |rank: u64| format!("shard-0000{rank}-model-00001-of-00001.safetensors");
    for (name, lost, named) in [
        // In the middle, and the last one of boxes and of rows that were cut unevenly.
        ("dcp-hf", &[2][..], &[2][..]),
        ("dcp-hf", &[4], &[4]),
        ("dcp-hf-even", &[1], &[1]),
        // The last ones of rows that all are full: norms and biases have the length of no axis.
        ("dcp-hf-even", &[4], &[4]),
        ("dcp-hf-even", &[3, 4], &[3, 4]),
        ("dcp-hf-even", &[2, 3, 4], &[2, 3, 4]),
    ] {
        let path = folder.0.join(format!("{name}-{lost:?}"));
        copy(&fixture(name), &path);
        for rank in lost {
            std::fs::remove_file(path.join(file(*rank))).unwrap();
        }
        let error = load(&path).unwrap_err();
        assert_eq!(error.code(), Code::MissingShard, "{name} {lost:?}: {error}");
        let names: Vec<String> = named.iter().map(|rank| file(*rank)).collect();
        let names = format!("none called {}, and", names.join(", "));
        assert!(
            error.to_string().contains(&names),
            "{name} {lost:?}: {error}"
        );
    }
    // What cannot be known is said.
    let said = |name: &str| {
        let found = load(&fixture(name)).unwrap();
        let joined = found
            .findings
            .iter()
            .find(|one| one.code == "DistributedJoined");
        joined.unwrap().message.contains("stands in none of them")
    };
    assert_eq!([said("dcp-hf"), said("dcp-hf-even")], [false, true]);
}

#[test]
fn a_tensor_that_the_table_does_not_know_is_a_row_that_says_so() {
    let folder = Folder::new("llama-unknown");
    copy(&fixture("llama-3"), &folder.0);
    for part in ["consolidated.00.pth", "consolidated.01.pth"] {
        let path = folder.0.join(part);
        let mut bytes = std::fs::read(&path).unwrap();
        let (old, new) = (b"feed_forward.w3.weight", b"feed_forward.x3.weight");
        let at = bytes
            .windows(old.len())
            .position(|window| window == old)
            .unwrap();
        bytes[at..at + old.len()].copy_from_slice(new);
        std::fs::write(path, bytes).unwrap();
    }
    let found = load(&folder.0).unwrap();
    let codes: Vec<_> = found
        .tensors
        .iter()
        .filter_map(|one| Some((one.name.as_str(), one.error()?.code())))
        .collect();
    assert_eq!(
        codes,
        [("layers.0.feed_forward.x3.weight", Code::ShardOnly)]
    );
}

#[test]
fn the_file_latest_leads_to_no_folder_outside() {
    let folder = Folder::new("zero-latest");
    let inside = folder.0.join("inside");
    copy(&fixture("zero-2"), &inside);
    copy(&fixture("zero-2"), &folder.0.join("outside"));
    assert_eq!(load(&inside).unwrap().tensors.len(), 8);
    std::fs::remove_dir_all(inside.join("global_step1")).unwrap();
    let outside = folder.0.join("outside/global_step1").display().to_string();
    for latest in ["../outside/global_step1", outside.as_str(), "..", ""] {
        std::fs::write(inside.join("latest"), latest).unwrap();
        assert_eq!(
            load(&inside).unwrap_err().code(),
            Code::NoTensors,
            "{latest}"
        );
    }
}

/// Pickled values, as little as the reader needs.
mod pickled {
    pub fn text(text: &str) -> Vec<u8> {
        let length = (text.len() as u32).to_le_bytes();
        [b"X", &length[..], text.as_bytes()].concat()
    }

    pub fn number(n: u64) -> Vec<u8> {
        [&[0x8a, 8][..], &n.to_le_bytes()].concat()
    }

    pub fn tuple(items: &[Vec<u8>]) -> Vec<u8> {
        [b"(", &items.concat()[..], b"t"].concat()
    }

    pub fn sizes(sizes: &[u64]) -> Vec<u8> {
        tuple(&sizes.iter().map(|n| number(*n)).collect::<Vec<_>>())
    }

    pub fn list(items: &[Vec<u8>]) -> Vec<u8> {
        [b"](", &items.concat()[..], b"e"].concat()
    }

    pub fn dict(pairs: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
        let pairs: Vec<u8> = pairs
            .iter()
            .flat_map(|(key, value)| [key.as_slice(), value].concat())
            .collect();
        [b"}(", &pairs[..], b"u"].concat()
    }

    pub fn object(class: &str, fields: &[(&str, Vec<u8>)]) -> Vec<u8> {
        let fields: Vec<_> = fields
            .iter()
            .map(|(name, value)| (text(name), value.clone()))
            .collect();
        let class = format!("ctorch.distributed.checkpoint.metadata\n{class}\n)");
        [class.as_bytes(), b"\x81", &dict(&fields), b"b"].concat()
    }
}

/// A description of one f32 tensor: its shape, the boxes, and where each lies in which file.
struct Described<'a> {
    shape: &'a [u64],
    boxes: Vec<(Vec<u64>, Vec<u64>)>,
    item: (&'a str, u64, u64),
}

impl Described<'_> {
    fn bytes(&self) -> Vec<u8> {
        use pickled::{dict, list, number, object, sizes, text};
        let chunk = |(offsets, shape): &(Vec<u64>, Vec<u64>)| {
            let fields = [("offsets", sizes(offsets)), ("sizes", sizes(shape))];
            object("ChunkStorageMetadata", &fields)
        };
        let properties = [("dtype", b"ctorch\nfloat32\n".to_vec())];
        let tensor = [
            ("properties", object("TensorProperties", &properties)),
            ("size", sizes(self.shape)),
            (
                "chunks",
                list(&self.boxes.iter().map(chunk).collect::<Vec<_>>()),
            ),
        ];
        let (file, offset, length) = self.item;
        let place = |(offsets, _): &(Vec<u64>, Vec<u64>)| {
            let key = [("fqn", text("w")), ("offset", sizes(offsets))];
            let item = [
                ("relative_path", text(file)),
                ("offset", number(offset)),
                ("length", number(length)),
            ];
            (object("MetadataIndex", &key), object("StorageInfo", &item))
        };
        let metadata = [
            (
                "state_dict_metadata",
                dict(&[(text("w"), object("TensorStorageMetadata", &tensor))]),
            ),
            (
                "storage_data",
                dict(&self.boxes.iter().map(place).collect::<Vec<_>>()),
            ),
        ];
        [b"\x80\x02", &object("Metadata", &metadata)[..], b"."].concat()
    }
}

#[test]
fn descriptions_that_lie_are_refused_with_their_codes() {
    let folder = Folder::new("dcp-hostile");
    // An item as torch writes it: the first of the fixture's.
    let real = std::fs::read(fixture("dcp-bare").join("__0_0.distcp")).unwrap();
    std::fs::write(folder.0.join("__0_0.distcp"), &real).unwrap();
    let all = real.len() as u64;
    let rows = |count: u64| (0..count).map(|at| (vec![at], vec![1])).collect::<Vec<_>>();
    let file = "__0_0.distcp";
    let case = |shape: &'static [u64], boxes: Vec<(Vec<u64>, Vec<u64>)>, item| Described {
        shape,
        boxes,
        item,
    };
    let none = (file, 0, 0);
    let cases: Vec<(&str, Described, Code)> = vec![
        (
            "huge size",
            case(&[1 << 62, 1 << 62], vec![(vec![0, 0], vec![1, 1])], none),
            Code::ShapeOverflow,
        ),
        (
            "huge box",
            case(&[4], vec![(vec![0], vec![u64::MAX >> 1])], none),
            Code::ShapeOverflow,
        ),
        (
            "overlapping boxes",
            case(&[4], vec![(vec![0], vec![3]), (vec![1], vec![3])], none),
            Code::OffsetOverlap,
        ),
        (
            "nothing in the item",
            case(&[1], vec![(vec![0], vec![1])], none),
            Code::UnexpectedEof,
        ),
        (
            "item behind the end",
            case(&[1], vec![(vec![0], vec![1])], (file, all, 10)),
            Code::UnexpectedEof,
        ),
        (
            "item that wraps around",
            case(&[1], vec![(vec![0], vec![1])], (file, (1 << 63) - 1, 10)),
            Code::UnexpectedEof,
        ),
        (
            "items in each other",
            case(&[2], rows(2), (file, 0, all)),
            Code::OffsetOverlap,
        ),
        (
            "file outside",
            case(&[1], vec![(vec![0], vec![1])], ("../x.distcp", 0, 1)),
            Code::PathEscape,
        ),
        (
            "file of the system",
            case(&[1], vec![(vec![0], vec![1])], ("/etc/passwd", 0, 1)),
            Code::PathEscape,
        ),
        (
            "no such file",
            case(&[1], vec![(vec![0], vec![1])], ("__7_0.distcp", 0, 1)),
            Code::MissingShard,
        ),
        (
            "other shape than the item",
            case(&[1], vec![(vec![0], vec![1])], (file, 0, first_item())),
            Code::SizeMismatch,
        ),
        (
            "many boxes",
            case(&[200_000], rows(5_000), none),
            Code::UnexpectedEof,
        ),
    ];
    let mut wrong = Vec::new();
    for (about, described, code) in cases {
        std::fs::write(folder.0.join(".metadata"), described.bytes()).unwrap();
        let (result, peak, time) = measured(|| load(&folder.0));
        let found = match result {
            Ok(checkpoint) => checkpoint
                .tensors
                .first()
                .and_then(|one| Some(one.error()?.code())),
            Err(error) => Some(error.code()),
        };
        if found != Some(code) {
            wrong.push(format!("{about}: {found:?} instead of {code:?}"));
        }
        assert!(peak < 64 * MIB, "{about}: {peak} bytes");
        assert!(time.as_secs() < 1, "{about}: {time:?}");
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn gaps_and_descriptions_that_end_too_early_are_refused() {
    let folder = Folder::new("dcp-gap");
    let file = "__0_0.distcp";
    std::fs::copy(fixture("dcp-bare").join(file), folder.0.join(file)).unwrap();
    let (shape, length) = first_shape();
    let described = |shape: &[u64], first: u64, dtype: &str| {
        let boxes = vec![(vec![first, 0], first_shape().0)];
        let described = Described {
            shape,
            boxes,
            item: (file, 0, length),
        };
        let bytes = described.bytes();
        replaced(
            &bytes,
            b"ctorch\nfloat32\n",
            format!("ctorch\n{dtype}\n").as_bytes(),
        )
    };
    let longer = [shape[0] + 1, shape[1]];
    for (about, bytes, code) in [
        ("whole", described(&shape, 0, "bfloat16"), None),
        (
            "another type",
            described(&shape, 0, "float32"),
            Some(Code::SizeMismatch),
        ),
        (
            "gap behind",
            described(&longer, 0, "bfloat16"),
            Some(Code::OffsetHole),
        ),
        (
            "gap before",
            described(&longer, 1, "bfloat16"),
            Some(Code::OffsetHole),
        ),
        (
            "reaches outside",
            described(&shape, 1, "bfloat16"),
            Some(Code::OutOfBounds),
        ),
    ] {
        std::fs::write(folder.0.join(".metadata"), bytes).unwrap();
        let found = load(&folder.0).unwrap();
        let error = found.tensors[0].error().map(diff_core::Error::code);
        assert_eq!(error, code, "{about}");
    }
    let bytes = described(&shape, 0, "bfloat16");
    for end in (0..bytes.len()).step_by(7) {
        std::fs::write(folder.0.join(".metadata"), &bytes[..end]).unwrap();
        load(&folder.0).unwrap_err();
    }
}

#[test]
fn a_byte_of_a_description_that_changes_panics_nothing() {
    let folder = Folder::new("dcp-mutated");
    copy(&fixture("dcp"), &folder.0);
    let path = folder.0.join(".metadata");
    let bytes = std::fs::read(&path).unwrap();
    let (mut refused, mut opened) = (0, 0);
    let observer = Observer::default();
    for (at, flip) in (0..bytes.len())
        .step_by(11)
        .zip([0x01, 0x80, 0xff].into_iter().cycle())
    {
        let mut bytes = bytes.clone();
        bytes[at] ^= flip;
        std::fs::write(&path, bytes).unwrap();
        let Ok(found) = load(&folder.0) else {
            refused += 1;
            continue;
        };
        opened += 1;
        assert!(found.files().all(|file| file.path().starts_with(&folder.0)));
        for (index, tensor) in found.tensors.iter().enumerate() {
            let read = read_elements(
                &found,
                index,
                0,
                tensor.elements.min(64),
                ElementType::Raw,
                &observer,
            );
            assert_eq!(
                read.is_err(),
                tensor.error().is_some(),
                "byte {at}: {}",
                tensor.name
            );
        }
    }
    assert!(refused > 50 && opened > 50, "{refused} {opened}");
}

/// The bytes with one run of them in place of another.
fn replaced(bytes: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let at = bytes
        .windows(old.len())
        .position(|window| window == old)
        .unwrap();
    [&bytes[..at], new, &bytes[at + old.len()..]].concat()
}

/// Length of the first item of the fixture.
fn first_item() -> u64 {
    first_shape().1
}

/// Shape and length of the first item of the fixture: a zip archive, which ends where the next one begins.
fn first_shape() -> (Vec<u64>, u64) {
    static FIRST: OnceLock<(Vec<u64>, u64)> = OnceLock::new();
    let read = || {
        let bytes = std::fs::read(fixture("dcp-bare").join("__0_0.distcp")).unwrap();
        let is_end = |window: &[u8]| window == b"PK\x05\x06";
        let end = bytes.windows(4).position(is_end).unwrap() + 22;
        let folder = Folder::new("dcp-item");
        let path = folder.0.join("item.pt");
        std::fs::write(&path, &bytes[..end]).unwrap();
        (load(&path).unwrap().tensors[0].shape.clone(), end as u64)
    };
    FIRST.get_or_init(read).clone()
}
