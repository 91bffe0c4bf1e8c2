//! Tensors seen in another shape or order. What can be told of stored elements becomes their strides; what is done to each element for
//! itself is done after that; the rest is a [`View`].

use std::ops::Range;
use std::sync::Arc;

use super::Tensor;
use super::node::{Affine, Concat, Factor, Index, Lookup, Node, Signs, Unpacked, View};
use super::shape::{element_count, row_major_steps};
use super::stored::{Encoding, Stored};
use crate::dtype::DType;
use crate::error::{Code, Error, Result};
use crate::limits;

/// Where elements are: the first one, and steps along the axes, counted in elements of what they are found in.
struct Places {
    offset: u64,
    steps: Vec<u64>,
}

impl Tensor {
    /// The axes in another order: axis i of the result is axis `axes[i]` of this.
    ///
    /// # Errors
    /// `Argument` where `axes` is no order of the axes; what keeps the tensor from being read.
    pub fn permuted(&self, axes: &[usize]) -> Result<Self> {
        let mut seen = vec![false; self.shape.len()];
        let fits = axes.len() == seen.len()
            && axes.iter().all(|&axis| {
                seen.get_mut(axis)
                    .is_some_and(|seen| !std::mem::replace(seen, true))
            });
        if !fits {
            return Err(self.wrong("cannot permute", "each axis once", &format!("{axes:?}")));
        }
        let order = |of: &[u64]| {
            axes.iter()
                .filter_map(|&axis| of.get(axis).copied())
                .collect()
        };
        match &self.node {
            Node::Affine(affine) => return affine.permuted(self, axes, order(&affine.block)),
            Node::Unpacked(unpacked) => return unpacked.permuted(self, axes),
            _ => {}
        }
        self.on_each(&|tensor| {
            let places = tensor.places()?;
            let steps = order(&places.steps);
            tensor.at(order(&tensor.shape), Places { steps, ..places })
        })
    }

    /// The elements in the same row-major order in another shape.
    ///
    /// # Errors
    /// `Argument` where `shape` has another number of elements; what keeps the tensor from being read.
    pub fn reshaped(&self, shape: &[u64]) -> Result<Self> {
        self.viewable()?;
        if element_count(shape).ok() != Some(self.elements) {
            let elements = format!("{} elements", self.elements);
            return Err(self.wrong("cannot reshape", &elements, &format!("{shape:?}")));
        }
        self.on_each(&|tensor| {
            let places = tensor.places()?;
            match split(&tensor.shape, &places.steps, shape) {
                Some(steps) => tensor.at(shape.to_vec(), Places { steps, ..places }),
                None => Ok(tensor.viewed(
                    shape.to_vec(),
                    Places {
                        offset: 0,
                        steps: row_major_steps(shape),
                    },
                )),
            }
        })
    }

    /// The elements inside `ranges`, one for each axis.
    ///
    /// # Errors
    /// `Argument` where a range lies outside its axis; what keeps the tensor from being read.
    pub fn sliced(&self, ranges: &[Range<u64>]) -> Result<Self> {
        let inside = ranges
            .iter()
            .zip(&self.shape)
            .all(|(range, &dim)| range.start <= range.end && range.end <= dim);
        if ranges.len() != self.shape.len() || !inside {
            return Err(self.wrong(
                "cannot slice",
                "a range inside each axis",
                &format!("{ranges:?}"),
            ));
        }
        self.on_each(&|tensor| {
            let places = tensor.places()?;
            let shape: Vec<u64> = ranges.iter().map(|range| range.end - range.start).collect();
            let first = ranges.iter().zip(&places.steps);
            let skipped: u64 = if shape.contains(&0) {
                0
            } else {
                first.map(|(range, step)| range.start * step).sum()
            };
            let offset = places.offset + skipped;
            tensor.at(shape, Places { offset, ..places })
        })
    }

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

    /// Every element with the other sign.
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

    /// Every element and `number`, in f32.
    ///
    /// # Errors
    /// `UnsupportedDtype` for what is no real float of at most 32 bits; what keeps the tensor from being read.
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

    /// Values of a type that are made of these, whatever those are stored as.
    fn made(&self, dtype: DType, node: Node) -> Self {
        Self {
            dtype,
            dtype_label: None,
            bytes: self.elements * dtype.bytes(),
            ..self.with(node)
        }
    }

    /// The same description of other elements.
    fn with(&self, node: Node) -> Self {
        Self {
            node,
            ..self.clone()
        }
    }

    fn readable(&self) -> Result<()> {
        self.error().map_or(Ok(()), |error| Err(error.clone()))
    }

    #[cold]
    fn wrong(&self, what: &str, expected: &str, found: &str) -> Error {
        let (dtype, shape) = (self.dtype_name(), &self.shape);
        Error::new(Code::Argument, format!("{what} {dtype} {shape:?}"))
            .expected(expected)
            .found(found)
            .tensor(&self.name)
    }

    /// Does to the elements what `change` does; what is done to each of them stays outside.
    fn on_each(&self, change: &dyn Fn(&Self) -> Result<Self>) -> Result<Self> {
        self.readable()?;
        let node = |of: &Self| -> Result<(Self, Arc<Self>)> {
            let changed = of.on_each(change)?;
            Ok((changed.clone(), Arc::new(changed)))
        };
        let (changed, node) = match &self.node {
            Node::Signed(of, signs) => {
                let (changed, of) = node(of)?;
                (changed, Node::Signed(of, *signs))
            }
            Node::Shifted(of, number) => {
                let (changed, of) = node(of)?;
                (changed, Node::Shifted(of, *number))
            }
            Node::Lookup(lookup) => {
                let codes = lookup.codes.on_each(change)?;
                let table = lookup.table.clone();
                (
                    codes.clone(),
                    Node::Lookup(Arc::new(Lookup { codes, table })),
                )
            }
            Node::Scaled {
                codes,
                scale,
                zero_point,
            } => {
                let (changed, codes) = node(codes)?;
                let (scale, zero_point) = (*scale, *zero_point);
                (
                    changed,
                    Node::Scaled {
                        codes,
                        scale,
                        zero_point,
                    },
                )
            }
            _ => return change(self),
        };
        Ok(Self {
            node,
            dtype: self.dtype,
            dtype_label: self.dtype_label.clone(),
            bytes: changed.elements * self.dtype.bytes(),
            name: self.name.clone(),
            ..changed
        })
    }

    /// # Errors
    /// That it cannot be read; `UnsupportedLayout` where its elements are not those of its shape.
    fn viewable(&self) -> Result<()> {
        self.readable()?;
        match &self.node {
            Node::Sparse(_) => Err(self.no_view("sparse tensor")),
            _ if self.is_raw() => Err(self.no_view("tensor of a type that is not known")),
            _ => Ok(()),
        }
    }

    /// Where its elements are in what they are found in.
    fn places(&self) -> Result<Places> {
        self.viewable()?;
        let (offset, steps) = match &self.node {
            Node::Stored(Stored {
                strides: Some(strides),
                ..
            }) => (strides.offset, strides.steps.clone()),
            Node::View(view) => (view.offset, view.steps.clone()),
            _ => (0, row_major_steps(&self.shape)),
        };
        Ok(Places { offset, steps })
    }

    #[cold]
    fn no_view(&self, what: &str) -> Error {
        Error::new(
            Code::UnsupportedLayout,
            format!("{what} cannot be put in another form"),
        )
        .found(self.dtype_name())
        .tensor(&self.name)
    }

    /// The elements at other places of what they are found in.
    fn at(&self, shape: Vec<u64>, places: Places) -> Result<Self> {
        if shape.len() > limits::DIMENSIONS {
            element_count(&shape)?;
        }
        let Places { offset, steps } = places;
        match &self.node {
            Node::Stored(
                stored @ Stored {
                    encoding: Encoding::Plain(order),
                    ..
                },
            ) => {
                let item = self.dtype.bytes();
                let laid = Stored::strided(stored.span, *order, item, offset, &shape, steps)?;
                let elements = element_count(&shape)?;
                Ok(Self {
                    elements,
                    bytes: elements * item,
                    shape,
                    ..self.with(Node::Stored(laid))
                })
            }
            Node::View(view) => {
                let seen = view.of.viewed(shape, Places { offset, steps });
                Ok(Self {
                    name: self.name.clone(),
                    ..seen
                })
            }
            _ => Ok(self.viewed(shape, Places { offset, steps })),
        }
    }

    fn viewed(&self, shape: Vec<u64>, places: Places) -> Self {
        let elements: u64 = shape.iter().product();
        let Places { offset, steps } = places;
        let share =
            u128::from(self.bytes) * u128::from(elements) / u128::from(self.elements.max(1));
        Self {
            elements,
            bytes: u64::try_from(share).unwrap_or(u64::MAX),
            shape,
            ..self.with(Node::View(Arc::new(View {
                of: self.clone(),
                offset,
                steps,
            })))
        }
    }
}

impl Affine {
    /// Codes and factors in another order of the axes.
    fn permuted(&self, whole: &Tensor, axes: &[usize], block: Vec<u64>) -> Result<Tensor> {
        let blocks: Vec<u64> = self
            .codes
            .shape
            .iter()
            .zip(&self.block)
            .enumerate()
            .map(|(axis, (&dim, &block))| match &self.index {
                Some(index) if index.axis == axis => index.count,
                _ => dim.div_ceil(block.max(1)),
            })
            .collect();
        let factor = |factor: &Factor| -> Result<Factor> {
            Ok(match factor {
                Factor::One(number) => Factor::One(*number),
                Factor::Each(tensor) => Factor::Each(tensor.reshaped(&blocks)?.permuted(axes)?),
            })
        };
        let index = self.index.as_ref().map(|index| Index {
            axis: place_of(index.axis, axes),
            ..index.clone()
        });
        let affine = Self {
            codes: self.codes.permuted(axes)?,
            scale: factor(&self.scale)?,
            zero: factor(&self.zero)?,
            block,
            index,
            ..*self
        };
        Ok(Tensor {
            name: whole.name.clone(),
            bytes: whole.bytes,
            ..Tensor::of_affine(affine, whole.dtype_label.clone())
        })
    }
}

impl Unpacked {
    /// Words in another order of the axes.
    fn permuted(&self, whole: &Tensor, axes: &[usize]) -> Result<Tensor> {
        let axis = place_of(self.axis, axes);
        let length = whole.shape.get(self.axis).copied().unwrap_or(0);
        let words = self.words.permuted(axes)?;
        let codes = Tensor::unpacked(words, self.layout, axis, length, self.add)?;
        Ok(Tensor {
            name: whole.name.clone(),
            ..codes
        })
    }
}

/// Where an axis went.
fn place_of(axis: usize, axes: &[usize]) -> usize {
    axes.iter().position(|&from| from == axis).unwrap_or(axis)
}

/// Steps of `shape` at the places that `dims` with `steps` have in row-major order; None where no steps tell them.
fn split(dims: &[u64], steps: &[u64], shape: &[u64]) -> Option<Vec<u64>> {
    if dims.contains(&0) {
        return Some(row_major_steps(shape));
    }
    // Axes that go on in each other are one; each is cut into axes of the new shape.
    let mut runs: Vec<(u64, u64)> = Vec::new();
    for (&dim, &step) in dims.iter().zip(steps).filter(|(dim, _)| **dim != 1) {
        match runs.last_mut() {
            Some((length, last)) if step.checked_mul(dim) == Some(*last) => {
                *length *= dim;
                *last = step;
            }
            _ => runs.push((dim, step)),
        }
    }
    let mut result = vec![0; shape.len()];
    let mut left = runs.pop().unwrap_or((1, 1));
    for (&dim, step) in shape.iter().zip(&mut result).rev() {
        if dim != 1 && left.0 == 1 {
            left = runs.pop()?;
        }
        if !left.0.is_multiple_of(dim) {
            return None;
        }
        *step = left.1;
        left = (left.0 / dim, left.1.saturating_mul(dim));
    }
    Some(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_are_cut_and_joined_where_steps_tell_the_places() {
        assert_eq!(split(&[4, 6], &[6, 1], &[24]), Some(vec![1]));
        assert_eq!(
            split(&[4, 6], &[6, 1], &[2, 2, 3, 2]),
            Some(vec![12, 6, 2, 1])
        );
        // A transpose: its axes can be cut and not joined.
        assert_eq!(split(&[6, 4], &[1, 6], &[2, 3, 4]), Some(vec![3, 1, 6]));
        assert_eq!(split(&[6, 4], &[1, 6], &[24]), None);
        assert_eq!(split(&[6, 4], &[1, 6], &[3, 8]), None);
        assert_eq!(
            split(&[1, 4, 1], &[9, 2, 7], &[2, 1, 2]),
            Some(vec![4, 4, 2])
        );
        assert_eq!(split(&[], &[], &[1, 1]), Some(vec![1, 1]));
        assert_eq!(split(&[0, 3], &[3, 1], &[5, 0]), Some(vec![0, 1]));
    }
}
