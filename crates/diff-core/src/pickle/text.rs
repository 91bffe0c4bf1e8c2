//! The values that protocol 0 writes as lines of text.

/// A line of the opcodes INT and LONG.
pub enum Integer {
    Bool(bool),
    Small(i64),
    /// Too large for an i64; the digits are fine.
    Large,
}

/// An integer as INT (`12`, `01` for true) and LONG (`12L`) write it.
#[must_use]
pub fn integer(line: &[u8], long: bool) -> Option<Integer> {
    match line {
        b"00" if !long => return Some(Integer::Bool(false)),
        b"01" if !long => return Some(Integer::Bool(true)),
        _ => {}
    }
    let line = line.strip_suffix(b"L").unwrap_or(line).trim_ascii();
    let digits = line.strip_prefix(b"-").unwrap_or(line);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let text = std::str::from_utf8(line).ok()?;
    Some(text.parse().map_or(Integer::Large, Integer::Small))
}

#[must_use]
pub fn float(line: &[u8]) -> Option<f64> {
    std::str::from_utf8(line).ok()?.trim().parse().ok()
}

/// A line of the opcode UNICODE: bytes are characters, `\uXXXX` and `\UXXXXXXXX` are escapes.
#[must_use]
pub fn unicode(line: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut rest = line;
    loop {
        let digits = match rest {
            [b'\\', b'u', ..] => 4,
            [b'\\', b'U', ..] => 8,
            [byte, after @ ..] => {
                push_char(u32::from(*byte), &mut out);
                rest = after;
                continue;
            }
            [] => return Some(out),
        };
        let hex = rest.get(2..2 + digits)?;
        push_char(hexadecimal(hex)?, &mut out);
        rest = rest.get(2 + digits..)?;
    }
}

/// A line of the opcode STRING: quotes around, escapes inside.
#[must_use]
pub fn string(line: &[u8]) -> Option<Vec<u8>> {
    let quote = *line.first()?;
    if line.len() < 2 || line.last() != Some(&quote) || !matches!(quote, b'\'' | b'"') {
        return None;
    }
    let mut out = Vec::new();
    let mut rest = line.get(1..line.len() - 1)?;
    loop {
        let (byte, taken) = match rest {
            [] => return Some(out),
            [b'\\', b'x', high, low, ..] => (hexadecimal(&[*high, *low])? as u8, 4),
            [b'\\', b'n', ..] => (b'\n', 2),
            [b'\\', b't', ..] => (b'\t', 2),
            [b'\\', b'r', ..] => (b'\r', 2),
            [b'\\', b'a', ..] => (7, 2),
            [b'\\', b'b', ..] => (8, 2),
            [b'\\', b'f', ..] => (12, 2),
            [b'\\', b'v', ..] => (11, 2),
            [b'\\', digit @ b'0'..=b'7', after @ ..] => {
                let mut value = u32::from(digit - b'0');
                let mut taken = 2;
                for next in after.iter().take(2) {
                    if !matches!(next, b'0'..=b'7') {
                        break;
                    }
                    value = value * 8 + u32::from(next - b'0');
                    taken += 1;
                }
                (value as u8, taken)
            }
            [b'\\', escaped @ (b'\\' | b'\'' | b'"'), ..] => (*escaped, 2),
            [byte, ..] => (*byte, 1),
        };
        out.push(byte);
        rest = rest.get(taken..)?;
    }
}

fn hexadecimal(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0u32, |value, digit| {
        Some(value << 4 | char::from(*digit).to_digit(16)?)
    })
}

/// UTF-8 of a code point; surrogates are let through, as Python's `surrogatepass` does.
fn push_char(code: u32, out: &mut Vec<u8>) {
    if let Some(c) = char::from_u32(code) {
        out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    } else if code < 0x1_0000 {
        out.extend_from_slice(&[
            0xe0 | (code >> 12) as u8,
            0x80 | (code >> 6 & 0x3f) as u8,
            0x80 | (code & 0x3f) as u8,
        ]);
    } else {
        out.extend_from_slice("\u{fffd}".as_bytes());
    }
}

/// `text.encode('latin1')`; None where a character is beyond.
#[must_use]
pub fn to_latin1(text: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(text).ok()?;
    text.chars()
        .map(|c| u8::try_from(u32::from(c)).ok())
        .collect()
}
