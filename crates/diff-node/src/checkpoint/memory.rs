//! Checkpoints of tensors that JavaScript holds.

use std::sync::Arc;

use diff_core::checkpoint::Checkpoint;
use diff_core::dtype::DType;
use diff_core::source::{MemorySource, Source};
use diff_core::tensor::{Span, Tensor, element_count};
use diff_core::{Code, Error};
use napi::bindgen_prelude::{Either, Env, Uint8Array};
use napi_derive::napi;

use super::NativeCheckpoint;
use crate::failure::{self, Failure};

/// One tensor that JavaScript holds in memory.
#[napi(object)]
pub struct MemoryTensor {
    pub name: String,
    pub dtype: String,
    pub shape: Vec<f64>,
    /// Little-endian elements in row-major order.
    pub bytes: Uint8Array,
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
    Ok(Checkpoint::in_memory(tensors, sources))
}
