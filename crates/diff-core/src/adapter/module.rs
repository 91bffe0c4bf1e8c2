//! The tensors of an adapter that belong to one weight, told by the ends of their names.

use std::collections::HashMap;

use super::PEFT;
use crate::tensor::Tensor;

/// What a tensor is in its module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Slot {
    /// A of B·A, also called down.
    A,
    /// B of B·A, also called up.
    B,
    /// The middle of a decomposed convolution, which `LyCORIS` has.
    Mid,
    EmbeddingA,
    EmbeddingB,
    BiasOfB,
    Magnitude,
    Alpha,
    /// The scale of `LyCORIS`'s weight decomposition.
    DoraScale,
    Hada(u8, u8),
    HadaMid(u8),
    /// A whole factor of a Kronecker product.
    Kron(u8),
    /// The first or the second factor of one.
    KronPart(u8, u8),
    KronMid,
}

/// Ends of names behind that of the module. Those of peft stand first, then those of diffusers, then those of Kohya and `LyCORIS`.
const ENDS: &[(&str, Slot)] = &[
    (".lora_A.weight", Slot::A),
    (".lora_B.weight", Slot::B),
    (".lora_B.bias", Slot::BiasOfB),
    (".lora_embedding_A", Slot::EmbeddingA),
    (".lora_embedding_B", Slot::EmbeddingB),
    (".lora_magnitude_vector.weight", Slot::Magnitude),
    (".lora_magnitude_vector", Slot::Magnitude),
    (".lora.down.weight", Slot::A),
    (".lora.up.weight", Slot::B),
    (".lora_down.weight", Slot::A),
    (".lora_up.weight", Slot::B),
    (".lora_mid.weight", Slot::Mid),
    (".alpha", Slot::Alpha),
    (".dora_scale", Slot::DoraScale),
    (".hada_w1_a", Slot::Hada(1, 1)),
    (".hada_w1_b", Slot::Hada(1, 2)),
    (".hada_w2_a", Slot::Hada(2, 1)),
    (".hada_w2_b", Slot::Hada(2, 2)),
    (".hada_t1", Slot::HadaMid(1)),
    (".hada_t2", Slot::HadaMid(2)),
    (".lokr_w1", Slot::Kron(1)),
    (".lokr_w2", Slot::Kron(2)),
    (".lokr_w1_a", Slot::KronPart(1, 1)),
    (".lokr_w1_b", Slot::KronPart(1, 2)),
    (".lokr_w2_a", Slot::KronPart(2, 1)),
    (".lokr_w2_b", Slot::KronPart(2, 2)),
    (".lokr_t2", Slot::KronMid),
];

/// Segments of a name in which peft's own state has the name of the adapter behind: `lora_A.default.weight`.
const NAMED: &[&str] = &[
    "lora_A",
    "lora_B",
    "lora_embedding_A",
    "lora_embedding_B",
    "lora_magnitude_vector",
];

/// The tensors of one module.
#[derive(Debug)]
pub(super) struct Module<'a> {
    /// Name of the module in the file.
    pub(super) stem: String,
    /// Its path in the model: without what peft puts before it and inside.
    pub(super) path: String,
    /// How many of peft's wrappers lie between this one and the module itself.
    pub(super) depth: usize,
    /// In the order of the file, with their places in it.
    parts: Vec<(Slot, usize, &'a Tensor)>,
}

impl<'a> Module<'a> {
    pub(super) fn get(&self, slot: Slot) -> Option<&'a Tensor> {
        let found = self.parts.iter().find(|(other, _, _)| *other == slot);
        found.map(|(_, _, tensor)| *tensor)
    }

    pub(super) fn magnitude(&self) -> Option<&'a Tensor> {
        self.get(Slot::Magnitude).or(self.get(Slot::DoraScale))
    }

    pub(super) fn slots(&self) -> impl Iterator<Item = (Slot, usize, &'a Tensor)> {
        self.parts.iter().copied()
    }

    /// A part by which its errors are told.
    pub(super) fn first(&self) -> Option<&'a Tensor> {
        self.parts.first().map(|(_, _, tensor)| *tensor)
    }
}

/// The modules of an adapter, in the order of the file; none where there are no factors.
pub(super) fn find(tensors: &[Tensor]) -> Vec<Module<'_>> {
    let mut modules: Vec<Module> = Vec::new();
    // Almost all checkpoints have none, and comparing each name with every end takes as long as a quarter of opening it.
    if !tensors.iter().any(|tensor| may_be_factor(&tensor.name)) {
        return modules;
    }
    let mut known: HashMap<String, usize> = HashMap::new();
    for (place, tensor) in tensors.iter().enumerate() {
        let Some((stem, slot)) = split(&tensor.name) else {
            continue;
        };
        let number = *known.entry(stem.clone()).or_insert_with(|| {
            modules.push(Module::named(stem));
            modules.len() - 1
        });
        if let Some(module) = modules.get_mut(number)
            && module.get(slot).is_none()
        {
            module.parts.push((slot, place, tensor));
        }
    }
    // An alpha alone, or a magnitude, is no adapter.
    modules.retain(|module| {
        let mut slots = module.parts.iter().map(|(slot, _, _)| *slot);
        slots.any(|slot| !matches!(slot, Slot::Alpha | Slot::DoraScale | Slot::BiasOfB))
    });
    modules
}

impl Module<'_> {
    fn named(stem: String) -> Self {
        let mut path = stem.strip_prefix(PEFT).unwrap_or(&stem);
        let mut depth = 0;
        while let Some(inner) = path.strip_suffix(".base_layer") {
            (path, depth) = (inner, depth + 1);
        }
        Self {
            path: path.to_owned(),
            stem,
            depth,
            parts: Vec::new(),
        }
    }
}

/// The name of the module and what the tensor is in it.
fn split(name: &str) -> Option<(String, Slot)> {
    let found = |name: &str| {
        let (end, slot) = ENDS.iter().find(|(end, _)| name.ends_with(end))?;
        let stem = name.strip_suffix(end)?;
        (!stem.is_empty()).then(|| (stem.to_owned(), *slot))
    };
    found(name).or_else(|| found(&unnamed(name)?))
}

/// Whether the last segments of a name are such as factors have.
fn may_be_factor(name: &str) -> bool {
    let segments = name.as_bytes().rsplit(|&byte| byte == b'.');
    segments.take(3).any(|segment| {
        let begins = |with: &[u8]| segment.starts_with(with);
        begins(b"lora") || begins(b"hada_") || begins(b"lokr_")
    })
}

/// The name without that of the adapter in it.
fn unnamed(name: &str) -> Option<String> {
    let (before, last) = name.rsplit_once('.')?;
    let is_named = |text: &str| {
        let segment = text.rsplit_once('.').map_or(text, |(_, segment)| segment);
        NAMED.contains(&segment)
    };
    if is_named(before) {
        return Some(before.to_owned());
    }
    let (outer, _) = before.rsplit_once('.')?;
    is_named(outer).then(|| format!("{outer}.{last}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_behind_the_module() {
        for (name, stem, slot) in [
            (
                "base_model.model.l.0.q.lora_A.weight",
                "base_model.model.l.0.q",
                Slot::A,
            ),
            ("l.q.lora_B.default.weight", "l.q", Slot::B),
            ("e.lora_embedding_A", "e", Slot::EmbeddingA),
            ("e.lora_embedding_A.default", "e", Slot::EmbeddingA),
            (
                "q.lora_magnitude_vector.default.weight",
                "q",
                Slot::Magnitude,
            ),
            ("q.lora_magnitude_vector.weight", "q", Slot::Magnitude),
            (
                "lora_unet_mid_to_q.lora_up.weight",
                "lora_unet_mid_to_q",
                Slot::B,
            ),
            ("unet.a.lora.down.weight", "unet.a", Slot::A),
            ("x.hada_w2_b", "x", Slot::Hada(2, 2)),
        ] {
            assert_eq!(split(name), Some((stem.to_owned(), slot)), "{name}");
        }
        for name in [
            "",
            ".lora_A.weight",
            "lora_A.weight",
            "q.weight",
            "lora_B",
            "a.b.c.weight",
        ] {
            assert_eq!(split(name), None, "{name}");
        }
    }
}
