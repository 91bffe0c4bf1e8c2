//! What the tensors of one module stand for: ΔW, a weight-decomposed one's magnitude, the change of a bias.
//!
//! Sources of the formulas: peft 0.21 (`tuners/lora/layer.py`, `get_delta_weight`) and lycoris 4.1 (`functional/locon.py`, `loha.py`, `lokr.py`).

use super::module::{Module, Slot};
use super::settings::AllSettings;
use crate::error::{Code, Error, Result};
use crate::tensor::{PairRule, Tensor, element_count};

/// Most experts that one parameter holds; known models have some hundreds.
const MOST_EXPERTS: u64 = 4096;

/// The tensor that is changed.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wanted<'a> {
    Any,
    Shape {
        shape: &'a [u64],
        /// Whether experts lie as (experts, in, out).
        is_transposed: bool,
    },
}

/// What is made of some tensors of a module, and the place of the first of them.
pub(super) struct Change {
    pub(super) tensor: Tensor,
    pub(super) place: usize,
    pub(super) used: Vec<usize>,
    /// Whether the library rounds it to the type of the base before it adds it.
    pub(super) is_rounded_first: bool,
}

/// The changes that a module makes; what cannot be made is a tensor with its error.
pub(super) fn changes(module: &Module, settings: &AllSettings, wanted: Wanted) -> Vec<Change> {
    let is_of_weight =
        |slot: Slot| !matches!(slot, Slot::BiasOfB | Slot::Magnitude | Slot::DoraScale);
    let parameter = parameter(module, settings);
    let is_parameter = matches!(parameter, Ok(Some(_)));
    let name = match &parameter {
        Ok(Some(name)) => name.clone(),
        _ => format!("{}.weight", module.path),
    };
    let of_weight = parameter.and_then(|_| weight(module, settings, wanted, is_parameter));
    let mut all = Vec::new();
    all.extend(change(module, is_of_weight, name, of_weight));
    if module.get(Slot::BiasOfB).is_some() {
        let is_of_bias = |slot: Slot| slot == Slot::BiasOfB;
        let name = format!("{}.bias", module.path);
        all.extend(change(module, is_of_bias, name, bias(module, settings)));
    }
    let is_rounded_first = is_parameter || module.get(Slot::EmbeddingA).is_some();
    for change in &mut all {
        change.is_rounded_first = is_rounded_first;
    }
    all
}

fn change(
    module: &Module,
    is_used: impl Fn(Slot) -> bool,
    name: String,
    made: Result<(Tensor, String)>,
) -> Option<Change> {
    let used: Vec<usize> = module
        .slots()
        .filter(|(slot, _, _)| is_used(*slot))
        .map(|(_, place, _)| place)
        .collect();
    let place = *used.first()?;
    let tensor = match made {
        Ok((tensor, label)) => Tensor {
            name,
            dtype_label: Some(label.into()),
            ..tensor
        },
        Err(error) => {
            let (shape, bytes) = module
                .first()
                .map_or((Vec::new(), 0), |part| (part.shape.clone(), part.bytes));
            let error = error.tensor(&name);
            Tensor::broken(name, "lora", shape, bytes, error)
        }
    };
    Some(Change {
        tensor,
        place,
        used,
        is_rounded_first: false,
    })
}

/// The name of the parameter that a module's factors belong to, where it is one of a module's parameters and not its weight. No name in the
/// file tells it: wrappers of one module lie inside each other in the order of the configuration, the first innermost.
fn parameter(module: &Module, settings: &AllSettings) -> Result<Option<String>> {
    let named = settings
        .of_module(module)
        .and_then(|settings| settings.target_parameters.as_deref());
    let of_module: Vec<&str> = named
        .unwrap_or_default()
        .iter()
        .filter_map(|name| name.rsplit_once('.'))
        .filter(|(owner, _)| {
            let before = module.path.strip_suffix(owner);
            before.is_some_and(|before| before.is_empty() || before.ends_with('.'))
        })
        .map(|(_, parameter)| parameter)
        .collect();
    if of_module.is_empty() {
        return Ok(None);
    }
    let place = of_module.len().checked_sub(1 + module.depth);
    match place.and_then(|place| of_module.get(place)) {
        Some(parameter) => Ok(Some(format!("{}.{parameter}", module.path))),
        None => Err(Error::new(
            Code::SizeMismatch,
            "adapter has factors for more parameters than its configuration names",
        )
        .expected(of_module.len())),
    }
}

fn weight(
    module: &Module,
    settings: &AllSettings,
    wanted: Wanted,
    is_parameter: bool,
) -> Result<(Tensor, String)> {
    if let Some(what) = settings.not_low_rank() {
        return Err(Error::new(
            Code::UnsupportedFormat,
            "adapter's change of a weight is made in a way that is not known here",
        )
        .found(what)
        .hint("merge it with peft first (merge_and_unload) and compare what is saved then"));
    }
    let get = |slot: Slot| module.get(slot);
    if get(Slot::Hada(1, 1)).is_some() || get(Slot::Hada(1, 2)).is_some() {
        return hadamard(module, settings, wanted);
    }
    let is_kronecker = |slot: Slot| matches!(slot, Slot::Kron(_) | Slot::KronPart(..));
    if module.slots().any(|(slot, _, _)| is_kronecker(slot)) {
        return kronecker(module, settings, wanted);
    }
    let kind = if module.magnitude().is_some() {
        "dora"
    } else {
        "lora"
    };
    if get(Slot::EmbeddingA).is_some() || get(Slot::EmbeddingB).is_some() {
        let (a, b) = (
            need(module, Slot::EmbeddingA)?,
            need(module, Slot::EmbeddingB)?,
        );
        let rank = checked_rank(module, settings, dim(a, 0))?;
        let product = Tensor::low_rank(&transposed(a)?, &transposed(b)?)?;
        let delta = product.times(settings.scale(module, rank)?)?;
        return Ok((delta, format!("{kind}_r{rank}")));
    }
    let (a, b) = (need(module, Slot::A)?, need(module, Slot::B)?);
    if is_parameter {
        return experts(module, settings, wanted, (a, b));
    }
    let rank = checked_rank(module, settings, dim(a, 0))?;
    let scale = settings.scale(module, rank)?;
    let label = format!("{kind}_r{rank}");
    if get(Slot::Mid).is_some() {
        let mid = need(module, Slot::Mid)?;
        let made = chain(mid, (b, 0), (a, 1), dim(b, 0))?.times(scale)?;
        return Ok((fitted(made, wanted)?, label));
    }
    let (left, right) = (matrix(b)?, matrix(a)?);
    let shape: Vec<u64> = std::iter::once(dim(b, 0))
        .chain(a.shape.iter().skip(1).copied())
        .collect();
    let is_matrix = shape.len() == 2;
    let is_turned = match wanted {
        // The configuration speaks of all modules, the shape of this one.
        Wanted::Shape { shape: wanted, .. }
            if is_matrix && wanted.len() == 2 && shape.first() != shape.get(1) =>
        {
            wanted.iter().eq(shape.iter().rev())
        }
        _ => settings.is_turned(module) && is_matrix,
    };
    let product = if is_turned {
        Tensor::low_rank(&transposed(&right)?, &transposed(&left)?)?
    } else {
        let product = Tensor::low_rank(&left, &right)?;
        Tensor { shape, ..product }
    };
    Ok((fitted(product.times(scale)?, wanted)?, label))
}

/// ΔW of experts in one tensor: A is (experts · rank, in) with the experts outermost, B is (out, rank · experts) with them innermost.
fn experts(
    module: &Module,
    settings: &AllSettings,
    wanted: Wanted,
    (a, b): (&Tensor, &Tensor),
) -> Result<(Tensor, String)> {
    let rows = dim(a, 0);
    let rank = settings.rank(module)?.unwrap_or(rows).max(1);
    let (experts, inner, outer) = (rows / rank, dim(a, 1), dim(b, 0));
    if experts * rank != rows || experts == 0 || dim(b, 1) != rows {
        return Err(Error::new(
            Code::SizeMismatch,
            "factors of an adapter do not fit its rank",
        )
        .expected(format!("multiples of the rank {rank}"))
        .found(format!("{:?} and {:?}", a.shape, b.shape)));
    }
    if experts > MOST_EXPERTS {
        return Err(Error::new(
            Code::LimitExceeded,
            "adapter has factors for too many experts",
        )
        .expected(format!("at most {MOST_EXPERTS}"))
        .found(experts));
    }
    let scale = settings.scale(module, rank)?;
    let label = format!("lora_r{rank}");
    if experts == 1 {
        let delta = Tensor::low_rank(b, a)?.times(scale)?;
        return Ok((fitted(delta, wanted)?, label));
    }
    let is_transposed = match wanted {
        Wanted::Any => false,
        Wanted::Shape {
            shape,
            is_transposed,
        } => match shape {
            _ if inner == outer => is_transposed,
            [_, first, last] => (*first, *last) == (inner, outer),
            _ => false,
        },
    };
    let a = a.reshaped(&[experts, rank, inner])?;
    let b = b.reshaped(&[outer, rank, experts])?;
    let mut parts = Vec::new();
    for expert in 0..experts {
        let a = a
            .sliced(&[expert..expert + 1, 0..rank, 0..inner])?
            .reshaped(&[rank, inner])?;
        let b = b
            .sliced(&[0..outer, 0..rank, expert..expert + 1])?
            .reshaped(&[outer, rank])?;
        let (product, shape) = if is_transposed {
            let product = Tensor::low_rank(&transposed(&a)?, &transposed(&b)?)?;
            (product, vec![1, inner, outer])
        } else {
            (Tensor::low_rank(&b, &a)?, vec![1, outer, inner])
        };
        parts.push(Tensor { shape, ..product });
    }
    let delta = Tensor::concat(0, parts)?.times(scale)?;
    Ok((fitted(delta, wanted)?, label))
}

/// `LoHa`: the products of the elements of two low-rank matrices.
fn hadamard(module: &Module, settings: &AllSettings, wanted: Wanted) -> Result<(Tensor, String)> {
    let rank = dim(need(module, Slot::Hada(1, 2))?, 0);
    let half = |number: u8| -> Result<Tensor> {
        let (a, b) = (
            need(module, Slot::Hada(number, 1))?,
            need(module, Slot::Hada(number, 2))?,
        );
        if module.get(Slot::HadaMid(number)).is_some() {
            let mid = need(module, Slot::HadaMid(number))?;
            return chain(mid, (a, 1), (b, 1), dim(a, 1));
        }
        Tensor::low_rank(&matrix(a)?, &matrix(b)?)
    };
    let product = half(1)?.paired(PairRule::Multiply, &half(2)?)?;
    let delta = product.times(settings.scale(module, rank)?)?;
    Ok((fitted(delta, wanted)?, format!("loha_r{rank}")))
}

/// `LoKr`: the Kronecker product of two matrices, each whole or of low rank.
fn kronecker(module: &Module, settings: &AllSettings, wanted: Wanted) -> Result<(Tensor, String)> {
    let mut rank = None;
    let mut factor = |number: u8| -> Result<Tensor> {
        if module.get(Slot::Kron(number)).is_some() {
            return need(module, Slot::Kron(number)).cloned();
        }
        let (a, b) = (
            need(module, Slot::KronPart(number, 1))?,
            need(module, Slot::KronPart(number, 2))?,
        );
        rank.get_or_insert(dim(b, 0));
        if number == 2 && module.get(Slot::KronMid).is_some() {
            let mid = need(module, Slot::KronMid)?;
            return chain(mid, (a, 1), (b, 1), dim(a, 1));
        }
        let product = Tensor::low_rank(&matrix(a)?, &matrix(b)?)?;
        let shape = std::iter::once(dim(a, 0))
            .chain(b.shape.iter().skip(1).copied())
            .collect();
        Ok(Tensor { shape, ..product })
    };
    let (left, right) = (factor(1)?, factor(2)?);
    let product = Tensor::kronecker(&left, &right)?;
    let label = rank.map_or("lokr".to_owned(), |rank| format!("lokr_r{rank}"));
    // LyCORIS leaves two whole factors unscaled; peft divides by the rank of its configuration.
    let scale = match rank.or(settings.rank(module)?) {
        Some(rank) => Some(settings.scale(module, rank)?),
        None => None,
    };
    let delta = match scale {
        Some(scale) => product.times(scale)?,
        None => product,
    };
    Ok((fitted(delta, wanted)?, label))
}

/// The change of a bias that peft trains with B.
fn bias(module: &Module, settings: &AllSettings) -> Result<(Tensor, String)> {
    let rank = checked_rank(module, settings, dim(need(module, Slot::A)?, 0))?;
    let delta = need(module, Slot::BiasOfB)?.times(settings.scale(module, rank)?)?;
    Ok((delta, "lora_bias".to_owned()))
}

/// A convolution in three factors: the middle is (r, r, …); element (p, q, …) is the sum over i and j of `outer`\[i, p\] · `mid`\[i, j, …\] ·
/// `inner`\[j, q\]. The axis of each that is summed over is the other one than that given.
fn chain(
    mid: &Tensor,
    outer: (&Tensor, usize),
    inner: (&Tensor, usize),
    rows: u64,
) -> Result<Tensor> {
    let along = |(tensor, axis): (&Tensor, usize)| {
        let plain = matrix(tensor)?;
        if axis == 0 {
            Ok(plain)
        } else {
            transposed(&plain)
        }
    };
    let (outer, inner) = (along(outer)?, transposed(&along(inner)?)?);
    let (&[i, j, ..], &[_, q]) = (&*mid.shape, &*inner.shape) else {
        return Err(Error::new(
            Code::SizeMismatch,
            "middle factor of a convolution has too few axes",
        )
        .found(format!("{:?}", mid.shape)));
    };
    let kernel: Vec<u64> = mid.shape.iter().skip(2).copied().collect();
    let taps: u64 = kernel.iter().product();
    let mid = mid
        .reshaped(&[i, j, taps])?
        .permuted(&[0, 2, 1])?
        .reshaped(&[i * taps, j])?;
    let half = Tensor::low_rank(&mid, &inner)?
        .reshaped(&[i, taps, q])?
        .permuted(&[0, 2, 1])?
        .reshaped(&[i, q.saturating_mul(taps)])?;
    let whole = Tensor::low_rank(&outer, &half)?;
    let shape = [rows, q].into_iter().chain(kernel).collect();
    Ok(Tensor { shape, ..whole })
}

fn need<'a>(module: &Module<'a>, slot: Slot) -> Result<&'a Tensor> {
    let tensor = module.get(slot).ok_or_else(|| {
        Error::new(Code::MissingRecord, "a factor of the adapter is missing")
            .expected(format!("{slot:?} beside the others of {}", module.stem))
    })?;
    match tensor.error() {
        Some(error) => Err(error.clone()),
        None if tensor.elements == 0 => Err(Error::new(
            Code::SizeMismatch,
            "a factor of the adapter has no elements",
        )
        .found(format!("{:?}", tensor.shape))),
        None => Ok(tensor),
    }
}

/// The rank of the factors, which has to be that of the configuration.
fn checked_rank(module: &Module, settings: &AllSettings, rank: u64) -> Result<u64> {
    match settings.rank(module)? {
        Some(configured) if configured != rank => Err(Error::new(
            Code::SizeMismatch,
            "factors of the adapter have another rank than its configuration",
        )
        .expected(configured)
        .found(rank)),
        _ => Ok(rank),
    }
}

fn dim(tensor: &Tensor, axis: usize) -> u64 {
    tensor.shape.get(axis).copied().unwrap_or(1)
}

/// A convolution's weight as the matrix of its first axis and the others.
fn matrix(tensor: &Tensor) -> Result<Tensor> {
    if tensor.shape.len() == 2 {
        return Ok(tensor.clone());
    }
    let rows = dim(tensor, 0);
    tensor.reshaped(&[rows, tensor.elements.checked_div(rows).unwrap_or(0)])
}

fn transposed(tensor: &Tensor) -> Result<Tensor> {
    tensor.permuted(&[1, 0])
}

/// In the shape of the tensor that it changes, where it has as many rows and elements.
fn fitted(delta: Tensor, wanted: Wanted) -> Result<Tensor> {
    match wanted {
        Wanted::Shape { shape, .. }
            if delta.shape != shape
                && delta.shape.first() == shape.first()
                && element_count(shape).is_ok_and(|count| count == delta.elements) =>
        {
            delta.reshaped(shape)
        }
        _ => Ok(delta),
    }
}
