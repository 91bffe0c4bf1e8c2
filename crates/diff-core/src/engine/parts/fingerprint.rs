//! What a checkpoint's tensors are, as one number: parts of one comparison must agree on it.

use std::fmt::{self, Write};

use blake3::Hasher;

use crate::checkpoint::Checkpoint;
use crate::engine::Hash;

/// BLAKE3 of the descriptions of all tensors: names, types, shapes, places in the files, and what is done with the bytes, down to the scale of
/// an adapter that only its configuration tells. Paths do not count, and contents are not read.
#[must_use]
pub fn fingerprint(checkpoint: &Checkpoint) -> Hash {
    let mut hash = Hashing(Hasher::new());
    // A hasher takes everything.
    let _ = describe(checkpoint, &mut hash);
    *hash.0.finalize().as_bytes()
}

fn describe(checkpoint: &Checkpoint, to: &mut Hashing) -> fmt::Result {
    writeln!(to, "{:?}", checkpoint.file_of_source())?;
    for tensor in &checkpoint.tensors {
        match tensor.error() {
            // Its message has the path of the file.
            Some(error) => writeln!(
                to,
                "{:?} {:?} {:?} {:?}",
                tensor.name,
                tensor.dtype,
                tensor.shape,
                error.code()
            )?,
            None => writeln!(to, "{tensor:?}")?,
        }
    }
    Ok(())
}

struct Hashing(Hasher);

impl Write for Hashing {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.update(text.as_bytes());
        Ok(())
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::dtype::DType;
    use crate::error::{Code, Error};
    use crate::tensor::{Node, Span, Tensor};

    fn of(tensor: Tensor) -> Hash {
        fingerprint(&Checkpoint::in_memory(vec![tensor], Vec::new()))
    }

    fn tensor(offset: u64) -> Tensor {
        let span = Span {
            source: 0,
            offset,
            bytes: 24,
        };
        Tensor::plain("w".into(), DType::F32, vec![2, 3], 6, span)
    }

    #[test]
    fn what_is_done_with_the_bytes_counts() {
        let times = |number: f64| {
            of(tensor(0)
                .times(crate::tensor::Scale::Number(number))
                .unwrap())
        };
        let all = [
            of(tensor(0)),
            of(tensor(8)),
            times(0.5),
            times(0.75),
            of(tensor(0).permuted(&[1, 0]).unwrap()),
            of(tensor(0).reshaped(&[3, 2]).unwrap()),
        ];
        for (at, one) in all.iter().enumerate() {
            assert!(!all[..at].contains(one), "{at}");
        }
        assert_eq!(times(0.5), times(0.5));
    }

    #[test]
    fn paths_of_errors_do_not_count() {
        let broken = |path: &str, code: Code| {
            of(Tensor {
                node: Node::Broken(Box::new(Error::new(code, "wrong").at(path.as_ref()))),
                ..tensor(0)
            })
        };
        assert_eq!(
            broken("here", Code::OutOfBounds),
            broken("there", Code::OutOfBounds)
        );
        assert_ne!(
            broken("here", Code::OutOfBounds),
            broken("here", Code::SizeMismatch)
        );
    }
}
