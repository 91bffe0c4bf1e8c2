//! Directories of formats that are not read: what they are, and what to convert them with.

use super::listing::Listing;
use crate::error::{Code, Error};

/// How a directory is recognised.
enum Sign {
    File(&'static str),
    Folder(&'static str),
    /// A file whose name ends so.
    Ending(&'static str),
    /// A folder whose name begins so.
    FolderStart(&'static str),
}

const KNOWN: &[(&[Sign], &str, &str)] = &[
    (
        &[Sign::File(".metadata")],
        "checkpoint of torch.distributed (DCP)",
        "python -m torch.distributed.checkpoint.format_utils dcp_to_torch DIRECTORY model.pt",
    ),
    (
        &[
            Sign::File("_CHECKPOINT_METADATA"),
            Sign::File("orbax.checkpoint"),
            Sign::File("manifest.ocdbt"),
            Sign::File("_METADATA"),
        ],
        "Orbax checkpoint (JAX)",
        "restore it with orbax.checkpoint and save it with safetensors.flax.save_file",
    ),
    (
        &[
            Sign::File("saved_model.pb"),
            Sign::File("saved_model.pbtxt"),
        ],
        "TensorFlow SavedModel",
        "load it with tf.saved_model.load and save its variables with safetensors.tensorflow.save_file",
    ),
    (
        &[
            Sign::Ending(".ckpt.index"),
            Sign::Ending(".data-00000-of-00001"),
        ],
        "TensorFlow checkpoint (tensor bundle)",
        "read it with tf.train.load_checkpoint and save its variables with safetensors.tensorflow.save_file",
    ),
    (
        &[
            Sign::FolderStart("global_step"),
            Sign::File("zero_to_fp32.py"),
        ],
        "checkpoint of DeepSpeed",
        "python zero_to_fp32.py . OUTPUT, the script that lies in it",
    ),
    (
        &[Sign::File("latest_checkpointed_iteration.txt")],
        "checkpoint of Megatron-LM",
        "convert it with Megatron's tools/checkpoint/convert.py to the Hugging Face format",
    ),
    (
        &[
            Sign::Ending("openvino_model.xml"),
            Sign::Ending("openvino_model.bin"),
        ],
        "OpenVINO model",
        "compare the model that it was made from",
    ),
    (
        &[Sign::File("flax_model.msgpack"), Sign::Ending(".msgpack")],
        "Flax model (msgpack)",
        "load it with from_pretrained(..., from_flax=True) and save it with save_pretrained",
    ),
    (
        &[
            Sign::File("tf_model.h5"),
            Sign::Ending(".keras"),
            Sign::Ending(".weights.h5"),
        ],
        "Keras or TensorFlow model (HDF5)",
        "load it in Keras and save the weights with safetensors.numpy.save_file",
    ),
    (
        &[Sign::Ending(".onnx")],
        "ONNX model",
        "read its initializers with onnx.numpy_helper and save them with safetensors.numpy.save_file",
    ),
    (
        &[Sign::Ending(".nemo")],
        "NeMo archive (tar)",
        "unpack it with tar xf and compare the model_weights.ckpt in it",
    ),
    (
        &[Sign::Folder("ocdbt.process_0"), Sign::Folder("pytree")],
        "Orbax checkpoint (JAX)",
        "restore it with orbax.checkpoint and save it with safetensors.flax.save_file",
    ),
];

/// The error for a directory of a known other format.
pub(super) fn explain(listing: &Listing) -> Option<Error> {
    let shows = |sign: &Sign| match sign {
        Sign::File(name) => listing.has(name),
        Sign::Folder(name) => listing.has_folder(name),
        Sign::Ending(end) => listing.files.iter().any(|name| name.ends_with(end)),
        Sign::FolderStart(start) => listing.folders.iter().any(|name| name.starts_with(start)),
    };
    let (_, what, hint) = KNOWN.iter().find(|(signs, _, _)| signs.iter().any(shows))?;
    Some(
        Error::new(
            Code::UnsupportedFormat,
            format!("{what}, which this version does not read"),
        )
        .found(listing.in_words())
        .at(&listing.directory)
        .hint(format!("convert it first: {hint}")),
    )
}
