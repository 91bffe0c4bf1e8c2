//! Spreads of measured numbers, as lines for people or as JSON lines for the benchmark suite.

use std::io::Write;

use serde_json::{Value, json};

pub type Any<T> = Result<T, Box<dyn std::error::Error>>;

pub fn say(line: &str) -> Any<()> {
    Ok(writeln!(std::io::stdout(), "{line}")?)
}

/// Smallest, middle and largest of several runs.
#[derive(Clone, Copy)]
pub struct Spread {
    pub min: f64,
    pub median: f64,
    pub max: f64,
}

impl Spread {
    pub fn of(values: impl Iterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = values.collect();
        sorted.sort_by(f64::total_cmp);
        Self {
            min: sorted[0],
            median: sorted[sorted.len() / 2],
            max: sorted[sorted.len() - 1],
        }
    }

    pub fn to_json(self) -> Value {
        json!({ "min": self.min, "median": self.median, "max": self.max })
    }
}

/// One thing that was measured beside the others of its rounds.
pub struct Case {
    /// How it is called in lines for people.
    pub name: String,
    /// How it is called in JSON.
    pub labels: Value,
}

/// Rates of all cases, and their ratios to the first one of the same round. `times` has a row a round.
pub fn report(
    as_json: bool,
    label: &str,
    labels: &Value,
    cases: &[Case],
    bytes: f64,
    times: &[Vec<f64>],
) -> Any<()> {
    for (at, case) in cases.iter().enumerate() {
        let ratio = Spread::of(times.iter().map(|round| round[0] / round[at]));
        let rate = Spread::of(times.iter().map(|round| bytes / round[at] / 1e9));
        if as_json {
            let mut line = labels.clone();
            merge(&mut line, &case.labels);
            line["gb_per_second"] = rate.to_json();
            line["of_sum"] = ratio.to_json();
            say(&line.to_string())?;
            continue;
        }
        let Spread { min, median, max } = rate;
        say(&format!(
            "{label:<28} {:<16} {median:7.1} GB/s ({min:.1}-{max:.1})   {:.2}",
            case.name, ratio.median
        ))?;
    }
    Ok(())
}

fn merge(into: &mut Value, from: &Value) {
    for (key, value) in from.as_object().into_iter().flatten() {
        into[key] = value.clone();
    }
}
