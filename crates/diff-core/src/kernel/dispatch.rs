//! Which compilation of the passes runs: chosen once, from what the processor can do.

use std::sync::OnceLock;

use crate::dtype::DType;
use crate::kernel::decode::{self, Single};
use crate::kernel::dequantise::{self, Factors, Formula, Rounding};
use crate::kernel::fast::{self, Bound, Element, Side, Totals};
use crate::kernel::lines::{self, Foreseen, LINE, Turn};
#[cfg(target_arch = "aarch64")]
use crate::kernel::neon;
use crate::kernel::reference::{self, MomentLanes, PairLanes};
use crate::kernel::rounding::{self, Format};
#[cfg(target_arch = "x86_64")]
use crate::kernel::x86;

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
    #[cfg(target_arch = "aarch64")]
    Neon,
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
                    // Absent before Ice Lake, where AVX-512 lowers the clock: AVX2 is as good there.
                    && is_x86_feature_detected!("avx512vpopcntdq")
                {
                    available.push(Self(Kind::Avx512));
                }
            }
        }
        #[cfg(target_arch = "aarch64")]
        if std::arch::is_aarch64_feature_detected!("neon") {
            available.push(Self(Kind::Neon));
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
            #[cfg(target_arch = "aarch64")]
            Kind::Neon => "neon",
        }
    }
}

/// Asks for memory that will be read soon and that no processor foresees: a short run far from the last one.
#[inline]
pub(crate) fn prefetch(bytes: &[u8]) {
    #[cfg(target_arch = "x86_64")]
    x86::prefetch_lines(bytes);
    #[cfg(not(target_arch = "x86_64"))]
    let _ = bytes;
}

/// The same to the second-level cache: for more than the first one holds beside what is at work.
#[inline]
pub(crate) fn prefetch_far(bytes: &[u8]) {
    #[cfg(target_arch = "x86_64")]
    x86::prefetch_far(bytes);
    #[cfg(not(target_arch = "x86_64"))]
    let _ = bytes;
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
            $(#[target_feature(enable = "avx2,fma,f16c,avx512f,avx512vl,avx512dq,avx512bw,avx512vpopcntdq")]
            pub(super) fn $name($($arg: $type),*) $(-> $out)? { $body($($arg),*) })*
        }

        impl Isa {
            $(pub(super) fn $name(self, $($arg: $type),*) $(-> $out)? {
                match self.0 {
                    Kind::Portable => $body($($arg),*),
                    // Part of every aarch64 target: nothing to enable.
                    #[cfg(target_arch = "aarch64")]
                    Kind::Neon => $body($($arg),*),
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
    widen(dtype: DType, bytes: &[u8], out: &mut [Single]) = decode::widen;
    widen_f16_plain(bytes: &[u8], out: &mut [Single]) = decode::widen_f16;
    own(values: &[f64], lanes: &mut MomentLanes) = reference::own;
    pair_at_once(a: &[f64], b: &[f64], threshold: f64, lanes: &mut PairLanes) = reference::pair_at_once;
    pair_in_passes(a: &[f64], b: &[f64], threshold: f64, lanes: &mut PairLanes) = reference::pair_in_passes;
    bit_changed(item: u64, a: &[u8], b: &[u8]) -> u64 = reference::bit_changed;
    fast_pair_rest(element: Element, a: &[u8], b: &[u8], bound: Bound, totals: &mut Totals) = fast::pair_block;
    fast_own_rest(element: Element, bytes: &[u8], side: &mut Side) = fast::own_block;
    dequantise(cells: &mut [Single], factors: Factors, formula: Formula, rounding: Rounding) = dequantise::dequantise;
    copy_lines(storage: &[u8], lines: &[usize], out: &mut [[u8; LINE]]) = lines::copy;
    smallest_code(bytes: &[u8]) -> u16 = fast::smallest_code;
    equal_32(x: &[f32], y: &[f32], format: Format) -> u64 = rounding::equal_32;
    equal_64(x: &[f64], y: &[f64], format: Format) -> u64 = rounding::equal_64;
    near_32(x: &[f32], y: &[f32], old: Format, new: Format) -> u64 = rounding::near_32;
    near_64(x: &[f64], y: &[f64], old: Format, new: Format) -> u64 = rounding::near_64;
}

impl Isa {
    pub(super) fn pair(self, a: &[f64], b: &[f64], threshold: f64, lanes: &mut PairLanes) {
        if self.holds_all_sums() {
            self.pair_at_once(a, b, threshold, lanes);
        } else {
            self.pair_in_passes(a, b, threshold, lanes);
        }
    }

    /// Whether it has registers for all sums of a pair.
    fn holds_all_sums(self) -> bool {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => true,
            _ => false,
        }
    }

    /// Asks for memory that will be read soon, where that helps.
    pub(super) fn prefetch(self, bytes: &[u8]) {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 | Kind::Avx512 => x86::prefetch(bytes),
            _ => _ = bytes,
        }
    }

    /// f16 as f32. Where a multiplication of subnormal numbers is dear, by the processor's own conversion.
    pub(super) fn widen_f16(self, bytes: &[u8], out: &mut [Single]) {
        match self.0 {
            // SAFETY: a value of either kind is only made after the features of AVX2 were detected.
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 | Kind::Avx512 => unsafe { x86::avx2::widen_f16(bytes, out) },
            _ => self.widen_f16_plain(bytes, out),
        }
    }

    /// Turns the first `rows` rows.
    pub(super) fn turn<const N: usize>(self, turn: &Turn<N>, rows: usize, out: &mut [[u8; N]]) {
        let done = self.turn_blocks(turn, rows, out);
        turn.rows(done..rows, out);
    }

    /// As many of the rows as there are instructions for, of cells of this size; answers how many.
    fn turn_blocks<const N: usize>(
        self,
        turn: &Turn<N>,
        rows: usize,
        out: &mut [[u8; N]],
    ) -> usize {
        match (self.0, N) {
            #[cfg(target_arch = "x86_64")]
            (Kind::Avx512, 4) if rows >= x86::turn::WIDE => {
                let whole = rows - rows % x86::turn::WIDE;
                let out = out.as_flattened_mut().as_chunks_mut().0;
                // SAFETY: a value of this kind is only made after its features were detected.
                unsafe { x86::turn::turn_4_wide(&turn.sized(), whole, out) };
                whole
            }
            #[cfg(target_arch = "x86_64")]
            (Kind::Avx2 | Kind::Avx512, 4) => {
                let whole = rows - rows % x86::turn::SIDE;
                let out = out.as_flattened_mut().as_chunks_mut().0;
                // SAFETY: a value of either kind is only made after the features of AVX2 were detected.
                unsafe { x86::turn::turn_4(&turn.sized(), whole, out) };
                whole
            }
            #[cfg(target_arch = "x86_64")]
            (Kind::Avx2 | Kind::Avx512, 2) => {
                let whole = rows - rows % x86::turn::SIDE;
                let out = out.as_flattened_mut().as_chunks_mut().0;
                // SAFETY: as above.
                unsafe { x86::turn::turn_2(&turn.sized(), whole, out) };
                whole
            }
            _ => {
                let _ = (turn, rows, out);
                0
            }
        }
    }

    /// Numbers of a table, by a permutation of registers where there is one.
    pub(super) fn look_up(self, codes: &[u8], table: &[Single; 16], out: &mut [Single]) {
        match self.0 {
            // SAFETY: a value of either kind is only made after the features of AVX2 were detected.
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 | Kind::Avx512 => unsafe { x86::avx2::look_up(codes, table, out) },
            _ => dequantise::look_up(codes, table, out),
        }
    }

    /// Whole steps of at most one tile of both sides.
    pub(super) fn fast_pair(
        self,
        element: Element,
        a: &[u8],
        b: &[u8],
        bound: Bound,
        foreseen: Option<&Foreseen>,
        totals: &mut Totals,
    ) {
        macro_rules! pair {
            ($($path:ident)::+ $(, $far:literal, $foreseen:expr)?) => {
                match (element, bound.near) {
                    (Element::F32, false) => $($path)::+::pair_f32::<false $(, $far)?>(a, b, bound, $($foreseen,)? totals),
                    (Element::F32, true) => $($path)::+::pair_f32::<true $(, $far)?>(a, b, bound, $($foreseen,)? totals),
                    (Element::Bf16, false) => $($path)::+::pair_bf16::<false $(, $far)?>(a, b, bound, $($foreseen,)? totals),
                    (Element::Bf16, true) => $($path)::+::pair_bf16::<true $(, $far)?>(a, b, bound, $($foreseen,)? totals),
                    (Element::F16, false) => $($path)::+::pair_f16::<false $(, $far)?>(a, b, bound, $($foreseen,)? totals),
                    (Element::F16, true) => $($path)::+::pair_f16::<true $(, $far)?>(a, b, bound, $($foreseen,)? totals),
                }
            };
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = foreseen;
        match self.0 {
            Kind::Portable => fast::pair_tile(element, a, b, bound, totals),
            // SAFETY: a value of this kind is only made after its features were detected.
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => unsafe {
                match foreseen {
                    None => pair!(x86::avx2, false, &x86::NOTHING),
                    Some(foreseen) => pair!(x86::avx2, true, foreseen),
                }
            },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => unsafe {
                match foreseen {
                    None => pair!(x86::avx512, false, &x86::NOTHING),
                    Some(foreseen) => pair!(x86::avx512, true, foreseen),
                }
            },
            #[cfg(target_arch = "aarch64")]
            // SAFETY: as above.
            Kind::Neon => unsafe { pair!(neon) },
        }
    }

    /// Whole steps of at most one tile of the old side; with `equal`, of the new side too, which has the same bytes.
    pub(super) fn fast_own(self, element: Element, bytes: &[u8], equal: bool, totals: &mut Totals) {
        macro_rules! own {
            ($($module:ident)::+) => {
                match element {
                    Element::F32 => $($module)::+::own_f32(bytes, equal, totals),
                    Element::Bf16 => $($module)::+::own_bf16(bytes, equal, totals),
                    Element::F16 => $($module)::+::own_f16(bytes, equal, totals),
                }
            };
        }
        match self.0 {
            Kind::Portable if equal => {
                let bound = Bound::new(f64::INFINITY, element);
                fast::pair_tile(element, bytes, bytes, bound, totals);
            }
            Kind::Portable => fast::own_tile(element, bytes, &mut totals.old),
            // SAFETY: a value of this kind is only made after its features were detected.
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => unsafe { own!(x86::avx2) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => unsafe { own!(x86::avx512) },
            #[cfg(target_arch = "aarch64")]
            // SAFETY: as above.
            Kind::Neon => unsafe { own!(neon) },
        }
    }
}
