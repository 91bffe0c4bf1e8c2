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
    safetensors::serialize_to_file(views, None, &place.0.join("model.safetensors")).unwrap();
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

/// Any tensor of any scheme that was cut off: an error, another shape, or the values as they were; never other numbers in their place.
#[test]
fn what_was_cut_off_makes_no_other_numbers() {
    let (mut refused, mut wrong) = (0, Vec::new());
    for folder in folders() {
        let label = folder.file_name().unwrap().to_string_lossy().into_owned();
        let expected = values(&folder);
        let bytes = std::fs::read(folder.join("model.safetensors")).unwrap();
        let file = SafeTensors::deserialize(&bytes).unwrap();
        let names: Vec<String> = file.names().into_iter().map(str::to_owned).collect();
        for part in names {
            for axis in 0..file.tensor(&part).unwrap().shape().len() {
                let (_place, checkpoint) = changed(&label, |parts, _| {
                    let (_, shape, bytes) = parts.get_mut(&part).unwrap();
                    *bytes = without_last(shape, axis, bytes);
                    shape[axis] -= 1;
                });
                for (number, tensor) in checkpoint.tensors.iter().enumerate() {
                    let Some((shape, wanted)) = expected.get(&tensor.name) else {
                        continue;
                    };
                    let all = tensor.elements;
                    let observer = Observer::default();
                    let kind = ElementType::F32;
                    let Ok(found) = read_elements(&checkpoint, number, 0, all, kind, &observer)
                    else {
                        refused += 1;
                        continue;
                    };
                    let found = found.as_chunks().0.iter().map(|x| f32::from_le_bytes(*x));
                    let is_shape = tensor
                        .shape
                        .iter()
                        .map(|&dim| dim as usize)
                        .eq(shape.iter().copied());
                    let is_same = found.eq(wanted.iter().copied());
                    // One scale a row is a scheme of its own, which no configuration of these rules out.
                    let is_other_scheme = axis == 1
                        && ["ct-mxfp8", "fp8-pairs"].contains(&label.as_str())
                        && part.contains("weight_scale");
                    if is_shape && !is_same && !is_other_scheme {
                        wrong.push(format!("{label}: {part} without the last of axis {axis}"));
                    }
                }
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
    assert!(refused > 100, "{refused}");
}

/// The bytes of an array without the last index of an axis.
fn without_last(shape: &[usize], axis: usize, bytes: &[u8]) -> Vec<u8> {
    let lines: usize = shape[..axis].iter().product();
    let line = bytes.len() / lines;
    let kept = line / shape[axis] * (shape[axis] - 1);
    bytes
        .chunks(line)
        .flat_map(|line| &line[..kept])
        .copied()
        .collect()
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
    assert_eq!(code("awq", "version", json!("gemv")), unread);
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
    let (_place, checkpoint) = changed("torchao-fp8", |parts, config| {
        // The class stands in the metadata, which is not written again.
        config["quantization_config"]["quant_method"] = json!("torchao");
        for (_, (dtype, _, _)) in parts.iter_mut().filter(|(name, _)| name.ends_with("qdata")) {
            *dtype = Dtype::U8;
        }
    });
    assert_eq!(error_of(&checkpoint), unread);
}

/// An index beyond the groups is found when it is read.
#[test]
fn wrong_contents_are_said() {
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
