//! Which box of a `DTensor` a rank has: the sizes of its mesh, the rank's place in it, and how each axis of the mesh divides the tensor.
//!
//! Source: `compute_local_shape_and_global_offset` of torch/distributed/tensor/_utils.py and `_StridedShard` of `placement_types.py`,
//! torch 2.15. An axis is divided in pieces of ceil(n / ranks), of which the last ones may be short or empty.

use super::document::{Reading, Ref};
use crate::error::{Code, Error, Result};
use crate::pickle::Value;

/// Axes of a mesh that are looked at; there is no reason for more than five.
const MOST_AXES: usize = 16;

/// How one axis of the mesh divides a tensor.
#[derive(Debug)]
pub(super) struct Placement {
    /// Its class.
    pub(super) name: String,
    dim: Option<i64>,
    /// How many pieces the axes behind it have made before it, of `_StridedShard`.
    split: Option<u64>,
}

/// The mesh as one rank saw it.
#[derive(Debug)]
pub(super) struct Mesh {
    sizes: Vec<u64>,
    coordinates: Vec<u64>,
    /// Axes of the mesh in the order in which they divide an axis of the tensor, where it is not left to right.
    order: Option<Vec<(u64, Vec<u64>)>>,
}

/// Placements as Python writes them.
pub(super) fn in_words(placements: &[Placement]) -> String {
    let word = |one: &Placement| match one.dim {
        Some(dim) => format!("{}(dim={dim})", one.name),
        None => format!("{}()", one.name),
    };
    placements.iter().map(word).collect::<Vec<_>>().join(", ")
}

impl Reading {
    /// None where there are none.
    pub(super) fn placements(&self, at: Ref) -> Option<Vec<Placement>> {
        let placement = |id: &_| {
            let at = Ref { id: *id, ..at };
            let Value::Object(object) = self.value(at) else {
                return Placement {
                    name: "?".to_owned(),
                    dim: None,
                    split: None,
                };
            };
            let class = self.global(Ref {
                id: object.callable,
                ..at
            });
            let args = self.args(at, object);
            let integer = |name: &[u8], place: usize| {
                let number = self.attribute(at, name).or(args.get(place).copied())?;
                self.document(number)?.values.integer(number.id)
            };
            Placement {
                name: class
                    .map_or("?", |(_, name)| name)
                    .chars()
                    .take(40)
                    .collect(),
                dim: integer(b"dim", 0),
                split: integer(b"split_factor", 1).and_then(|split| u64::try_from(split).ok()),
            }
        };
        let all = self.sequence(at)?;
        Some(all.iter().take(MOST_AXES).map(placement).collect())
    }

    /// The mesh of a `DTensor`; `shape` is that of the tensor of its ranks. None where it does not say the rank's place.
    pub(super) fn mesh(&self, spec: Ref, mesh: Ref, shape: Option<Vec<u64>>) -> Option<Mesh> {
        let sizes = match self.attribute(mesh, b"_layout") {
            Some(layout) => self.sizes_of_layout(layout)?,
            None => shape?,
        };
        let coordinates = self.attribute(mesh, b"_coordinate_on_dim")?;
        let coordinates = self.sizes(coordinates, "coordinates").ok()?;
        let order = self
            .attribute(spec, b"shard_order")
            .filter(|at| !matches!(self.value(*at), Value::None));
        let order = match order {
            Some(order) => Some(self.shard_order(order)?),
            None => None,
        };
        let is_inside = coordinates.len() == sizes.len()
            && coordinates.iter().zip(&sizes).all(|(at, size)| at < size);
        is_inside.then_some(Mesh {
            sizes,
            coordinates,
            order,
        })
    }

    /// Of torch 2.15 a layout of each axis, before that the sizes of all, where an axis of several is a tuple of its own.
    fn sizes_of_layout(&self, layout: Ref) -> Option<Vec<u64>> {
        let each = self.attribute(layout, b"axes");
        let at = each.or_else(|| self.attribute(layout, b"shape"))?;
        let Some(axes) = self.sequence(at) else {
            return Some(vec![self.natural(at)?]);
        };
        let size = |id: &_| {
            let axis = Ref { id: *id, ..at };
            let shape = if each.is_some() {
                self.attribute(axis, b"shape")?
            } else {
                axis
            };
            let sizes = self.sizes(shape, "mesh").ok()?;
            sizes.into_iter().try_fold(1_u64, u64::checked_mul)
        };
        axes.iter().take(MOST_AXES).map(size).collect()
    }

    /// Entries of an axis of the tensor and the axes of the mesh that divide it.
    fn shard_order(&self, at: Ref) -> Option<Vec<(u64, Vec<u64>)>> {
        let entry = |id: &_| {
            let at = Ref { id: *id, ..at };
            let [dim, axes] = match self.value(at) {
                Value::Object(object) => <[Ref; 2]>::try_from(self.args(at, object)).ok()?,
                _ => match self.sequence(at)? {
                    [dim, axes] => [*dim, *axes].map(|id| Ref { id, ..at }),
                    _ => return None,
                },
            };
            Some((self.natural(dim)?, self.sizes(axes, "mesh").ok()?))
        };
        self.sequence(at)?
            .iter()
            .take(MOST_AXES)
            .map(entry)
            .collect()
    }
}

/// Where the box of a rank begins, whose elements are of the shape `local`, and how many ranks the mesh has.
///
/// # Errors
/// `ShardOnly` where the file does not say it, or the values are parts of sums; `SizeMismatch` where it says another shape.
pub(super) fn own_box(
    shape: &[u64],
    local: &[u64],
    mesh: Option<Mesh>,
    placements: Option<Vec<Placement>>,
    words: &str,
) -> Result<(Vec<u64>, u64)> {
    let unknown = |why: &str| {
        Error::new(
            Code::ShardOnly,
            format!("parts of the tensor cannot be joined: {why}"),
        )
        .found(words)
    };
    let (Some(mesh), Some(placements)) = (mesh, placements) else {
        return Err(unknown("the file does not say which part the rank has"));
    };
    if mesh.sizes.len() != placements.len() {
        return Err(unknown("it is placed on another mesh than its own"));
    }
    let mut offsets = vec![0; shape.len()];
    let mut sizes = shape.to_vec();
    let mut order: Vec<Vec<usize>> = vec![Vec::new(); shape.len()];
    for (axis, placement) in placements.iter().enumerate().rev() {
        let is_strided = placement.name == "_StridedShard";
        match placement.name.as_str() {
            "Replicate" => continue,
            "Shard" | "_StridedShard" => {}
            name if name.contains("Partial") => {
                return Err(unknown(
                    "the values are parts of sums, which were never added up",
                ));
            }
            _ => return Err(unknown("a placement that is not known here")),
        }
        let dim = placement.dim.and_then(|dim| usize::try_from(dim).ok());
        let Some(axes) = dim.and_then(|dim| order.get_mut(dim)) else {
            return Err(unknown("it is divided along an axis that it does not have"));
        };
        let place = if is_strided {
            let behind = axes.iter().scan(1_u64, |pieces, axis| {
                *pieces = pieces.saturating_mul(mesh.sizes.get(*axis).copied().unwrap_or(1));
                Some(*pieces)
            });
            let found = behind
                .zip(1..)
                .find(|(pieces, _)| Some(*pieces) == placement.split);
            match found {
                Some((_, place)) => place,
                None => return Err(unknown("it is divided in strides that are no box")),
            }
        } else {
            0
        };
        axes.insert(place, axis);
    }
    if let Some(stated) = &mesh.order {
        reorder(&mut order, stated).ok_or_else(|| {
            unknown("the order in which it was divided is not that of its placements")
        })?;
    }
    for ((offset, size), axes) in offsets.iter_mut().zip(&mut sizes).zip(&order) {
        for axis in axes {
            let of = |all: &[u64]| all.get(*axis).copied().unwrap_or(1);
            let each = size.div_ceil(of(&mesh.sizes).max(1));
            let start = each.saturating_mul(of(&mesh.coordinates)).min(*size);
            *offset += start;
            *size = each.min(*size - start);
        }
    }
    if sizes != local {
        return Err(Error::new(
            Code::SizeMismatch,
            "part of a rank is not what its placement says",
        )
        .expected(format!("{sizes:?} of {shape:?}, placed {words}"))
        .found(format!("{local:?}")));
    }
    let ranks = mesh.sizes.iter().copied().fold(1, u64::saturating_mul);
    Ok((offsets, ranks))
}

/// The axes of the mesh in the order that is stated. None where those are others.
fn reorder(order: &mut [Vec<usize>], stated: &[(u64, Vec<u64>)]) -> Option<()> {
    for (dim, axes) in order.iter_mut().enumerate() {
        let stated: Vec<usize> = stated
            .iter()
            .filter(|(of, _)| *of == dim as u64)
            .flat_map(|(_, axes)| axes.iter().map(|axis| *axis as usize))
            .collect();
        let mut sorted = [axes.clone(), stated.clone()];
        for one in &mut sorted {
            one.sort_unstable();
        }
        let [own, theirs] = sorted;
        if own != theirs {
            return None;
        }
        *axes = stated;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Offsets of the box of rank (1, 0) of a mesh of 2 x 3, whose elements are of this shape; None where they cannot be told.
    fn offsets(
        local: &[u64],
        placements: [(&str, Option<u64>); 2],
        order: Option<Vec<(u64, Vec<u64>)>>,
    ) -> Option<Vec<u64>> {
        let mesh = Mesh {
            sizes: vec![2, 3],
            coordinates: vec![1, 0],
            order,
        };
        let placements = placements.map(|(name, split)| Placement {
            name: name.to_owned(),
            dim: Some(0),
            split,
        });
        let found = own_box(&[12, 5], local, Some(mesh), Some(placements.into()), "");
        found.ok().map(|(offsets, _)| offsets)
    }

    #[test]
    fn an_axis_is_divided_in_the_order_of_its_placements_or_the_one_that_is_stated() {
        let plain = [("Shard", None), ("Shard", None)];
        // In halves, then in thirds of those.
        assert_eq!(offsets(&[2, 5], plain, None), Some(vec![6, 0]));
        // In thirds, then in halves of those.
        let strided = [("_StridedShard", Some(3)), ("Shard", None)];
        assert_eq!(offsets(&[2, 5], strided, None), Some(vec![2, 0]));
        let turned = Some(vec![(0, vec![1, 0])]);
        assert_eq!(offsets(&[2, 5], plain, turned), Some(vec![2, 0]));
        let copies = [("Shard", None), ("Replicate", None)];
        assert_eq!(offsets(&[6, 5], copies, None), Some(vec![6, 0]));
    }

    #[test]
    fn what_is_no_box_or_another_one_is_refused() {
        let strided = [("_StridedShard", Some(2)), ("Shard", None)];
        assert_eq!(offsets(&[2, 5], strided, None), None);
        let plain = [("Shard", None), ("Shard", None)];
        assert_eq!(offsets(&[3, 5], plain, None), None);
        for order in [vec![(0, vec![0, 0])], vec![(0, vec![7, 1])], Vec::new()] {
            assert_eq!(offsets(&[2, 5], plain, Some(order)), None);
        }
        for name in ["Partial", "_MaskPartial", "RaggedShard"] {
            assert_eq!(
                offsets(&[6, 5], [("Shard", None), (name, None)], None),
                None
            );
        }
    }
}
