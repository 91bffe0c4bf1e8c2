//! Operations on each element by itself: changing its sign, adding a number.

use std::sync::Arc;

use crate::dtype::DType;
use crate::error::{Code, Error, Result};
use crate::tensor::{Node, Signs, Tensor};

impl Tensor {
    /// Every element with the opposite sign, or only the real or imaginary parts of complex ones.
    ///
    /// # Errors
    /// `UnsupportedDtype` for integers and floats without a sign bit; what keeps the tensor from being read.
    pub fn signed(&self, signs: Signs) -> Result<Self> {
        self.readable()?;
        // In the fnuz types the sign bit alone is NaN, and e8m0 has none.
        let is_without = matches!(
            self.dtype,
            DType::F8E8M0 | DType::F8E4M3Fnuz | DType::F8E5M2Fnuz
        );
        if self.dtype.is_integer() || is_without || self.is_raw() {
            return Err(Error::new(
                Code::UnsupportedDtype,
                "tensor of this dtype cannot be negated",
            )
            .found(self.dtype_name())
            .tensor(&self.name));
        }
        Ok(self.made(self.dtype, Node::Signed(Arc::new(self.clone()), signs)))
    }

    /// Every element plus `number`, in f32.
    ///
    /// # Errors
    /// `UnsupportedDtype` for anything but real floats of at most 32 bits; what keeps the tensor from being read.
    pub fn shifted(&self, number: f32) -> Result<Self> {
        self.readable()?;
        if self.is_raw()
            || self.dtype.component().is_some()
            || self.dtype.is_integer()
            || self.dtype == DType::F64
        {
            return Err(Error::new(
                Code::UnsupportedDtype,
                "numbers are added to floats of at most 32 bits only",
            )
            .found(self.dtype_name())
            .tensor(&self.name));
        }
        Ok(self.made(DType::F32, Node::Shifted(Arc::new(self.clone()), number)))
    }

    /// A tensor of the same shape with values of `dtype`, computed by `node`.
    fn made(&self, dtype: DType, node: Node) -> Self {
        Self {
            dtype,
            dtype_label: None,
            bytes: self.elements * dtype.bytes(),
            ..self.with(node)
        }
    }
}
