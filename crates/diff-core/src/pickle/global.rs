//! What a global that a pickle names is: plain data, a class of the machine-learning world, a known way to
//! run code, or none of these.
//!
//! Lists of dangerous names always have holes; so nothing here decides what is run (nothing is), only what
//! is said. The file is long for its tables. What is on no list is *unknown*, which is worth a warning too.

/// Judgement of a global.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Builds values that are plain data.
    Data,
    /// A class of a known library: kept opaque.
    Known,
    Unknown,
    /// Runs code, reads files, opens connections, or leads to what does.
    Dangerous,
}

/// Modules by their names of today: Python 2's, and torch's old ones.
#[must_use]
pub fn modern_module(module: &str) -> &str {
    match module {
        "__builtin__" => "builtins",
        "copy_reg" => "copyreg",
        "torch.tensor" => "torch._tensor",
        "UserDict" | "UserList" | "UserString" => "collections",
        "cPickle" => "pickle",
        "Queue" => "queue",
        module => module,
    }
}

/// Calls whose argument is a pickle, or a file of torch's: looked into.
#[must_use]
pub fn takes_pickle(module: &str, name: &str) -> bool {
    match name {
        "_load_from_bytes" => module == "torch.storage",
        "loads" => matches!(
            module,
            "pickle"
                | "_pickle"
                | "dill"
                | "dill._dill"
                | "cloudpickle"
                | "cloudpickle.cloudpickle"
                | "pandas.compat.pickle_compat"
        ),
        _ => false,
    }
}

const DATA: &[(&str, &[&str])] = &[
    (
        "builtins",
        &[
            "set",
            "frozenset",
            "list",
            "dict",
            "tuple",
            "bytes",
            "bytearray",
            "complex",
            "range",
            "slice",
            "int",
            "long",
            "float",
            "str",
            "unicode",
            "bool",
            "object",
            "NoneType",
            "Ellipsis",
            "type",
            "xrange",
        ],
    ),
    (
        "collections",
        &[
            "OrderedDict",
            "defaultdict",
            "Counter",
            "deque",
            "ChainMap",
            "UserDict",
            "UserList",
        ],
    ),
    ("_codecs", &["encode"]),
    (
        "copyreg",
        &["_reconstructor", "__newobj__", "__newobj_ex__"],
    ),
    // Streams over memory: their state is their content.
    ("io", &["BytesIO", "StringIO"]),
    ("_io", &["BytesIO", "StringIO"]),
    (
        "datetime",
        &["datetime", "date", "time", "timedelta", "timezone"],
    ),
    (
        "pathlib",
        &[
            "PosixPath",
            "WindowsPath",
            "PurePosixPath",
            "PureWindowsPath",
            "Path",
            "PurePath",
        ],
    ),
    (
        "pathlib._local",
        &[
            "PosixPath",
            "WindowsPath",
            "PurePosixPath",
            "PureWindowsPath",
            "Path",
            "PurePath",
        ],
    ),
    ("decimal", &["Decimal"]),
    ("fractions", &["Fraction"]),
    ("uuid", &["UUID", "SafeUUID"]),
    ("argparse", &["Namespace"]),
    ("types", &["SimpleNamespace"]),
    ("array", &["array", "_array_reconstructor"]),
    (
        "numpy",
        &[
            "ndarray",
            "dtype",
            "bool_",
            "bool",
            "int8",
            "int16",
            "int32",
            "int64",
            "uint8",
            "uint16",
            "uint32",
            "uint64",
            "float16",
            "float32",
            "float64",
            "longdouble",
            "complex64",
            "complex128",
            "str_",
            "bytes_",
            "void",
            "datetime64",
            "timedelta64",
            "matrix",
            "object_",
        ],
    ),
    ("numpy.core.multiarray", &["_reconstruct", "scalar"]),
    ("numpy._core.multiarray", &["_reconstruct", "scalar"]),
    ("numpy.core.numeric", &["_frombuffer"]),
    ("numpy._core.numeric", &["_frombuffer"]),
    ("numpy.ma.core", &["_mareconstruct", "MaskedArray"]),
    (
        "numpy.random._pickle",
        &[
            "__randomstate_ctor",
            "__generator_ctor",
            "__bit_generator_ctor",
        ],
    ),
    ("numpy.random._mt19937", &["MT19937"]),
    ("numpy.random._pcg64", &["PCG64"]),
    (
        "torch",
        &[
            "Size",
            "Tensor",
            "device",
            "dtype",
            "layout",
            "memory_format",
            "Generator",
            "per_tensor_affine",
            "per_channel_affine",
            "per_channel_affine_float_qparams",
            "per_tensor_symmetric",
            "per_channel_symmetric",
            "strided",
            "sparse_coo",
            "sparse_csr",
            "sparse_csc",
            "sparse_bsr",
            "sparse_bsc",
            "jagged",
            "_mkldnn",
            "contiguous_format",
            "channels_last",
            "channels_last_3d",
            "preserve_format",
        ],
    ),
    (
        "torch._utils",
        &[
            "_rebuild_tensor",
            "_rebuild_tensor_v2",
            "_rebuild_tensor_v3",
            "_rebuild_parameter",
            "_rebuild_parameter_with_state",
            "_rebuild_qtensor",
            "_rebuild_sparse_tensor",
            "_rebuild_sparse_csr_tensor",
            "_rebuild_meta_tensor_no_storage",
            "_rebuild_wrapper_subclass",
            "_rebuild_nested_tensor",
            "_rebuild_device_tensor_from_numpy",
            "_rebuild_device_tensor_from_cpu_tensor",
            "_rebuild_xla_tensor",
        ],
    ),
    (
        "torch._tensor",
        &["_rebuild_from_type", "_rebuild_from_type_v2"],
    ),
    ("torch.nested._internal.nested_tensor", &["_rebuild_njt"]),
    (
        "torch.nn.parameter",
        &[
            "Parameter",
            "Buffer",
            "UninitializedParameter",
            "UninitializedBuffer",
        ],
    ),
    ("torch.serialization", &["_get_layout"]),
    (
        "torch.storage",
        &[
            "_load_from_bytes",
            "UntypedStorage",
            "_UntypedStorage",
            "TypedStorage",
            "_TypedStorage",
        ],
    ),
    (
        "torch.jit._pickle",
        &[
            "build_intlist",
            "build_tensorlist",
            "build_doublelist",
            "build_boollist",
            "build_tensor_from_id",
            "restore_type_tag",
        ],
    ),
    (
        "torch.distributed.checkpoint.metadata",
        &["TensorProperties", "Metadata"],
    ),
];

/// Names that are data in a module by their form.
fn is_data(module: &str, name: &str) -> bool {
    if DATA
        .iter()
        .any(|(known, names)| *known == module && names.contains(&name))
    {
        return true;
    }
    match module {
        "ml_dtypes" | "ml_dtypes._finfo" => true,
        "numpy.dtypes" => name.ends_with("DType"),
        "torch" | "torch.cuda" | "torch.sparse" | "torch.cuda.sparse" => {
            is_torch_class(name, "Storage")
                || is_torch_class(name, "Tensor")
                || (module == "torch" && crate::dtype::is_torch_name(name))
        }
        module => module.starts_with("__torch__"),
    }
}

/// `FloatStorage`, `HalfTensor` and their kin.
fn is_torch_class(name: &str, suffix: &str) -> bool {
    name.strip_suffix(suffix)
        .is_some_and(|kind| !kind.is_empty() && kind.bytes().all(|b| b.is_ascii_alphanumeric()))
}

/// Libraries whose classes are expected in checkpoints, by the first part of the module.
const KNOWN: &[&str] = &[
    "torch",
    "torchvision",
    "torchaudio",
    "torchtext",
    "torchmetrics",
    "transformers",
    "tokenizers",
    "pytorch_lightning",
    "lightning",
    "lightning_fabric",
    "lightning_utilities",
    "omegaconf",
    "hydra",
    "deepspeed",
    "megatron",
    "apex",
    "fairseq",
    "ultralytics",
    "models",
    "timm",
    "diffusers",
    "peft",
    "accelerate",
    "sklearn",
    "xgboost",
    "lightgbm",
    "scipy",
    "pandas",
    "numpy",
    "jax",
    "jaxlib",
    "flax",
    "optax",
    "keras",
    "tensorflow",
    "monai",
    "mmcv",
    "mmengine",
    "mmdet",
    "detectron2",
    "fvcore",
    "nemo",
    "sentence_transformers",
    "datasets",
    "spacy",
    "thinc",
    "gensim",
    "einops",
    "bitsandbytes",
    "fastai",
    "espnet",
    "espnet2",
    "speechbrain",
    "stable_baselines3",
    "gym",
    "gymnasium",
    "skorch",
    "trl",
    "unsloth",
    "safetensors",
    "esm",
    "wandb",
];

/// Modules every name of which is dangerous, by their first part.
const DANGEROUS_MODULES: &[&str] = &[
    "os",
    "posix",
    "nt",
    "posixpath",
    "ntpath",
    "subprocess",
    "_posixsubprocess",
    "sys",
    "socket",
    "_socket",
    "ssl",
    "http",
    "httplib",
    "urllib",
    "urllib2",
    "requests",
    "httpx",
    "aiohttp",
    "shutil",
    "ctypes",
    "_ctypes",
    "cffi",
    "importlib",
    "imp",
    "pty",
    "pdb",
    "bdb",
    "code",
    "codeop",
    "runpy",
    "pip",
    "setuptools",
    "pkgutil",
    "pkg_resources",
    "webbrowser",
    "asyncio",
    "multiprocessing",
    "signal",
    "_signal",
    "threading",
    "_thread",
    "commands",
    "popen2",
    "timeit",
    "profile",
    "cProfile",
    "trace",
    "doctest",
    "ensurepip",
    "venv",
    "idlelib",
    "lib2to3",
    "marshal",
    "pickle",
    "_pickle",
    "dill",
    "cloudpickle",
    "joblib",
    "shelve",
    "dbm",
    "sqlite3",
    "_sqlite3",
    "ftplib",
    "telnetlib",
    "smtplib",
    "smtpd",
    "poplib",
    "imaplib",
    "nntplib",
    "xmlrpc",
    "zipimport",
    "zipfile",
    "tarfile",
    "site",
    "gc",
    "inspect",
    "distutils",
    "_osx_support",
    "_aix_support",
    "_pyrepl",
    "pydoc",
    "builtin",
    "linecache",
    "io",
    "_io",
    "tempfile",
    "glob",
    "fileinput",
    "mmap",
    "resource",
    "fcntl",
    "termios",
    "tty",
    "crypt",
    "spwd",
    "grp",
    "pwd",
    "socketserver",
    "SocketServer",
    "wsgiref",
    "antigravity",
    "this",
    "test",
    "unittest",
    "platform",
    "getpass",
    "fabric",
    "paramiko",
    "nltk",
    "execnet",
    "sh",
    "plumbum",
    "psutil",
    "winreg",
    "_winreg",
    "msvcrt",
    "_winapi",
    "select",
    "selectors",
];

/// Names of builtins that do more than build data.
const DANGEROUS_BUILTINS: &[&str] = &[
    "eval",
    "exec",
    "execfile",
    "compile",
    "open",
    "file",
    "__import__",
    "import_module",
    "getattr",
    "setattr",
    "delattr",
    "globals",
    "locals",
    "vars",
    "dir",
    "apply",
    "input",
    "raw_input",
    "breakpoint",
    "help",
    "exit",
    "quit",
    "map",
    "filter",
    "reload",
    "intern",
    "memoryview",
    "super",
    "print",
    "__build_class__",
    "property",
    "classmethod",
];

/// Single names, and whole modules with `*`, that are dangerous inside libraries which are not.
const DANGEROUS_NAMES: &[(&str, &str)] = &[
    ("operator", "*"),
    ("_operator", "*"),
    ("functools", "reduce"),
    ("functools", "partial"),
    ("functools", "partialmethod"),
    ("itertools", "starmap"),
    ("types", "FunctionType"),
    ("types", "CodeType"),
    ("types", "LambdaType"),
    ("types", "MethodType"),
    ("types", "ModuleType"),
    ("types", "DynamicClassAttribute"),
    ("logging.config", "*"),
    ("copyreg", "extension"),
    ("numpy", "load"),
    ("numpy", "fromfile"),
    ("numpy", "memmap"),
    ("numpy", "loadtxt"),
    ("numpy", "savetxt"),
    ("numpy.lib.npyio", "*"),
    ("numpy.testing._private.utils", "*"),
    ("numpy.testing", "*"),
    ("numpy.f2py", "*"),
    ("numpy.f2py.crackfortran", "*"),
    ("numpy.distutils", "*"),
    ("pandas", "read_pickle"),
    ("pandas", "eval"),
    ("pandas.io.pickle", "*"),
    ("pandas.core.computation.eval", "*"),
    ("torch", "load"),
    ("torch", "save"),
    ("torch", "compile"),
    ("torch.serialization", "load"),
    ("torch.serialization", "save"),
    ("torch.hub", "*"),
    ("torch.jit", "load"),
    ("torch.jit.unsupported_tensor_ops", "*"),
    ("torch.package", "*"),
    ("torch.utils.cpp_extension", "*"),
    ("torch.utils.model_zoo", "*"),
    ("torch.utils._config_module", "*"),
    ("torch.utils.collect_env", "*"),
    ("torch.utils.bottleneck", "*"),
    ("torch.utils.bottleneck.__main__", "*"),
    ("torch.utils.data.datapipes.utils.decoder", "*"),
    ("torch.fx.experimental.symbolic_shapes", "*"),
    ("torch.distributed.rpc", "*"),
    ("torch.distributed.elastic", "*"),
    ("torch._inductor", "*"),
    ("torch._inductor.codecache", "*"),
    ("torch._dynamo.guards", "*"),
    ("torch.testing._internal", "*"),
    ("torch.ops", "load_library"),
    ("sklearn.externals.joblib", "*"),
    ("tensorflow.python", "*"),
    ("keras.models", "load_model"),
    ("scipy.io", "*"),
    ("jax.experimental", "*"),
    ("wandb.sdk", "*"),
];

/// Judges a global by its module (of today) and its name, which may be dotted.
#[must_use]
pub fn classify(module: &str, name: &str) -> Class {
    let first = module.split('.').next().unwrap_or(module);
    if matches!(module, "io" | "_io") && is_data(module, name) {
        return Class::Data;
    }
    if DANGEROUS_MODULES.contains(&first) || reaches_module(name) {
        return Class::Dangerous;
    }
    if module == "builtins" && DANGEROUS_BUILTINS.contains(&name) {
        return Class::Dangerous;
    }
    let dangerous = DANGEROUS_NAMES
        .iter()
        .any(|(known, names)| *known == module && (*names == "*" || *names == name));
    if dangerous {
        return Class::Dangerous;
    }
    // A module of another library's, reached through its own: `numpy.os.system`.
    let tail = module.split('.').skip(1);
    if tail
        .filter(|part| {
            matches!(
                *part,
                "os" | "sys" | "subprocess" | "shutil" | "socket" | "importlib"
            )
        })
        .count()
        > 0
    {
        return Class::Dangerous;
    }
    if is_data(module, name) {
        return Class::Data;
    }
    if KNOWN.contains(&first) {
        return Class::Known;
    }
    Class::Unknown
}

/// A dotted name that walks from a class through a module or a special attribute: `Path.os.system`.
fn reaches_module(name: &str) -> bool {
    name.contains('.')
        && name.split('.').any(|part| {
            part.starts_with("__")
                || DANGEROUS_MODULES.contains(&part)
                || DANGEROUS_BUILTINS.contains(&part)
        })
}
