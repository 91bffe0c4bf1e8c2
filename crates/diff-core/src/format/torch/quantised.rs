//! Quantised tensors: integers with a scale and a zero point, for the whole or for each channel.

use std::sync::Arc;

use super::document::{Reading, Ref};
use super::found::Found;
use super::storage::Storage;
use super::strided::Geometry;
use crate::dtype::DType;
use crate::error::{Code, Error, Result};
use crate::tensor::{Encoding, Factor, Node, Span, Stored, Tensor, element_count};

/// What a quantiser says: value = (code - zero point) * scale.
enum Scales {
    One {
        scale: f64,
        zero_point: i64,
    },
    PerChannel {
        axis: usize,
        scales: Box<Tensor>,
        zero_points: Box<Tensor>,
    },
}

impl Reading {
    pub(super) fn quantised(
        &mut self,
        storage: Ref,
        geometry: [Ref; 3],
        quantizer: Ref,
        depth: u32,
    ) -> Result<Found> {
        let geometry = self.geometry(geometry)?;
        let Some(storage) = self.storage(storage, 0) else {
            return Err(Error::new(
                Code::InvalidHeader,
                "quantised tensor has no storage",
            ));
        };
        let storage = storage?;
        let dtype = storage
            .dtype
            .ok_or_else(|| Error::new(Code::InvalidHeader, "quantised tensor has no dtype"))?;
        let packed = match storage.label {
            Some("quint4x2") => 2,
            Some("quint2x4") => 4,
            _ => 1,
        };
        let scales = self.scales(quantizer, depth)?;
        let shape = geometry.shape.clone();
        let mut tensor = if packed == 1 {
            self.view(&storage, geometry, dtype, storage.label)
        } else {
            packed_view(&storage, geometry, packed)?
        };
        if tensor.error().is_some() {
            return Ok(Found::new(tensor, &storage));
        }
        let label = tensor.dtype_label.clone();
        tensor = match scales {
            Scales::One { scale, zero_point } if packed == 1 => Tensor {
                node: Node::Scaled {
                    codes: Arc::new(tensor.clone()),
                    scale,
                    zero_point,
                },
                ..tensor
            },
            Scales::One { scale, zero_point } => {
                let zero = Factor::One(zero_point as f32);
                Tensor::affine(tensor, label, Factor::One(scale as f32), zero, shape)
            }
            Scales::PerChannel {
                axis,
                scales,
                zero_points,
            } => {
                check_channels(axis, &scales, &zero_points, &shape)?;
                let mut block = shape;
                if let Some(side) = block.get_mut(axis) {
                    *side = 1;
                }
                let (scale, zero) = (Factor::Each(*scales), Factor::Each(*zero_points));
                Tensor::affine(tensor, label, scale, zero, block)
            }
        };
        Ok(Found::new(tensor, &storage))
    }

    fn scales(&mut self, quantizer: Ref, depth: u32) -> Result<Scales> {
        let wrong = || {
            Error::new(
                Code::InvalidHeader,
                "quantiser of a tensor is not known here",
            )
        };
        let parts: Vec<Ref> = self
            .sequence(quantizer)
            .ok_or_else(wrong)?
            .iter()
            .take(4)
            .map(|id| Ref {
                id: *id,
                ..quantizer
            })
            .collect();
        let scheme = parts.first().and_then(|scheme| self.global(*scheme));
        let per_channel = match scheme {
            Some(("torch", "per_tensor_affine" | "per_tensor_symmetric")) => false,
            Some((
                "torch",
                "per_channel_affine" | "per_channel_affine_float_qparams" | "per_channel_symmetric",
            )) => true,
            _ => return Err(wrong()),
        };
        let number = |at: Ref| {
            self.document(at)
                .and_then(|document| document.values.float(at.id))
        };
        match parts.as_slice() {
            [_, scale, zero_point] if !per_channel => Ok(Scales::One {
                scale: number(*scale).ok_or_else(wrong)?,
                zero_point: self
                    .document(*zero_point)
                    .and_then(|document| document.values.integer(zero_point.id))
                    .ok_or_else(wrong)?,
            }),
            [_, scales, zero_points, axis] if per_channel => {
                let axis = self.natural(*axis).ok_or_else(wrong)? as usize;
                let scales = self.tensor_at(*scales, depth + 1).ok_or_else(wrong)?;
                let zero_points = self.tensor_at(*zero_points, depth + 1).ok_or_else(wrong)?;
                Ok(Scales::PerChannel {
                    axis,
                    scales: Box::new(scales.tensor),
                    zero_points: Box::new(zero_points.tensor),
                })
            }
            _ => Err(wrong()),
        }
    }
}

/// Values that share bytes: only such tensors as lie one after the other.
fn packed_view(storage: &Storage, geometry: Geometry, packed: u64) -> Result<Tensor> {
    let elements = element_count(&geometry.shape)?;
    let bytes = elements.div_ceil(packed);
    let mut expected = 1;
    let contiguous = geometry
        .shape
        .iter()
        .zip(&geometry.strides)
        .rev()
        .all(|(dim, stride)| {
            let fits = *dim == 1 || *stride == expected;
            expected *= dim;
            fits
        });
    let offset = geometry.offset / packed;
    if !contiguous || !geometry.offset.is_multiple_of(packed) {
        return Err(Error::new(
            Code::UnsupportedLayout,
            "view of a tensor that packs values into bytes is not compared",
        ));
    }
    if offset
        .checked_add(bytes)
        .is_none_or(|end| end > storage.span.bytes)
    {
        return Err(
            Error::new(Code::OutOfBounds, "view reaches outside its storage")
                .expected(format!("at most {} bytes", storage.span.bytes))
                .found(format!("{bytes} bytes at {offset}")),
        );
    }
    let span = Span {
        offset: storage.span.offset + offset,
        bytes,
        ..storage.span
    };
    let bits = (8 / packed) as u8;
    Ok(Tensor {
        dtype_label: storage.label.map(Into::into),
        node: Node::Stored(Stored::encoded(span, Encoding::Codes { bits })),
        ..Tensor::plain(String::new(), DType::U8, geometry.shape, elements, span)
    })
}

fn check_channels(axis: usize, scales: &Tensor, zero_points: &Tensor, shape: &[u64]) -> Result<()> {
    if let Some(error) = scales.error().or(zero_points.error()) {
        return Err(error.clone());
    }
    let channels = shape.get(axis).copied();
    if channels != Some(scales.elements) || channels != Some(zero_points.elements) {
        return Err(Error::new(
            Code::SizeMismatch,
            "quantised tensor has another number of scales than of channels",
        )
        .expected(format!("{channels:?} along axis {axis}"))
        .found(format!("{} and {}", scales.elements, zero_points.elements)));
    }
    Ok(())
}
