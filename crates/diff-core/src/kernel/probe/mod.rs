//! The arithmetic of the second look: one piece of both sides in, counts added to [`crate::stats::Parts`].

mod casts;
mod grid;
mod hashes;
mod nearest;
mod rows;
mod zeros;

use crate::kernel::{Elements, Isa, TILE, tiles};

pub use casts::{count_casts, empty_casts};
pub use grid::{Sampled, describe_grid};
pub use hashes::add_hashes;
pub use nearest::{Nearest, values_of};
pub use rows::{Place, count_rows};
pub use zeros::count_zeros;

/// Both sides as f64, a tile at a time, with the place of its first element.
fn for_each_tile(a: Elements, b: Elements, isa: Isa, mut each: impl FnMut(usize, &[f64], &[f64])) {
    let (mut x, mut y) = ([0.0; TILE], [0.0; TILE]);
    for start in (0..a.elements().min(b.elements())).step_by(TILE) {
        let old = tiles::tile(&mut x, a, start, isa);
        let new = tiles::tile(&mut y, b, start, isa);
        each(start, old, new);
    }
}
