//! The content of a deflated entry at once.

use std::io::Read;

use crate::error::{Code, Error, Result};
use crate::finding::{Finding, Severity};
use crate::format::zip::{DEFLATED, Entry};
use crate::pickle::Area;

/// The whole content of a deflated entry; the caller has checked its size against a cap. `crate zip`
/// inflates it, behind a header of our own making, so that only our reading of the directory counts.
pub(in crate::format) fn whole(
    payload: &Area,
    entry: &Entry,
    findings: &mut Vec<Finding>,
) -> Result<Vec<u8>> {
    let place = |e: Error| e.at(payload.source.path()).entry(&entry.name());
    let mut header = Vec::with_capacity(64);
    header.extend_from_slice(b"PK\x03\x04\x14\x00\x00\x00");
    header.extend_from_slice(&DEFLATED.to_le_bytes());
    header.extend_from_slice(&[0, 0, 0x21, 0]); // 1980-01-01
    header.extend_from_slice(&entry.crc.to_le_bytes());
    header.extend_from_slice(&u32::MAX.to_le_bytes());
    header.extend_from_slice(&u32::MAX.to_le_bytes());
    header.extend_from_slice(&[1, 0, 20, 0, b'x', 1, 0, 16, 0]);
    header.extend_from_slice(&entry.size.to_le_bytes());
    header.extend_from_slice(&entry.stored.to_le_bytes());
    let mut stream = header.chain(AreaReader {
        area: payload.clone(),
        at: 0,
    });
    let broken = |e: &dyn std::fmt::Display| {
        place(
            Error::new(
                Code::InflateError,
                format!("zip entry does not inflate: {e}"),
            )
            .hint("the archive is damaged; fetch or save it again"),
        )
    };
    let mut file = zip::read::read_zipfile_from_stream(&mut stream)
        .map_err(|e| broken(&e))?
        .ok_or_else(|| broken(&"no data"))?;
    let mut content = Vec::with_capacity(usize::try_from(entry.size).unwrap_or(0));
    let result = (&mut file).take(entry.size).read_to_end(&mut content);
    if (content.len() as u64) < entry.size {
        return Err(match result {
            Err(e) => broken(&e),
            Ok(_) => broken(&format!(
                "{} bytes instead of {}",
                content.len(),
                entry.size
            )),
        });
    }
    // Only the end is checked here; torch does not look at checksums.
    let mut more = [0];
    match file.read(&mut more) {
        Ok(0) => {}
        Ok(_) => return Err(broken(&"it is longer than the directory says")),
        Err(_) => findings.push(crc_finding(payload, entry)),
    }
    Ok(content)
}

pub(in crate::format) fn crc_finding(payload: &Area, entry: &Entry) -> Finding {
    Finding::new(
        "CrcMismatch",
        Severity::Info,
        format!(
            "checksum of zip entry {:?} is wrong; torch does not look at it",
            entry.name()
        ),
    )
    .at(payload.source.path())
    .offset(payload.start)
}

struct AreaReader {
    area: Area,
    at: u64,
}

impl Read for AreaReader {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = (self.area.length - self.at).min(buffer.len() as u64) as usize;
        if let Some(target) = buffer.get_mut(..count) {
            self.area
                .source
                .read_exact(self.area.start + self.at, target)
                .map_err(std::io::Error::other)?;
        }
        self.at += count as u64;
        Ok(count)
    }
}
