//! Adapters against what peft and `LyCORIS` compute of them: the change of each weight, and the merged checkpoint.

use std::path::{Path, PathBuf};

use diff_core::Checkpoint;
use diff_core::engine::{ElementType, read_elements};
use diff_core::format::{OpenOptions, open};
use diff_core::observe::Observer;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../__test__/fixtures/adapters")
        .join(name)
}

fn opened(name: &str) -> Checkpoint {
    open(&fixture(name), &OpenOptions::default()).unwrap()
}

fn merged(base: &str, adapter: &str) -> Checkpoint {
    let options = OpenOptions {
        adapter: Some(fixture(adapter)),
        ..OpenOptions::default()
    };
    open(&fixture(base), &options).unwrap()
}

fn numbers(checkpoint: &Checkpoint, name: &str) -> Vec<f32> {
    let place = checkpoint
        .tensors
        .iter()
        .position(|tensor| tensor.name == name);
    let place = place.unwrap_or_else(|| panic!("no {name} in {}", checkpoint.path.display()));
    let count = checkpoint.tensors[place].elements;
    let bytes = read_elements(
        checkpoint,
        place,
        0,
        count,
        ElementType::F32,
        &Observer::default(),
    );
    let bytes = bytes.unwrap_or_else(|error| panic!("{error}"));
    bytes
        .as_chunks()
        .0
        .iter()
        .map(|bytes| f32::from_le_bytes(*bytes))
        .collect()
}

/// How far two tensors are apart: the most numbers of their type that lie between two elements, of which the sums had `scale` for the
/// largest part.
fn apart(ours: &[f32], theirs: &[f32], spacing: f32) -> f32 {
    assert_eq!(ours.len(), theirs.len());
    let largest = theirs.iter().fold(0f32, |most, x| most.max(x.abs()));
    let pairs = ours.iter().zip(theirs);
    pairs.fold(0f32, |most, (a, b)| {
        most.max((a - b).abs() / (largest * spacing))
    })
}

/// Every tensor of `theirs` under its own name in `ours`, with the same shape and at most so many spacings of the largest element off.
fn check(ours: &Checkpoint, theirs: &Checkpoint, (most, spacing): (f32, f32), what: &str) {
    let mut seen = 0;
    for tensor in &theirs.tensors {
        let own = ours.tensors.iter().find(|own| own.name == tensor.name);
        let own = own.unwrap_or_else(|| panic!("{what}: no {}", tensor.name));
        let (a, b) = (numbers(ours, &tensor.name), numbers(theirs, &tensor.name));
        let apart = apart(&a, &b, spacing);
        assert!(apart <= most, "{what}: {} is {apart} off", tensor.name);
        assert_eq!(own.elements, tensor.elements, "{what}: {}", tensor.name);
        seen += 1;
    }
    assert!(seen > 0, "{what}");
}

const F32: f32 = f32::EPSILON / 2.0;
const BF16: f32 = 1.0 / 256.0;

/// Cases, and how many half-spacings of f32 at the largest element peft's changes and merged weights may be off: none where the order of
/// arithmetic is that of a matrix product.
const CASES: &[(&str, f32)] = &[
    ("plain", 0.0),
    ("rslora", 0.0),
    ("patterns", 0.0),
    ("embedding", 0.0),
    ("convolution", 0.0),
    ("turned", 0.0),
    ("saved", 0.0),
    ("bias", 0.0),
    ("parameters", 0.0),
    ("loha", 0.0),
    ("loha-middle", 4.0),
    ("lokr", 0.0),
    ("lokr-both", 0.0),
    ("lokr-middle", 4.0),
    ("tokens", 0.0),
    ("dora", 4.0),
    ("dora-turned", 4.0),
];

#[test]
fn changes_are_those_that_peft_computes() {
    for (name, most) in CASES {
        let ours = opened(&format!("{name}/adapter"));
        check(
            &ours,
            &opened(&format!("{name}/delta.safetensors")),
            (*most, F32),
            name,
        );
    }
}

#[test]
fn a_base_and_an_adapter_are_what_peft_merges() {
    for (name, most) in CASES {
        let ours = merged("base/f32", &format!("{name}/adapter"));
        let theirs = opened(&format!("{name}/merged.safetensors"));
        check(&ours, &theirs, (*most, F32), name);
        assert_eq!(ours.tensors.len(), theirs.tensors.len());
    }
    for (name, base, most) in [
        ("plain-bf16", "bf16", 0.0),
        ("embedding-bf16", "bf16", 0.0),
        ("parameters-bf16", "bf16", 0.0),
        ("convolution-bf16", "bf16", 0.0),
        ("dora-bf16", "bf16", 0.0),
        ("plain-f16", "f16", 0.0),
        ("tokens-only", "f32", 0.0),
        ("tokens-bf16", "bf16", 0.0),
    ] {
        let ours = merged(&format!("base/{base}"), &format!("{name}/adapter"));
        check(
            &ours,
            &opened(&format!("{name}/merged.safetensors")),
            (most, BF16),
            name,
        );
    }
}

#[test]
fn layers_that_an_adapter_repeats_have_factors_of_their_own() {
    let ours = merged("replicated/base", "replicated/adapter");
    let theirs = opened("replicated/merged.safetensors");
    check(&ours, &theirs, (0.0, F32), "replicated");
    assert_eq!(ours.tensors.len(), theirs.tensors.len());
    assert!(
        theirs
            .tensors
            .iter()
            .any(|one| one.name.starts_with("model.layers.3."))
    );
}

#[test]
fn a_head_that_is_the_embedding_follows_it() {
    for name in ["tokens", "tokens-only", "embedding", "saved"] {
        let theirs = opened(&format!("tied/{name}/merged.safetensors"));
        for base in ["tied/both.bin", "tied/copies"] {
            let both = merged(base, &format!("tied/{name}/adapter"));
            check(&both, &theirs, (0.0, F32), name);
        }
        // Without the head, which the embedding stands for.
        let one = merged("tied/base", &format!("tied/{name}/adapter"));
        let embedding = "model.embed_tokens.weight";
        assert_eq!(
            numbers(&one, embedding),
            numbers(&theirs, embedding),
            "{name}"
        );
        assert!(one.tensors.iter().all(|one| one.name != "lm_head.weight"));
    }
}

#[test]
fn weights_that_lycoris_decomposes_are_those_that_it_merges() {
    for algo in ["lora", "loha", "lokr"] {
        for (kind, base, most, spacing) in [
            ("", "f32", 4.0, F32),
            ("-inputs", "f32", 4.0, F32),
            ("-bf16", "bf16", 0.0, BF16),
            ("-bf16-inputs", "bf16", 0.0, BF16),
        ] {
            let folder = format!("lycoris-decomposed/{algo}{kind}");
            let ours = merged(
                &format!("base/{base}"),
                &format!("{folder}/adapter.safetensors"),
            );
            let theirs = opened(&format!("{folder}/merged.safetensors"));
            check(&ours, &theirs, (most, spacing), &folder);
        }
    }
}

/// What merging a copy of an adapter with another configuration says.
fn merged_with(name: &str, from: &str, edit: &[(&str, &str)]) -> String {
    let folder =
        std::env::temp_dir().join(format!("model-diff-merged-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let source = fixture(from);
    std::fs::copy(
        source.join("adapter_model.safetensors"),
        folder.join("adapter_model.safetensors"),
    )
    .unwrap();
    let mut config = std::fs::read_to_string(source.join("adapter_config.json")).unwrap();
    for (old, new) in edit {
        assert!(config.contains(old), "{old}");
        config = config.replace(old, new);
    }
    std::fs::write(folder.join("adapter_config.json"), config).unwrap();
    let options = OpenOptions {
        adapter: Some(folder.clone()),
        ..OpenOptions::default()
    };
    let base = if from.starts_with("replicated") {
        "replicated/base"
    } else {
        "base/f32"
    };
    let made = open(&fixture(base), &options);
    std::fs::remove_dir_all(folder).unwrap();
    made.err()
        .map_or_else(String::new, |error| error.to_string())
}

#[test]
fn what_of_a_configuration_cannot_be_merged_is_an_error_that_names_it() {
    for (name, from, edit, said) in [
        (
            "tokens-many",
            "tokens/adapter",
            ("29,", "30,"),
            "found token 30",
        ),
        (
            "tokens-twice",
            "tokens/adapter",
            ("29,", "3,"),
            "two rows of one token",
        ),
        (
            "tokens-fewer",
            "tokens/adapter",
            ("      29,\n", ""),
            "expected [4, 12], found [5, 12]",
        ),
        (
            "tokens-other",
            "tokens/adapter",
            ("\"embed\": [", "\"bed\": ["),
            "does not say which tokens",
        ),
        (
            "tokens-none",
            "tokens-only/adapter",
            ("token_indices", "tokens"),
            "does not say which tokens",
        ),
        (
            "layers-more",
            "replicated/adapter",
            ("3\n    ]", "4\n    ]"),
            "expected one of 3, found layer 3",
        ),
        (
            "layers-many",
            "replicated/adapter",
            ("3\n    ]", "99999999999\n    ]"),
            "too many layers",
        ),
        (
            "pissa",
            "plain/adapter",
            (
                "\"init_lora_weights\": true",
                "\"init_lora_weights\": \"pissa_niter_4\"",
            ),
            "init_lora_weights: pissa_niter_4",
        ),
        (
            "qalora",
            "plain/adapter",
            ("\"use_qalora\": false", "\"use_qalora\": true"),
            "found use_qalora",
        ),
        (
            "alora",
            "plain/adapter",
            (
                "\"alora_invocation_tokens\": null",
                "\"alora_invocation_tokens\": [5]",
            ),
            "found alora_invocation_tokens",
        ),
        (
            "kasa",
            "plain/adapter",
            ("\"kasa_config\": null", "\"kasa_config\": {}"),
            "found kasa_config",
        ),
    ] {
        let error = merged_with(name, from, &[edit]);
        assert!(error.contains(said), "{name}: {error:?}");
    }
    assert_eq!(merged_with("plain", "plain/adapter", &[]), "");
    assert_eq!(
        merged_with(
            "gaussian",
            "plain/adapter",
            &[(
                "\"init_lora_weights\": true",
                "\"init_lora_weights\": \"gaussian\""
            )]
        ),
        ""
    );
}

#[test]
fn changes_are_those_that_lycoris_computes() {
    for (name, most) in [("lora", 2.0), ("loha", 0.0), ("lokr", 0.0)] {
        let ours = opened(&format!("lycoris/{name}/adapter.safetensors"));
        let theirs = opened(&format!("lycoris/{name}/delta.safetensors"));
        check(&ours, &theirs, (most, F32), name);
        let whole = merged("base/f32", &format!("lycoris/{name}/adapter.safetensors"));
        let base = opened("base/f32");
        for weight in ["q_proj.weight", "conv.weight", "point.weight"] {
            let delta = numbers(
                &theirs,
                &format!("lycoris_{}", weight.replacen('.', "_", 0)),
            );
            let sums: Vec<f32> = numbers(&base, weight)
                .iter()
                .zip(&delta)
                .map(|(a, b)| a + b)
                .collect();
            let apart = apart(&numbers(&whole, weight), &sums, F32);
            assert!(apart <= most, "{name} {weight} is {apart} off");
        }
    }
}

/// A hostile adapter: its name here, names and shapes of its tensors, its configuration, and what the error says.
type Case<'a> = (&'a str, &'a [(&'a str, &'a [u64])], Option<String>, &'a str);

/// A file of safetensors, of zeros.
fn written(name: &str, tensors: &[(&str, &[u64])], config: Option<&str>) -> PathBuf {
    let folder =
        std::env::temp_dir().join(format!("model-diff-adapter-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let mut offset = 0;
    let entries = tensors.iter().map(|(name, shape)| {
        let begin = offset;
        offset += 4 * shape.iter().product::<u64>();
        format!(r#"{name:?}:{{"dtype":"F32","shape":{shape:?},"data_offsets":[{begin},{offset}]}}"#)
    });
    let header = format!("{{{}}}", entries.collect::<Vec<_>>().join(","));
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.resize(bytes.len() + offset as usize, 0);
    std::fs::write(folder.join("adapter_model.safetensors"), bytes).unwrap();
    if let Some(config) = config {
        std::fs::write(folder.join("adapter_config.json"), config).unwrap();
    }
    folder
}

/// The error of the one tensor that is left of a hostile adapter.
fn refusal(name: &str, tensors: &[(&str, &[u64])], config: Option<&str>) -> String {
    let folder = written(name, tensors, config);
    let checkpoint = open(&folder, &OpenOptions::default()).unwrap();
    std::fs::remove_dir_all(folder).unwrap();
    let errors = checkpoint
        .tensors
        .iter()
        .filter_map(diff_core::tensor::Tensor::error);
    let errors: Vec<String> = errors.map(ToString::to_string).collect();
    assert_eq!(errors.len(), 1, "{name}: {errors:?}");
    errors[0].clone()
}

#[test]
fn what_contradicts_itself_is_an_error_of_its_tensor() {
    const A: (&str, &[u64]) = ("m.q.lora_A.weight", &[4, 6]);
    const B: (&str, &[u64]) = ("m.q.lora_B.weight", &[8, 4]);
    let config = |text: &str| Some(format!(r#"{{"peft_type":"LORA","lora_alpha":8,{text}}}"#));
    let cases: &[Case] = &[
        (
            "rank",
            &[A, B],
            config(r#""r":1000000000"#),
            "another rank than its configuration: expected 1000000000, found 4",
        ),
        ("rank0", &[A, B], config(r#""r":0"#), "no whole number"),
        ("rank-nan", &[A, B], config(r#""r":1e400"#), "is not valid"),
        ("missing", &[A], None, "a factor of the adapter is missing"),
        (
            "shapes",
            &[A, ("m.q.lora_B.weight", &[8, 5])],
            None,
            "do not fit together",
        ),
        (
            "flat",
            &[A, ("m.q.lora_B.weight", &[8])],
            None,
            "do not fit together",
        ),
        (
            "empty",
            &[("m.q.lora_A.weight", &[4, 0]), B],
            None,
            "no elements",
        ),
        (
            "pattern",
            &[A, B],
            config(r#""r":4,"alpha_pattern":{"(":1}"#),
            "pattern of the adapter's configuration",
        ),
        (
            "alpha",
            &[A, B, ("m.q.alpha", &[2])],
            None,
            "scale of a tensor is not one number",
        ),
        (
            "middle",
            &[
                ("m.q.lora_down.weight", &[2, 6]),
                ("m.q.lora_up.weight", &[8, 2]),
                ("m.q.lora_mid.weight", &[2]),
            ],
            None,
            "too few axes",
        ),
        (
            "hada",
            &[
                ("m.q.hada_w1_a", &[4, 2]),
                ("m.q.hada_w1_b", &[2, 4]),
                ("m.q.hada_w2_a", &[4, 2]),
                ("m.q.hada_w2_b", &[2, 5]),
            ],
            None,
            "different shapes",
        ),
        (
            "kron",
            &[("m.q.lokr_w1", &[2, 2, 2]), ("m.q.lokr_w2", &[2, 2])],
            None,
            "more axes",
        ),
        (
            "experts",
            &[("m.lora_A.weight", &[5, 6]), ("m.lora_B.weight", &[8, 5])],
            config(r#""r":2,"target_parameters":["m.w"]"#),
            "do not fit its rank",
        ),
        (
            "parameters",
            &[
                ("m.base_layer.lora_A.weight", &[4, 6]),
                ("m.base_layer.lora_B.weight", &[8, 4]),
            ],
            config(r#""r":4,"target_parameters":["m.w"]"#),
            "more parameters",
        ),
        (
            "large",
            &[
                ("m.q.lora_A.weight", &[1, 300_000]),
                ("m.q.lora_B.weight", &[300_000, 1]),
            ],
            None,
            "too many elements",
        ),
    ];
    for (name, tensors, config, wanted) in cases {
        let found = refusal(name, tensors, config.as_deref());
        assert!(found.contains(wanted), "{name}: {found}");
    }
}

#[test]
fn names_of_no_known_form_stay_as_they_are() {
    let tensors: &[(&str, &[u64])] = &[
        (".lora_A.weight", &[4, 6]),
        ("lora_B.weight", &[4, 6]),
        ("a.base_layer.base_layer.weight", &[2, 2]),
        ("act.alpha", &[3]),
        ("q.weight", &[2, 2]),
        ("q.lora_A.weight", &[1, 2]),
        ("q.lora_B.weight", &[2, 1]),
    ];
    let folder = written("names", tensors, None);
    let checkpoint = open(&folder, &OpenOptions::default()).unwrap();
    std::fs::remove_dir_all(folder).unwrap();
    let mut names: Vec<&str> = checkpoint
        .tensors
        .iter()
        .map(|tensor| &*tensor.name)
        .collect();
    let mut wanted: Vec<&str> = tensors.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(names, wanted);
}
