//! Quantised checkpoints as their libraries write them, against the values that the libraries read out of them: bit for bit. What is incomplete or
//! wrong is a row with its error. `__test__/fixtures/quantised/make.py` made both.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use diff_core::checkpoint::Checkpoint;
use diff_core::engine::{ElementType, read_elements};
use diff_core::error::Code;
use diff_core::format::{OpenOptions, open};
use diff_core::observe::Observer;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde_json::{Value, json};

/// A folder of its own, which goes with it.
struct Place(PathBuf);

impl Place {
    fn new() -> Self {
        static MADE: AtomicU64 = AtomicU64::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("model-diff-quantised-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../__test__/fixtures/quantised")
}

fn folders() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(fixtures()).unwrap();
    let mut folders: Vec<PathBuf> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    assert!(folders.len() > 30);
    folders
}

fn values(folder: &Path) -> BTreeMap<String, (Vec<usize>, Vec<f32>)> {
    let bytes = std::fs::read(folder.join("values.safetensors")).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    file.iter()
        .map(|(name, tensor)| {
            let numbers = tensor.data().as_chunks().0.iter();
            let numbers = numbers.map(|x| f32::from_le_bytes(*x)).collect();
            (name.to_owned(), (tensor.shape().to_vec(), numbers))
        })
        .collect()
}

/// The folder without the expected values, which are weights too.
fn model(folder: &Path) -> (Place, Checkpoint) {
    let place = Place::new();
    for name in ["model.safetensors", "config.json"] {
        std::fs::copy(folder.join(name), place.0.join(name)).unwrap();
    }
    let checkpoint = open(&place.0, &OpenOptions::default()).unwrap();
    (place, checkpoint)
}

#[test]
fn values_are_those_of_the_libraries() {
    let mut wrong = Vec::new();
    for folder in folders() {
        let label = folder.file_name().unwrap().to_string_lossy().into_owned();
        let (_place, checkpoint) = model(&folder);
        for (name, (shape, wanted)) in values(&folder) {
            let found = checkpoint.tensors.iter().position(|t| t.name == name);
            let Some(number) = found else {
                let names: Vec<&str> = checkpoint.tensors.iter().map(|t| &*t.name).collect();
                wrong.push(format!("{label}: no {name} in {names:?}"));
                continue;
            };
            let tensor = &checkpoint.tensors[number];
            if let Some(error) = tensor.error() {
                wrong.push(format!("{label}: {error}"));
                continue;
            }
            let is_shape = tensor.shape.iter().map(|&dim| dim as usize).eq(shape);
            let read = read_elements(
                &checkpoint,
                number,
                0,
                tensor.elements,
                ElementType::F32,
                &Observer::default(),
            );
            let bytes = match read {
                Ok(bytes) if is_shape => bytes,
                Ok(_) => {
                    wrong.push(format!("{label}: shape {:?}", tensor.shape));
                    continue;
                }
                Err(error) => {
                    wrong.push(format!("{label}: {error}"));
                    continue;
                }
            };
            let found: Vec<f32> = bytes
                .as_chunks()
                .0
                .iter()
                .map(|x| f32::from_le_bytes(*x))
                .collect();
            // The table of modelopt has no negative zero.
            let same = |a: f32, b: f32| a.to_bits() == b.to_bits() || (a == 0.0 && b == 0.0);
            let differing = found
                .iter()
                .zip(&wanted)
                .filter(|(a, b)| !same(**a, **b))
                .count();
            if differing > 0 || found.len() != wanted.len() {
                let at = found.iter().zip(&wanted).position(|(a, b)| !same(*a, *b));
                let at = at.unwrap_or(0);
                wrong.push(format!(
                    "{label} ({}): {differing} of {} differ, the first at {at}: {:e} instead of {:e}",
                    tensor.dtype_name(),
                    wanted.len(),
                    found[at],
                    wanted[at]
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Codes, scales and what describes them are parts of the dense tensor and no rows.
#[test]
fn only_dense_tensors_are_listed() {
    let stays = ["model.norm.weight", "_bias", "input_scale"];
    let mut labels = BTreeMap::new();
    for folder in folders() {
        let (_place, checkpoint) = model(&folder);
        let expected = values(&folder);
        for tensor in &checkpoint.tensors {
            let is_other = stays.iter().any(|end| tensor.name.ends_with(end));
            assert!(
                is_other || expected.contains_key(&tensor.name),
                "{} in {folder:?}",
                tensor.name
            );
            if !is_other {
                let name = folder.file_name().unwrap().to_string_lossy().into_owned();
                labels.insert(name, tensor.dtype_name().to_owned());
            }
        }
    }
    let label = |name: &str| labels[name].as_str();
    assert_eq!(label("gptq-int4"), "gptq int4 g32");
    assert_eq!(label("gptq-int8"), "gptq int8 row");
    assert_eq!(label("awq"), "awq int4 g32");
    assert_eq!(label("bnb-nf4-nested"), "bnb nf4 g64");
    assert_eq!(label("ct-int4"), "ct int4 g32");
    assert_eq!(label("fp8-blocks"), "fp8 e4m3 32x16");
    assert_eq!(label("ct-fp8"), "fp8 e4m3 row");
    assert_eq!(label("mxfp4"), "mxfp4 g32");
    assert_eq!(label("mlx-int4"), "mlx int4 g64");
}

/// With `raw`, what is stored stays as it is.
#[test]
fn raw_tensors_are_those_of_the_file() {
    for folder in folders() {
        let path = folder.join("model.safetensors");
        let bytes = std::fs::read(&path).unwrap();
        let file = SafeTensors::deserialize(&bytes).unwrap();
        let options = OpenOptions {
            raw: true,
            ..OpenOptions::default()
        };
        let checkpoint = open(&path, &options).unwrap();
        let mut found: Vec<&str> = checkpoint.tensors.iter().map(|t| &*t.name).collect();
        found.sort_unstable();
        let mut wanted = file.names();
        wanted.sort_unstable();
        assert_eq!(found, wanted);
    }
}

/// Tensors of a file: type, shape and bytes by name.
type Parts = BTreeMap<String, (Dtype, Vec<usize>, Vec<u8>)>;

/// A fixture with something changed.
fn changed(name: &str, change: impl Fn(&mut Parts, &mut Value)) -> (Place, Checkpoint) {
    let folder = fixtures().join(name);
    let bytes = std::fs::read(folder.join("model.safetensors")).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let mut parts: Parts = file
        .iter()
        .map(|(name, tensor)| {
            let part = (
                tensor.dtype(),
                tensor.shape().to_vec(),
                tensor.data().to_vec(),
            );
            (name.to_owned(), part)
        })
        .collect();
    let text = std::fs::read(folder.join("config.json")).unwrap();
    let mut config: Value = serde_json::from_slice(&text).unwrap();
    change(&mut parts, &mut config);
    let place = Place::new();
    let views = parts.iter().map(|(name, (dtype, shape, bytes))| {
        (name, TensorView::new(*dtype, shape.clone(), bytes).unwrap())
    });
    let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
    let said = header.metadata().clone();
    safetensors::serialize_to_file(views, said, &place.0.join("model.safetensors")).unwrap();
    std::fs::write(place.0.join("config.json"), config.to_string()).unwrap();
    let checkpoint = open(&place.0, &OpenOptions::default()).unwrap();
    (place, checkpoint)
}

/// The only error of a checkpoint: when it is opened, or else when it is read.
fn error_of(checkpoint: &Checkpoint) -> Option<Code> {
    let mut errors = checkpoint
        .tensors
        .iter()
        .enumerate()
        .filter_map(|(number, tensor)| {
            let read = || {
                let all = (0, tensor.elements);
                read_elements(
                    checkpoint,
                    number,
                    all.0,
                    all.1,
                    ElementType::F32,
                    &Observer::default(),
                )
            };
            tensor
                .error()
                .cloned()
                .or_else(|| read().err())
                .map(|error| error.code())
        });
    let first = errors.next();
    assert!(errors.next().is_none(), "one row is wrong");
    first
}

#[test]
fn what_is_missing_is_said() {
    let cases = [
        ("gptq-int4", ".scales"),
        ("gptq-int4", ".qzeros"),
        ("awq", ".scales"),
        ("awq", ".qzeros"),
        ("awq-gemv", ".scales"),
        ("awq-marlin", ".scales"),
        ("bnb-nf4-nested", ".absmax"),
        ("bnb-nf4-nested", ".nested_quant_map"),
        ("bnb-nf4-nested", ".quant_state.bitsandbytes__nf4"),
        ("bnb-int8", ".SCB"),
        ("ct-int4", ".weight_scale"),
        ("ct-int8", ".weight_scale"),
        ("ct-fp8", ".weight_scale"),
        ("ct-nvfp4", ".weight_scale"),
        ("ct-nvfp4", ".weight_global_scale"),
        ("fp8-blocks", ".weight_scale_inv"),
        ("mxfp4", "_scales"),
        ("mlx-int4", ".scales"),
        ("mlx-int4", ".biases"),
        ("hqq-int4", ".scale"),
        ("hqq-int4", ".zero"),
        ("torchao-int8", "._weight_scale"),
    ];
    for (fixture, part) in cases {
        let (_place, checkpoint) = changed(fixture, |parts, _| {
            let before = parts.len();
            parts.retain(|name, _| !name.ends_with(part));
            assert_eq!(parts.len() + 1, before, "{fixture} {part}");
        });
        assert_eq!(
            error_of(&checkpoint),
            Some(Code::MissingRecord),
            "{fixture} without {part}"
        );
    }
}

#[test]
fn wrong_shapes_are_said() {
    let cases = [
        ("gptq-int4", ".scales"),
        ("gptq-int4", ".qzeros"),
        ("gptq-int4-order", ".g_idx"),
        ("gptq-int4", ".qweight"),
        ("awq", ".scales"),
        ("awq", ".qzeros"),
        ("bnb-nf4-nested", ".absmax"),
        ("bnb-nf4-nested", ".nested_absmax"),
        ("bnb-nf4-nested", ".quant_map"),
        ("bnb-int8", ".SCB"),
        ("ct-int4", ".weight_scale"),
        ("ct-int4", ".weight_packed"),
        ("ct-int4-zeros", ".weight_zero_point"),
        ("ct-int8", ".weight_scale"),
        ("ct-nvfp4", ".weight_scale"),
        ("fp8-blocks", ".weight_scale_inv"),
        ("mxfp4", "_scales"),
        ("mlx-int4", ".scales"),
        ("mlx-int4", ".weight"),
        ("hqq-int4", ".scale"),
        ("hqq-int4", ".W_q"),
        ("torchao-intx", "._weight_scale"),
    ];
    for (fixture, part) in cases {
        let (_place, checkpoint) = changed(fixture, |parts, _| {
            let found = parts.iter_mut().filter(|(name, _)| name.ends_with(part));
            let mut count = 0;
            for (_, (_, shape, bytes)) in found {
                // One index of the first axis less, or one more.
                let rows = shape[0];
                if rows == 1 {
                    bytes.extend_from_within(..);
                    shape[0] = 2;
                } else {
                    bytes.truncate(bytes.len() / rows * (rows - 1));
                    shape[0] = rows - 1;
                }
                count += 1;
            }
            assert_eq!(count, 1, "{fixture} {part}");
        });
        assert_eq!(
            error_of(&checkpoint),
            Some(Code::SizeMismatch),
            "{fixture} with {part} cut"
        );
    }
}

/// How a tensor can be wrong: an axis cut to so many of its indices, one element left of all, or none.
#[derive(Debug, Clone, Copy)]
enum Cut {
    Axis(usize, usize),
    Elements(usize),
    Gone,
}

fn cuts(shape: &[usize]) -> Vec<Cut> {
    let of_axis = |(axis, &length): (usize, &usize)| {
        let left = [length.saturating_sub(1), length / 2, 1, 0].into_iter();
        let left = left.filter(move |&left| left < length);
        left.map(move |left| Cut::Axis(axis, left))
    };
    let of_axes = shape.iter().enumerate().flat_map(of_axis);
    of_axes
        .chain([Cut::Elements(1), Cut::Elements(0), Cut::Gone])
        .collect()
}

fn cut(parts: &mut Parts, name: &str, how: Cut) {
    let (_, shape, bytes) = parts.get_mut(name).unwrap();
    match how {
        Cut::Axis(axis, left) => {
            *bytes = first_of(shape, axis, left, bytes);
            shape[axis] = left;
        }
        Cut::Elements(count) => {
            let elements: usize = shape.iter().product();
            bytes.truncate(bytes.len() / elements.max(1) * count);
            *shape = vec![count];
        }
        Cut::Gone => {
            parts.remove(name);
        }
    }
}

/// Rows that stand for other numbers than the library's: with another value, or with codes in their place. Rows of another shape are told
/// apart by that, where the tensor of codes or of their shape was cut.
fn other_numbers(checkpoint: &Checkpoint, folder: &Path, is_shape_open: bool) -> (usize, usize) {
    let expected = values(folder);
    let (mut refused, mut wrong) = (0, 0);
    for (number, tensor) in checkpoint.tensors.iter().enumerate() {
        let all = tensor.elements;
        let observer = Observer::default();
        let found = read_elements(checkpoint, number, 0, all, ElementType::F32, &observer);
        let (Some((shape, wanted)), Ok(found)) = (expected.get(&tensor.name), &found) else {
            refused += usize::from(found.is_err());
            continue;
        };
        let found = found.as_chunks().0.iter().map(|x| f32::from_le_bytes(*x));
        let dims = tensor.shape.iter().map(|&dim| dim as usize);
        let is_shape = dims.eq(shape.iter().copied());
        let is_same = found.eq(wanted.iter().copied());
        wrong += usize::from(if is_shape { !is_same } else { !is_shape_open });
    }
    (refused, wrong)
}

/// Any tensor of any scheme that was cut, emptied or left out, alone or with another one: an error, the values as they were, or another
/// shape; never other numbers in their place.
#[test]
fn what_was_cut_off_makes_no_other_numbers() {
    let (mut refused, mut wrong) = (0, Vec::new());
    for folder in folders() {
        let label = folder.file_name().unwrap().to_string_lossy().into_owned();
        let bytes = std::fs::read(folder.join("model.safetensors")).unwrap();
        let file = SafeTensors::deserialize(&bytes).unwrap();
        let norm = |name: &&str| !name.ends_with("norm.weight") && !name.ends_with("_bias");
        let names: Vec<&str> = file.names().into_iter().filter(norm).collect();
        let shape = |name: &str| file.tensor(name).unwrap().shape().to_vec();
        let mut cases: Vec<Vec<(&str, Cut)>> = Vec::new();
        for (number, &name) in names.iter().enumerate() {
            cases.extend(cuts(&shape(name)).into_iter().map(|how| vec![(name, how)]));
            for &other in &names[..number] {
                let (own, others) = (shape(name), shape(other));
                for axis in 0..own.len().min(others.len()) {
                    for part in [usize::MAX, 2] {
                        let of = |name, shape: &[usize]| {
                            (name, Cut::Axis(axis, (shape[axis] / part).max(1)))
                        };
                        cases.push(vec![of(name, &own), of(other, &others)]);
                    }
                }
            }
        }
        for case in cases {
            let (_place, checkpoint) = changed(&label, |parts, _| {
                for (name, how) in &case {
                    cut(parts, name, *how);
                }
            });
            let is_open = case.iter().any(|(name, _)| decides_shape(name));
            let (errors, others) = other_numbers(&checkpoint, &folder, is_open);
            refused += errors;
            if others > 0 {
                wrong.push(format!("{label}: {case:?}"));
            }
        }
        // The file itself, in its header and in its data.
        let place = Place::new();
        for length in [bytes.len() - 1, bytes.len() / 2, 100, 9] {
            let path = place.0.join("model.safetensors");
            std::fs::write(&path, &bytes[..length]).unwrap();
            assert!(
                open(&path, &OpenOptions::default()).is_err(),
                "{label}: {length} bytes"
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(refused > 1000, "{refused}");
}

/// Whether the shape of the dense tensor follows from this part of it.
fn decides_shape(name: &str) -> bool {
    const PARTS: &[&str] = &[
        ".weight", ".qweight", "_packed", "_blocks", "qdata", ".W_q", ".shape", "_shape",
    ];
    PARTS.iter().any(|part| name.ends_with(part))
}

/// The bytes of an array with so many indices of an axis.
fn first_of(shape: &[usize], axis: usize, left: usize, bytes: &[u8]) -> Vec<u8> {
    let lines: usize = shape[..axis].iter().product();
    let line = bytes.len() / lines;
    let kept = line / shape[axis] * left;
    bytes
        .chunks(line)
        .flat_map(|line| &line[..kept])
        .copied()
        .collect()
}

/// One scale for all, or for a row, is what other files have; here the configuration says otherwise.
#[test]
fn scales_are_as_many_as_the_configuration_says() {
    let cases = [
        ("ct-mxfp8", ".weight_scale", "[32, 2]"),
        ("fp8-pairs", ".weight_scale_inv", "[16, 2]"),
        ("ct-fp8", ".weight_scale", "[32, 1]"),
        ("fp8-blocks", ".weight_scale_inv", "[2, 3]"),
    ];
    for (fixture, part, expected) in cases {
        for how in [Cut::Elements(1), Cut::Axis(0, 1), Cut::Axis(1, 1)] {
            let mut written: Vec<String> = Vec::new();
            let (_place, checkpoint) = changed(fixture, |parts, _| {
                let found = parts.keys().find(|name| name.ends_with(part));
                let name = found.unwrap().clone();
                if matches!(how, Cut::Axis(axis, left) if parts[&name].1[axis] == left) {
                    return;
                }
                cut(parts, &name, how);
            });
            for tensor in &checkpoint.tensors {
                written.extend(tensor.error().map(ToString::to_string));
            }
            if matches!(how, Cut::Axis(1, 1)) && fixture == "ct-fp8" {
                assert!(written.is_empty(), "{written:?}");
                continue;
            }
            let [text] = written.as_slice() else {
                panic!("{fixture} {how:?}: {written:?}");
            };
            assert!(text.contains(expected), "{text}");
            assert!(text.contains(part), "{text}");
        }
    }
}

#[test]
fn unknown_schemes_are_said() {
    let set = |key: &'static str, value: Value| {
        move |_: &mut Parts, config: &mut Value| config["quantization_config"][key] = value.clone()
    };
    let code = |fixture, key, value| {
        let (_place, checkpoint) = changed(fixture, set(key, value));
        error_of(&checkpoint)
    };
    let unread = Some(Code::UnsupportedLayout);
    assert_eq!(
        code("gptq-int4", "checkpoint_format", json!("marlin")),
        unread
    );
    assert_eq!(code("awq", "version", json!("gemv_fast")), unread);
    assert_eq!(code("awq-marlin", "bits", json!(8)), unread);
    let size = Some(Code::SizeMismatch);
    assert_eq!(code("awq", "version", json!("gemv")), size);
    assert_eq!(code("awq-gemv", "version", json!("gemm")), size);
    let (_place, checkpoint) = changed("ct-int8", |parts, _| {
        let part = parts.values().next().unwrap().clone();
        parts.clear();
        for name in ["codes", "codebooks", "scales"] {
            parts.insert(format!("x.{name}"), part.clone());
        }
    });
    assert_eq!(error_of(&checkpoint), unread);
    assert_eq!(checkpoint.tensors[0].dtype_name(), "quantised");
    assert_eq!(checkpoint.tensors.len(), 1);
    let (_place, checkpoint) = changed("modelopt-nvfp4", |parts, config| {
        config["quantization_config"]["quant_algo"] = json!("W4A16_AWQ");
        for (dtype, shape, bytes) in parts.values_mut() {
            if *dtype == Dtype::F8_E4M3 {
                *dtype = Dtype::F16;
                *shape = vec![bytes.len() / 2];
            }
        }
    });
    assert_eq!(error_of(&checkpoint), unread);
    let label = checkpoint.tensors.iter().find(|t| t.error().is_some());
    assert_eq!(label.unwrap().dtype_name(), "quantised");
    // Named by the tensors.
    let rename = |from: &'static str, to: &'static str| {
        move |parts: &mut Parts, _: &mut Value| {
            let names: Vec<String> = parts.keys().cloned().collect();
            for name in names {
                if let Some(stem) = name.strip_suffix(from) {
                    let part = parts.remove(&name).unwrap();
                    parts.insert(format!("{stem}{to}"), part);
                }
            }
        }
    };
    let (_place, checkpoint) = changed("ct-int4", rename(".weight_shape", ".meta"));
    assert_eq!(error_of(&checkpoint), unread);
    let (_place, checkpoint) = changed("ct-fp8", |parts, config| {
        config["quantization_config"]["quant_method"] = json!("quip");
        parts.retain(|name, _| !name.ends_with("_scale"));
    });
    assert_eq!(error_of(&checkpoint), unread);
    let (_place, checkpoint) = changed("torchao-fp8", |parts, _| {
        for (_, (dtype, _, _)) in parts.iter_mut().filter(|(name, _)| name.ends_with("qdata")) {
            *dtype = Dtype::U8;
        }
    });
    assert_eq!(error_of(&checkpoint), unread);
}

/// What a configuration says of one module: auto-round's own numbers, and the other ways in which scales of blocks and columns are written.
#[test]
fn modules_may_have_numbers_of_their_own() {
    let own = |group: i64| {
        changed("gptq-int4", |_, config| {
            let settings = config["quantization_config"].as_object_mut().unwrap();
            settings["group_size"] = json!(128);
            let modules = json!({ "model.layers.0.mlp.down_proj": { "group_size": group } });
            settings.insert("extra_config".to_owned(), modules);
        })
    };
    let (_place, checkpoint) = own(32);
    let right = fixtures().join("gptq-int4");
    assert_eq!(other_numbers(&checkpoint, &right, false), (0, 0));
    let (_place, checkpoint) = own(16);
    assert_eq!(error_of(&checkpoint), Some(Code::SizeMismatch));
    let (_place, checkpoint) = changed("fp8-blocks", |parts, _| {
        let scale = parts.iter_mut().find(|(name, _)| name.ends_with("_inv"));
        scale.unwrap().1.1 = vec![2, 1, 3, 1];
    });
    let right = fixtures().join("fp8-blocks");
    assert_eq!(other_numbers(&checkpoint, &right, false), (0, 0));
    // Experts of Llama 4: a scale for each output, which is a column.
    for shape in [[2, 1, 24], [2, 24, 1]] {
        let (_place, checkpoint) = changed("ct-fp8", |parts, config| {
            config["quantization_config"] = json!({ "quant_method": "fbgemm_fp8" });
            parts.clear();
            let ones = [0x38; 2 * 4 * 24];
            parts.insert("x".into(), (Dtype::F8_E4M3, vec![2, 4, 24], ones.to_vec()));
            let scales: Vec<u8> = (0..48).flat_map(|at| (at as f32).to_le_bytes()).collect();
            parts.insert("x_scale".into(), (Dtype::F32, shape.to_vec(), scales));
        });
        let tensor = &checkpoint.tensors[0];
        let observer = Observer::default();
        let read = read_elements(
            &checkpoint,
            0,
            0,
            tensor.elements,
            ElementType::F32,
            &observer,
        );
        let found = read.unwrap();
        let found = found.as_chunks().0.iter().map(|x| f32::from_le_bytes(*x));
        let wanted = (0..192).map(|at| (at / 96 * 24 + at % 24) as f32);
        assert!(found.eq(wanted), "{shape:?}");
    }
}

/// Marlin as GPTQ's libraries name its parts.
#[test]
fn marlin_of_gptq_is_that_of_awq() {
    for (key, value) in [
        ("checkpoint_format", json!("marlin")),
        ("is_marlin_format", json!(true)),
    ] {
        let (_place, checkpoint) = changed("awq-marlin", |parts, config| {
            let module = "model.layers.0.self_attn.q_proj";
            for (old, new) in [("qweight", "B"), ("scales", "s")] {
                let part = parts.remove(&format!("{module}.{old}")).unwrap();
                parts.insert(format!("{module}.{new}"), part);
            }
            let settings = config["quantization_config"].as_object_mut().unwrap();
            settings.remove("version");
            settings["quant_method"] = json!("gptq");
            settings.insert(key.to_owned(), value.clone());
        });
        let (errors, others) = other_numbers(&checkpoint, &fixtures().join("awq-marlin"), false);
        assert_eq!((errors, others, checkpoint.tensors.len()), (0, 0, 1));
        assert_eq!(checkpoint.tensors[0].dtype_name(), "marlin int4 g16");
    }
}

/// What MLX would say in the configuration, where the shapes leave no choice; where they do, an error.
#[test]
fn shapes_tell_what_mlx_wrote_or_nothing_does() {
    let cases = [
        ("mlx-int3", true),
        ("mlx-mxfp4", true),
        ("mlx-mxfp8", true),
        ("mlx-nvfp4", true),
        ("mlx-int4", false),
        ("mlx-int6", false),
    ];
    for (fixture, is_certain) in cases {
        let (_place, checkpoint) = changed(fixture, |_, config| {
            let config = config.as_object_mut().unwrap();
            config.remove("quantization");
            config.remove("quantization_config");
        });
        let expected = (!is_certain).then_some(Code::InvalidHeader);
        assert_eq!(error_of(&checkpoint), expected, "{fixture}");
        let (_, others) = other_numbers(&checkpoint, &fixtures().join(fixture), false);
        assert_eq!(others, 0, "{fixture}");
    }
}

/// A part of torchao's description, in the file's metadata, that is something else.
fn described(from: &str, to: &str) -> Option<Code> {
    let bytes = std::fs::read(fixtures().join("torchao-mxfp8/model.safetensors")).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
    let mut said = header.metadata().clone().unwrap();
    let text = said.get_mut("up_proj.weight").unwrap();
    assert!(text.contains(from), "{text}");
    *text = text.replace(from, to);
    let place = Place::new();
    let path = place.0.join("model.safetensors");
    safetensors::serialize_to_file(file.iter(), Some(said), &path).unwrap();
    error_of(&open(&path, &OpenOptions::default()).unwrap())
}

#[test]
fn classes_of_torchao_are_told_by_their_description() {
    let unread = Some(Code::UnsupportedLayout);
    assert_eq!(described("{", "["), Some(Code::InvalidHeader));
    assert_eq!(described("MXTensor", "Int4PreshuffledTensor"), unread);
    assert_eq!(described("float8_e4m3fn", "fp6_e3m2"), unread);
    let size = Some(Code::SizeMismatch);
    assert_eq!(described("\"block_size\": 32", "\"block_size\": 16"), size);
    let swizzled = (
        "\"is_swizzled_scales\": false",
        "\"is_swizzled_scales\": true",
    );
    assert_eq!(described(swizzled.0, swizzled.1), size);
    let (old, new) = ("\"qdata\",", "\"qdata\", \"zero_point\",");
    assert_eq!(described(old, new), Some(Code::MissingRecord));
}

/// Each is what the folder of its name has as safetensors.
#[test]
fn subclasses_in_pickles_are_those_of_safetensors() {
    let checkpoint = open(&fixtures().join("torchao.pt"), &OpenOptions::default()).unwrap();
    let mut names = Vec::new();
    for (number, tensor) in checkpoint.tensors.iter().enumerate() {
        let name = tensor.name.strip_suffix(".weight").unwrap();
        let folder = fixtures().join(name);
        let all = tensor.elements;
        let observer = Observer::default();
        let read = read_elements(&checkpoint, number, 0, all, ElementType::F32, &observer);
        let found = read.unwrap_or_else(|error| panic!("{}: {error}", tensor.name));
        let found: Vec<f32> = found
            .as_chunks()
            .0
            .iter()
            .map(|x| f32::from_le_bytes(*x))
            .collect();
        let (shape, wanted) = &values(&folder)["up_proj.weight"];
        assert!(
            tensor
                .shape
                .iter()
                .map(|&dim| dim as usize)
                .eq(shape.iter().copied())
        );
        assert_eq!(&found, wanted, "{}", tensor.name);
        let (_place, other) = model(&folder);
        assert_eq!(tensor.dtype_name(), other.tensors[0].dtype_name());
        names.push(name);
    }
    let folders = folders();
    let wanted = folders.iter().filter_map(|path| path.file_name()?.to_str());
    let wanted = wanted.filter(|name| name.starts_with("torchao"));
    names.sort_unstable();
    assert!(wanted.eq(names));
}

/// Those of torchao before 0.13, and ones without a description: codes with scales are no numbers to compare.
#[test]
fn parts_of_subclasses_are_said() {
    let rename = |names: [&str; 3]| {
        let (_place, checkpoint) = changed("torchao-int8", |parts, _| {
            for (old, new) in ["qdata", "scale", "zero_point"].into_iter().zip(names) {
                let part = parts.remove(&format!("up_proj._weight_{old}")).unwrap();
                parts.insert(format!("up_proj.weight.{new}"), part);
            }
        });
        assert_eq!(error_of(&checkpoint), Some(Code::UnsupportedLayout));
        assert_eq!(checkpoint.tensors.len(), 1);
    };
    rename([
        "tensor_impl.int_data",
        "tensor_impl.scale",
        "tensor_impl.zero_point",
    ]);
    rename(["inner.qdata", "inner.scale", "inner.zero_point"]);
}

/// An index beyond the groups, or of no whole group, is found when it is read.
#[test]
fn wrong_contents_are_said() {
    let (_place, checkpoint) = changed("gptq-int4-order", |parts, _| {
        let index = parts
            .iter_mut()
            .find(|(name, _)| name.ends_with(".g_idx"))
            .unwrap();
        index.1.0 = Dtype::F32;
        index.1.2.fill(0);
        index.1.2[4..8].copy_from_slice(&0.5f32.to_le_bytes());
    });
    assert_eq!(error_of(&checkpoint), Some(Code::OutOfBounds));
    let (_place, checkpoint) = changed("gptq-int4-order", |parts, _| {
        let index = parts
            .iter_mut()
            .find(|(name, _)| name.ends_with(".g_idx"))
            .unwrap();
        index.1.2[4..8].copy_from_slice(&9i32.to_le_bytes());
    });
    assert_eq!(error_of(&checkpoint), Some(Code::OutOfBounds));
    let (_place, checkpoint) = changed("bnb-fp4", |parts, _| {
        let state = parts
            .iter_mut()
            .find(|(name, _)| name.contains("quant_state"))
            .unwrap();
        state.1.2[0] = b'[';
    });
    assert_eq!(error_of(&checkpoint), Some(Code::InvalidHeader));
    let (_place, checkpoint) = changed("mlx-int4", |_, config| {
        config.as_object_mut().unwrap().remove("quantization");
        config
            .as_object_mut()
            .unwrap()
            .remove("quantization_config");
    });
    assert_eq!(error_of(&checkpoint), Some(Code::InvalidHeader));
}
