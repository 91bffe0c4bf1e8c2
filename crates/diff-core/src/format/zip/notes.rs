//! What is odd about an archive.

use crate::finding::{Finding, Severity};
use crate::pickle::Area;

/// Findings of one kind that are listed.
const MOST_FINDINGS: usize = 50;

/// Anomalies, a bounded number of each kind.
pub(super) struct Notes<'a> {
    pub(super) area: &'a Area,
    pub(super) findings: &'a mut Vec<Finding>,
    pub(super) counts: Vec<(&'static str, usize)>,
}

impl Notes<'_> {
    pub(super) fn add(
        &mut self,
        code: &'static str,
        severity: Severity,
        offset: u64,
        message: impl FnOnce() -> String,
    ) {
        let place = self.counts.iter().position(|(known, _)| *known == code);
        let place = place.unwrap_or_else(|| {
            self.counts.push((code, 0));
            self.counts.len() - 1
        });
        let Some((_, count)) = self.counts.get_mut(place) else {
            return;
        };
        *count += 1;
        if *count <= MOST_FINDINGS {
            self.findings.push(
                Finding::new(code, severity, message())
                    .at(self.area.source.path())
                    .offset(self.area.start + offset),
            );
        }
    }

    pub(super) fn finish(self) {
        for (code, count) in self.counts {
            if count > MOST_FINDINGS {
                let message = format!("{} more of this kind", count - MOST_FINDINGS);
                self.findings.push(
                    Finding::new(code, Severity::Warning, message).at(self.area.source.path()),
                );
            }
        }
    }
}
