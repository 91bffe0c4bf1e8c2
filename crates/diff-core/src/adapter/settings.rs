//! How an adapter is scaled: peft's `adapter_config.json`, the same in the metadata that diffusers writes, or a stored alpha.

use std::collections::HashMap;

use serde::Deserialize;

use super::module::{Module, Slot};
use super::pattern::Patterns;
use crate::checkpoint::Checkpoint;
use crate::error::{Code, Error, Result};
use crate::tensor::Scale;

/// The file of peft beside the weights.
pub(crate) const CONFIG: &str = "adapter_config.json";

/// Where diffusers puts the same.
const METADATA: &str = "lora_adapter_metadata";

/// What is looked at of peft's configuration.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Settings {
    peft_type: Option<String>,
    r: Option<f64>,
    lora_alpha: Option<f64>,
    /// What `LoHa` and `LoKr` call it.
    alpha: Option<f64>,
    use_rslora: Option<bool>,
    rank_pattern: Patterns,
    alpha_pattern: Patterns,
    fan_in_fan_out: Option<bool>,
    pub(super) target_parameters: Option<Vec<String>>,
    layer_replication: Option<Vec<serde::de::IgnoredAny>>,
}

/// The settings of an adapter: one, or one for each part of a pipeline.
#[derive(Debug, Default)]
pub(super) struct AllSettings {
    peft: Option<Settings>,
    /// By the first segment of the names.
    parts: HashMap<String, Settings>,
    /// Why the configuration cannot be used.
    error: Option<Error>,
}

impl AllSettings {
    pub(super) fn of(checkpoint: &Checkpoint) -> Self {
        let mut all = Self::default();
        let text = checkpoint.configs.iter().find(|(name, _)| name == CONFIG);
        if let Some((_, text)) = text {
            match serde_json::from_str(text) {
                Ok(settings) => all.peft = Some(settings),
                Err(error) => all.error = Some(invalid(CONFIG, &error)),
            }
        }
        let text = checkpoint.metadata.iter().find(|(key, _)| key == METADATA);
        if let Some((_, text)) = text {
            match of_parts(text) {
                Ok(parts) => all.parts = parts,
                Err(error) => all.error = Some(invalid(METADATA, &error)),
            }
        }
        all
    }

    pub(super) fn is_peft(&self) -> bool {
        self.peft.is_some()
    }

    pub(super) fn of_module(&self, module: &Module) -> Option<&Settings> {
        let first = module.path.split('.').next().unwrap_or_default();
        self.peft.as_ref().or_else(|| self.parts.get(first))
    }

    /// Whether the numbers are those of peft without what says how they are scaled. diffusers, Kohya and `LyCORIS` leave a scale of 1 out.
    pub(super) fn lacks_scale(&self, module: &Module) -> bool {
        self.of_module(module).is_none()
            && module.get(Slot::Alpha).is_none()
            && module.stem.starts_with(super::PEFT)
    }

    /// What kind of adapter peft calls it, where that is none whose tensors are known here.
    pub(super) fn unknown_kind(&self) -> Option<&str> {
        let kind = self.peft.as_ref()?.peft_type.as_deref()?;
        (!["LORA", "LOHA", "LOKR"].contains(&kind)).then_some(kind)
    }

    /// Whether weights lie as (in, out).
    pub(super) fn is_turned(&self, module: &Module) -> bool {
        let settings = self.of_module(module);
        settings.and_then(|settings| settings.fan_in_fan_out) == Some(true)
    }

    pub(super) fn replicates_layers(&self) -> bool {
        let layers = self
            .peft
            .as_ref()
            .and_then(|peft| peft.layer_replication.as_ref());
        layers.is_some_and(|layers| !layers.is_empty())
    }

    /// What B·A is multiplied with, of factors of this rank.
    ///
    /// # Errors
    /// What is wrong with the configuration.
    pub(super) fn scale(&self, module: &Module, rank: u64) -> Result<Scale> {
        if let Some(error) = &self.error {
            return Err(error.clone());
        }
        if let Some(alpha) = module.get(Slot::Alpha) {
            return Ok(Scale::Stored {
                number: alpha.clone(),
                over: rank as f64,
            });
        }
        let Some(settings) = self.of_module(module) else {
            return Ok(Scale::Number(1.0));
        };
        let Some(alpha) = settings
            .alpha_pattern
            .find(&module.path)?
            .or(settings.lora_alpha)
            .or(settings.alpha)
        else {
            return Err(Error::new(
                Code::InvalidHeader,
                "adapter's configuration has no alpha",
            ));
        };
        let over = if settings.use_rslora == Some(true) {
            (rank as f64).sqrt()
        } else {
            rank as f64
        };
        Ok(Scale::Number(alpha / over))
    }

    /// The rank that the configuration gives a module; None where it gives none.
    ///
    /// # Errors
    /// `InvalidHeader` for a rank that is no whole number from 1.
    pub(super) fn rank(&self, module: &Module) -> Result<Option<u64>> {
        let Some(settings) = self.of_module(module) else {
            return Ok(None);
        };
        let Some(rank) = settings.rank_pattern.find(&module.path)?.or(settings.r) else {
            return Ok(None);
        };
        if rank < 1.0 || rank.fract() != 0.0 || rank > 9e15 {
            return Err(
                Error::new(Code::InvalidHeader, "rank of an adapter is no whole number")
                    .expected("at least 1")
                    .found(rank),
            );
        }
        Ok(Some(rank as u64))
    }
}

/// `{"unet.r": 4, "unet.lora_alpha": 8, …}`.
fn of_parts(text: &str) -> serde_json::Result<HashMap<String, Settings>> {
    let flat: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text)?;
    let mut parts: HashMap<String, serde_json::Map<String, serde_json::Value>> = HashMap::new();
    for (key, value) in flat {
        if let Some((part, key)) = key.split_once('.') {
            let part = parts.entry(part.to_owned()).or_default();
            part.insert(key.to_owned(), value);
        }
    }
    let settings = parts.into_iter().map(|(part, settings)| {
        let settings = serde_json::Value::Object(settings);
        serde_json::from_value(settings).map(|settings| (part, settings))
    });
    settings.collect()
}

fn invalid(what: &str, error: &serde_json::Error) -> Error {
    Error::new(Code::InvalidHeader, format!("{what} is not valid: {error}"))
}
