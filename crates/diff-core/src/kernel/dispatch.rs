//! Which compilation of the passes runs: chosen once, from what the processor can do.

use std::sync::OnceLock;

use crate::dtype::DType;
use crate::kernel::body::{self, Counts, DiffLanes, OwnLanes};
use crate::kernel::decode;

/// An instruction set that this processor has. The results do not depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Isa(Kind);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Isa {
    pub const PORTABLE: Self = Self(Kind::Portable);

    /// The best one, or the one that `MODEL_DIFF_ISA` names, where the processor has it.
    #[must_use]
    pub fn detect() -> Self {
        static CHOSEN: OnceLock<Isa> = OnceLock::new();
        *CHOSEN.get_or_init(|| {
            let available = Self::available();
            let wanted = std::env::var("MODEL_DIFF_ISA").unwrap_or_default();
            available
                .iter()
                .find(|isa| isa.name() == wanted)
                .or(available.last())
                .copied()
                .unwrap_or(Self::PORTABLE)
        })
    }

    /// Every instruction set that can run here, the fastest last.
    #[must_use]
    pub fn available() -> Vec<Self> {
        let mut available = vec![Self::PORTABLE];
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx2")
                && is_x86_feature_detected!("fma")
                && is_x86_feature_detected!("f16c")
            {
                available.push(Self(Kind::Avx2));
                if is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512vl")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512bw")
                {
                    available.push(Self(Kind::Avx512));
                }
            }
        }
        available
    }

    #[must_use]
    pub fn name(self) -> &'static str {
        match self.0 {
            Kind::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => "avx2",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => "avx512",
        }
    }
}

/// One method of [`Isa`] for each pass, and one compilation of the pass for each instruction set.
macro_rules! passes {
    ($($name:ident ( $($arg:ident : $type:ty),* ) $(-> $out:ty)? = $body:expr;)*) => {
        #[cfg(target_arch = "x86_64")]
        mod avx2 {
            use super::*;
            $(#[target_feature(enable = "avx2,fma,f16c")]
            pub(super) fn $name($($arg: $type),*) $(-> $out)? { $body($($arg),*) })*
        }

        #[cfg(target_arch = "x86_64")]
        mod avx512 {
            use super::*;
            $(#[target_feature(enable = "avx2,fma,f16c,avx512f,avx512vl,avx512dq,avx512bw")]
            pub(super) fn $name($($arg: $type),*) $(-> $out)? { $body($($arg),*) })*
        }

        impl Isa {
            $(pub(super) fn $name(self, $($arg: $type),*) $(-> $out)? {
                match self.0 {
                    Kind::Portable => $body($($arg),*),
                    // SAFETY: a value of this kind is only made after its features were detected.
                    #[cfg(target_arch = "x86_64")]
                    Kind::Avx2 => unsafe { avx2::$name($($arg),*) },
                    // SAFETY: as above.
                    #[cfg(target_arch = "x86_64")]
                    Kind::Avx512 => unsafe { avx512::$name($($arg),*) },
                }
            })*
        }
    };
}

passes! {
    decode(dtype: DType, bytes: &[u8], out: &mut [f64]) = decode::decode;
    own(values: &[f64], lanes: &mut OwnLanes) = body::own;
    difference(a: &[f64], b: &[f64], lanes: &mut DiffLanes) = body::difference;
    count(a: &[f64], b: &[f64], threshold: f64, counts: &mut Counts) = body::count;
    bit_changed(item: u64, a: &[u8], b: &[u8]) -> u64 = body::bit_changed;
}
