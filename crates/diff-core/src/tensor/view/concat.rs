//! Several tensors joined along an axis.

use std::sync::Arc;

use crate::error::{Code, Error, Result};
use crate::tensor::{Concat, Node, Tensor, element_count};

impl Tensor {
    /// Tensors of one type joined along an axis, under the name of the first.
    ///
    /// # Errors
    /// `Argument` where they do not fit together; what keeps one of them from being read.
    pub fn concat(axis: usize, parts: Vec<Self>) -> Result<Self> {
        let Some(first) = parts.first() else {
            return Err(Error::new(Code::Argument, "there are no tensors to join"));
        };
        let mut shape = first.shape.clone();
        let Some(length) = shape.get_mut(axis) else {
            return Err(first.wrong("cannot concatenate", "one of its axes", &axis.to_string()));
        };
        *length = 0;
        for part in &parts {
            part.viewable()?;
            let others = |shape: &[u64]| {
                let mut shape = shape.to_vec();
                shape
                    .get_mut(axis)
                    .map(|length| std::mem::replace(length, 0))
                    .zip(Some(shape))
            };
            match others(&part.shape) {
                Some((more, rest))
                    if Some(&rest) == others(&first.shape).map(|(_, rest)| rest).as_ref()
                        && part.dtype == first.dtype
                        && part.dtype_label == first.dtype_label =>
                {
                    if let Some(length) = shape.get_mut(axis) {
                        *length = length.saturating_add(more);
                    }
                }
                _ => {
                    return Err(first.wrong(
                        "cannot concatenate",
                        &format!("tensors of its dtype and shape, except for axis {axis}"),
                        &format!("{} {} {:?}", part.name, part.dtype_name(), part.shape),
                    ));
                }
            }
        }
        let elements = element_count(&shape)?;
        Ok(Self {
            name: first.name.clone(),
            dtype: first.dtype,
            dtype_label: first.dtype_label.clone(),
            shape,
            elements,
            bytes: parts.iter().map(|part| part.bytes).sum(),
            node: Node::Concat(Arc::new(Concat { axis, parts })),
        })
    }
}
