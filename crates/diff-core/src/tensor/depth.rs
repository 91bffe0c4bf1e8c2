//! Limits on the size of expressions, which are walked by recursion.

use super::Tensor;
use crate::error::{Code, Error, Result};
use crate::limits;

impl Tensor {
    /// The tensor itself, if its expression is small enough to be walked safely.
    ///
    /// # Errors
    /// `Argument` for tensors nested deeper than [`limits::EXPRESSION_DEPTH`], or more than [`limits::EXPRESSION_TENSORS`] in all.
    pub fn within_limits(self) -> Result<Self> {
        let (depth, tensors) = self.size();
        let most = [
            (depth, limits::EXPRESSION_DEPTH, "operations in each other"),
            (tensors, limits::EXPRESSION_TENSORS, "tensors in all"),
        ];
        match most.into_iter().find(|(found, most, _)| found > most) {
            None => Ok(self),
            Some((found, most, of)) => Err(Error::new(
                Code::Argument,
                "view is made of too many others",
            )
            .expected(format!("at most {most} {of}"))
            .found(found)
            .hint("save the tensor as it is viewed, and open that file")
            .tensor(&self.name)),
        }
    }

    /// How deep the tensors below this one are nested, and how many there are in all, this one included.
    fn size(&self) -> (usize, usize) {
        let parts = self.node.parts().into_iter().map(Self::size);
        parts.fold((0, 1), |(depth, all), (below, tensors)| {
            (depth.max(below + 1), all + tensors)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dtype::DType;
    use crate::tensor::{Signs, Span};

    fn empty() -> Tensor {
        let span = Span {
            source: 0,
            offset: 0,
            bytes: 0,
        };
        Tensor::plain("w".into(), DType::F32, vec![0], 0, span)
    }

    #[test]
    fn expressions_are_bounded_in_depth() {
        let negated = |tensor: Tensor| tensor.signed(Signs::All).and_then(Tensor::within_limits);
        let deepest = (0..limits::EXPRESSION_DEPTH).try_fold(empty(), |tensor, _| negated(tensor));
        let error = negated(deepest.unwrap()).unwrap_err();
        assert_eq!(error.code(), Code::Argument);
        assert!(
            error.to_string().contains("at most 64 operations"),
            "{error}"
        );
    }

    /// Without elements nothing else would stop a tensor from being joined to itself.
    #[test]
    fn expressions_are_bounded_in_number() {
        let twice = |tensor: Tensor| {
            Tensor::concat(0, vec![tensor.clone(), tensor]).and_then(Tensor::within_limits)
        };
        let error = (0..limits::EXPRESSION_DEPTH)
            .try_fold(empty(), |tensor, _| twice(tensor))
            .unwrap_err();
        assert_eq!(error.code(), Code::Argument);
        assert!(error.to_string().contains("65536 tensors"), "{error}");
    }
}
