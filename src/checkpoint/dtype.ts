/**
 * Element type of a tensor: one of these, or the file's own word for what is packed (`f4_e2m1`, `quint4x2`), quantised (`qint8`, `q4_k`) or
 * not known here.
 */
export type Dtype = KnownDtype | (string & {});

/** Element types that are read as numbers. */
export type KnownDtype =
  | 'bool'
  | 'u8'
  | 'i8'
  | 'u16'
  | 'i16'
  | 'u32'
  | 'i32'
  | 'u64'
  | 'i64'
  | 'f8_e4m3fn'
  | 'f8_e5m2'
  | 'f8_e4m3fnuz'
  | 'f8_e5m2fnuz'
  | 'f8_e8m0fnu'
  | 'f16'
  | 'bf16'
  | 'f32'
  | 'f64'
  | 'c32'
  | 'c64'
  | 'c128';

/** Types whose values f32 cannot hold. */
export const WIDE_DTYPES: ReadonlySet<string> = new Set(['f64', 'i64', 'u64', 'i32', 'u32']);
