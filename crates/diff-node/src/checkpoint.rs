//! Checkpoints as JavaScript holds them: a handle, read through columns.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use diff_core::checkpoint::{Checkpoint, Format};
use diff_core::dtype::DType;
use diff_core::engine::{self, ElementType, Histogram, Input, Item, Options, Plan};
use diff_core::format::OpenOptions;
use diff_core::kernel::Method;
use diff_core::limits::{Cap, Limits};
use diff_core::observe::Observer;
use diff_core::source::{Files, MemorySource, Source};
use diff_core::tensor::{Span, Tensor, element_count};
use diff_core::{Code, Error};
use napi::bindgen_prelude::{Either, Env, Object, ObjectFinalize, Result, Uint8Array};
use napi_derive::napi;

use crate::failure::{self, Failure, NativeFinding};
use crate::job::{Control, spawn};
use crate::remote::NativeRemote;
use crate::table::{Columns, HashTable, TensorTable};

/// An opened checkpoint. Closing drops the files; jobs that still run keep their own hold on them.
#[napi(custom_finalize)]
pub struct NativeCheckpoint {
    inner: Option<Arc<Checkpoint>>,
    /// Bytes of it that V8 knows of: without them a loop that never closes its snapshots would leave no reason to
    /// collect them.
    reported: i64,
}

impl NativeCheckpoint {
    pub(crate) fn holding(checkpoint: Checkpoint) -> Self {
        Self {
            inner: Some(Arc::new(checkpoint)),
            reported: 0,
        }
    }

    /// The tensors of another handle in other forms, with its hold on the files. V8 is told of the same bytes again, as either may live longer.
    pub(crate) fn beside(&self, env: Env, checkpoint: Checkpoint) -> Self {
        let reported = env.adjust_external_memory(self.reported);
        Self {
            reported: reported.map_or(0, |_| self.reported),
            ..Self::holding(checkpoint)
        }
    }

    fn give_back(&mut self, env: Env) {
        let reported = std::mem::take(&mut self.reported);
        if reported > 0 {
            // It fails only where the environment is gone, and its count with it.
            let _ = env.adjust_external_memory(-reported);
        }
    }
}

impl ObjectFinalize for NativeCheckpoint {
    fn finalize(mut self, env: Env) -> Result<()> {
        self.give_back(env);
        Ok(())
    }
}

/// One tensor that JavaScript holds in memory.
#[napi(object)]
pub struct MemoryTensor {
    pub name: String,
    pub dtype: String,
    pub shape: Vec<f64>,
    /// Little-endian elements in row-major order.
    pub bytes: Uint8Array,
}

#[napi(object)]
pub struct NativeFile {
    pub path: String,
    pub bytes: f64,
    /// Milliseconds since 1970 of its last modification before it was opened; absent where there is no such time.
    pub modified: Option<f64>,
}

/// What holds tensors, or could, and is not compared.
#[napi(object)]
pub struct NativeLeftOut {
    /// `file`, `mapping` or `record`.
    pub kind: String,
    /// `weights` or `state`.
    pub role: String,
    pub name: String,
    pub bytes: f64,
    pub path: String,
}

/// A mapping of a file that could be the model: `key` opens it.
#[napi(object)]
pub struct NativeCandidate {
    pub key: String,
    pub tensors: f64,
    pub bytes: f64,
    /// Whether it is the one that was taken.
    pub chosen: bool,
}

#[napi(object)]
pub struct NativeText {
    pub key: String,
    pub value: String,
}

/// Everything but the tensors.
#[napi(object)]
pub struct Description {
    pub path: String,
    pub format: String,
    pub metadata: Vec<NativeText>,
    /// Whether a folder was looked at: else configuration is not known, rather than absent.
    pub has_folder: bool,
    /// Whether bytes of it come from a server.
    pub is_remote: bool,
    pub config: Option<String>,
    pub configs: Vec<NativeText>,
    pub findings: Vec<NativeFinding>,
    pub files: Vec<NativeFile>,
    pub left_out: Vec<NativeLeftOut>,
    /// Empty where there is no choice.
    pub candidates: Vec<NativeCandidate>,
}

/// How a checkpoint is opened.
#[napi(object)]
pub struct NativeOpenOptions {
    /// Path of the mapping that holds the model's tensors; found by itself where it is absent.
    pub key: Option<String>,
    pub variant: Option<String>,
    pub include_optimizer: bool,
    /// Whether quantised tensors stay what is stored.
    pub raw: bool,
    /// Path of an adapter that is merged into what is opened.
    pub adapter: Option<String>,
    pub limits: Vec<NativeLimit>,
}

/// A cap that the caller sets.
#[napi(object)]
pub struct NativeLimit {
    pub name: String,
    pub value: f64,
}

impl NativeOpenOptions {
    fn watched_by(self, files: Files, observer: Arc<Observer>) -> diff_core::Result<OpenOptions> {
        let mut limits = Limits::default();
        for NativeLimit { name, value } in self.limits {
            let cap = Cap::from_name(&name).ok_or_else(|| {
                Error::new(Code::Argument, "there is no such limit")
                    .expected(
                        Cap::ALL
                            .iter()
                            .map(|cap| cap.name())
                            .collect::<Vec<_>>()
                            .join(", "),
                    )
                    .found(format!("{name:?}"))
            })?;
            limits = limits.with(cap, value as u64);
        }
        Ok(OpenOptions {
            key: self.key,
            variant: self.variant,
            include_optimizer: self.include_optimizer,
            raw: self.raw,
            adapter: self.adapter.map(PathBuf::from),
            limits,
            files,
            observer,
        })
    }
}

/// Opens a file or directory: reads descriptions, no tensor data.
#[napi(ts_return_type = "Promise<Failure | NativeCheckpoint>")]
pub fn open_checkpoint<'env>(
    env: &'env Env,
    path: String,
    options: NativeOpenOptions,
    control: &Control,
    remote: Option<&NativeRemote>,
) -> Result<Object<'env>> {
    let observer = control.observer();
    let files = remote.map(NativeRemote::files).unwrap_or_default();
    spawn(env, control.observer(), move |_| {
        observer.check()?;
        let opened =
            diff_core::format::open(Path::new(&path), &options.watched_by(files, observer)?)?;
        Ok(NativeCheckpoint::holding(opened))
    })
}

/// The format of a path by its content; null when no reader claims it.
#[napi(ts_return_type = "Promise<Failure | string>")]
pub fn detect_format<'env>(
    env: &'env Env,
    path: String,
    control: &Control,
    remote: Option<&NativeRemote>,
) -> Result<Object<'env>> {
    let files = remote.map(NativeRemote::files).unwrap_or_default();
    spawn(env, control.observer(), move |_| {
        let format = diff_core::format::detect(Path::new(&path), &files)?;
        Ok(format.map_or("unknown", Format::as_str).to_owned())
    })
}

/// BLAKE3 of bytes.
#[napi]
#[must_use]
pub fn hash_bytes(bytes: Uint8Array) -> Uint8Array {
    engine::hash_bytes(&bytes).to_vec().into()
}

/// A checkpoint of tensors in memory; their bytes are copied, and V8 is told how many there are.
#[napi]
#[must_use]
pub fn memory_checkpoint(
    env: Env,
    tensors: Vec<MemoryTensor>,
) -> Either<Failure, NativeCheckpoint> {
    failure::answer(|| {
        let lengths = tensors.iter().map(|tensor| tensor.bytes.len());
        let bytes = lengths.sum::<usize>() as i64;
        let checkpoint = from_memory(tensors)?;
        Ok(NativeCheckpoint {
            inner: Some(Arc::new(checkpoint)),
            reported: env.adjust_external_memory(bytes).map_or(0, |_| bytes),
        })
    })
}

fn from_memory(given: Vec<MemoryTensor>) -> diff_core::Result<Checkpoint> {
    let mut tensors = Vec::with_capacity(given.len());
    let mut sources: Vec<Arc<dyn Source>> = Vec::with_capacity(given.len());
    for (index, tensor) in given.into_iter().enumerate() {
        let dtype = DType::from_name(&tensor.dtype).ok_or_else(|| {
            Error::new(Code::Argument, "dtype is not known")
                .expected(DType::all().map(DType::name).collect::<Vec<_>>().join(", "))
                .found(format!("{:?}", tensor.dtype))
                .tensor(&tensor.name)
        })?;
        let shape: Vec<u64> = tensor.shape.iter().map(|&dim| dim as u64).collect();
        let elements = element_count(&shape).map_err(|e| e.tensor(&tensor.name))?;
        let bytes = tensor.bytes.len() as u64;
        if elements * dtype.bytes() != bytes {
            return Err(Error::new(Code::Argument, "shape does not fit the data")
                .expected(format!("{elements} elements of {}", dtype.name()))
                .found(format!("{bytes} bytes"))
                .tensor(&tensor.name));
        }
        let span = Span {
            source: index as u32,
            offset: 0,
            bytes,
        };
        sources.push(Arc::new(MemorySource::new(
            &tensor.name,
            tensor.bytes.to_vec(),
        )));
        tensors.push(Tensor::plain(tensor.name, dtype, shape, elements, span));
    }
    Ok(Checkpoint {
        path: PathBuf::from("memory"),
        format: Format::Memory,
        tensors,
        sources,
        metadata: Vec::new(),
        has_folder: false,
        config: None,
        configs: Vec::new(),
        findings: Vec::new(),
        left_out: Vec::new(),
        candidates: Vec::new(),
    })
}

fn milliseconds(time: SystemTime) -> Option<f64> {
    let since = time.duration_since(UNIX_EPOCH).ok()?;
    Some(since.as_millis() as f64)
}

fn texts(pairs: &[(String, String)]) -> Vec<NativeText> {
    pairs
        .iter()
        .map(|(key, value)| NativeText {
            key: key.clone(),
            value: value.clone(),
        })
        .collect()
}

#[napi]
impl NativeCheckpoint {
    #[napi]
    #[must_use]
    pub fn describe(&self) -> Either<Failure, Description> {
        self.answer(|checkpoint| {
            Ok(Description {
                path: checkpoint.path.display().to_string(),
                format: checkpoint.format.as_str().to_owned(),
                metadata: texts(&checkpoint.metadata),
                has_folder: checkpoint.has_folder,
                is_remote: checkpoint.is_remote(),
                config: checkpoint.config.clone(),
                configs: texts(&checkpoint.configs),
                findings: checkpoint.findings.iter().map(Into::into).collect(),
                files: checkpoint
                    .files()
                    .map(|file| NativeFile {
                        path: file.path().display().to_string(),
                        bytes: file.size() as f64,
                        modified: file.modified().and_then(milliseconds),
                    })
                    .collect(),
                left_out: checkpoint
                    .left_out
                    .iter()
                    .map(|one| NativeLeftOut {
                        kind: one.kind.as_str().to_owned(),
                        role: one.role.as_str().to_owned(),
                        name: one.name.clone(),
                        bytes: one.bytes as f64,
                        path: one.path.display().to_string(),
                    })
                    .collect(),
                candidates: checkpoint
                    .candidates
                    .iter()
                    .map(|one| NativeCandidate {
                        key: one.key.clone(),
                        tensors: one.tensors as f64,
                        bytes: one.bytes as f64,
                        chosen: one.is_chosen,
                    })
                    .collect(),
            })
        })
    }

    #[napi]
    #[must_use]
    pub fn tensors(&self) -> Either<Failure, TensorTable> {
        self.answer(|checkpoint| Ok(TensorTable::of(checkpoint)))
    }

    /// Statistics of one tensor, computed on the calling thread.
    #[napi]
    #[must_use]
    pub fn statistics(&self, row: u32) -> Either<Failure, Columns> {
        self.answer(|checkpoint| {
            let tensor = checkpoint
                .tensors
                .get(row as usize)
                .ok_or_else(|| Error::new(Code::Argument, "no such tensor"))?;
            let own = engine::describe(checkpoint, tensor)?;
            checkpoint.verify()?;
            Ok(Columns::of_tensors(&[Ok(own)]))
        })
    }

    /// Statistics of many tensors in one parallel pass.
    #[napi(ts_return_type = "Promise<Failure | Columns>")]
    pub fn compute_statistics<'env>(
        &self,
        env: &'env Env,
        rows: Vec<u32>,
        threads: u32,
        control: &Control,
    ) -> Result<Object<'env>> {
        let checkpoint = self.shared();
        spawn(env, control.observer(), move |observer| {
            let checkpoint = checkpoint?;
            let items = rows
                .iter()
                .map(|&row| {
                    let tensor = checkpoint
                        .tensors
                        .get(row as usize)
                        .ok_or_else(|| Error::new(Code::Argument, "no such tensor"))?;
                    Ok(Item {
                        old: Some(Input::whole(0, row as usize, tensor)),
                        new: None,
                    })
                })
                .collect::<diff_core::Result<_>>()?;
            let plan = Plan::new(vec![checkpoint], items)?;
            let results = engine::run(
                &plan,
                Options {
                    threads: threads as usize,
                    method: Method::default(),
                    histogram: Histogram::None,
                },
                observer,
            )?;
            let results: Vec<_> = results
                .pairs
                .into_iter()
                .map(|result| result.map(|stats| stats.old))
                .collect();
            Ok(Columns::of_tensors(&results))
        })
    }

    /// BLAKE3 and statistics of all tensors in one parallel pass, in the order of [`Self::tensors`].
    #[napi(ts_return_type = "Promise<Failure | HashTable>")]
    pub fn hash<'env>(
        &self,
        env: &'env Env,
        threads: u32,
        control: &Control,
    ) -> Result<Object<'env>> {
        let checkpoint = self.shared();
        spawn(env, control.observer(), move |observer| {
            let hashed = engine::hash(&*checkpoint?, threads as usize, observer)?;
            Ok(HashTable::of(&hashed))
        })
    }

    /// Elements of one tensor as little-endian bytes of f32, f64 or as stored.
    #[napi(ts_return_type = "Promise<Failure | Uint8Array>")]
    pub fn read<'env>(
        &self,
        env: &'env Env,
        row: u32,
        start: f64,
        length: f64,
        element: String,
        control: &Control,
    ) -> Result<Object<'env>> {
        let checkpoint = self.shared();
        spawn(env, control.observer(), move |observer| {
            let checkpoint = checkpoint?;
            observer.check()?;
            let element = match element.as_str() {
                "f32" => ElementType::F32,
                "f64" => ElementType::F64,
                _ => ElementType::Raw,
            };
            let bytes = engine::read_elements(
                &checkpoint,
                row as usize,
                start as u64,
                length as u64,
                element,
                observer,
            )?;
            checkpoint.verify()?;
            Ok(Uint8Array::from(bytes))
        })
    }

    #[napi]
    pub fn close(&mut self, env: Env) {
        self.inner = None;
        self.give_back(env);
    }

    pub(crate) fn shared(&self) -> diff_core::Result<Arc<Checkpoint>> {
        self.inner.clone().ok_or_else(|| {
            Error::new(Code::Argument, "checkpoint is closed")
                .hint("open it again with loadCheckpoint")
        })
    }

    fn answer<T>(&self, f: impl FnOnce(&Checkpoint) -> diff_core::Result<T>) -> Either<Failure, T> {
        failure::answer(|| self.shared().and_then(|checkpoint| f(&checkpoint)))
    }
}
