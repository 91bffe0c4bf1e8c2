//! How an adapter is scaled: peft's `adapter_config.json`, the same in the metadata that diffusers writes, or a stored alpha.

use std::collections::HashMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

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
    layer_replication: Option<Vec<(u64, u64)>>,
    trainable_token_indices: Option<Tokens>,
    /// The same where single tokens are all that is trained.
    token_indices: Option<Vec<u64>>,
    init_lora_weights: Option<serde_json::Value>,
    use_qalora: Option<bool>,
    use_bdlora: Option<IgnoredAny>,
    kasa_config: Option<IgnoredAny>,
    monteclora_config: Option<IgnoredAny>,
    arrow_config: Option<IgnoredAny>,
    alora_invocation_tokens: Option<IgnoredAny>,
}

/// Rows that are trained: of the input embedding, or by the end of a module's path.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Tokens {
    OfInput(Vec<u64>),
    ByModule(HashMap<String, Vec<u64>>),
}

/// Kinds of adapters that are merged.
const KINDS: [&str; 4] = ["LORA", "LOHA", "LOKR", "TRAINABLE_TOKENS"];

/// Ways to begin that take what the factors begin with off the weights of the base, so that they are none of the base's any more.
const CHANGING_BASE: [&str; 5] = ["pissa", "olora", "corda", "loftq", "lora_ga"];

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
        (!KINDS.contains(&kind)).then_some(kind)
    }

    /// What of the configuration makes ΔW another one than B·A·s.
    pub(super) fn not_low_rank(&self) -> Option<&'static str> {
        let peft = self.peft.as_ref()?;
        [
            ("use_qalora", peft.use_qalora == Some(true)),
            ("use_bdlora", peft.use_bdlora.is_some()),
            ("kasa_config", peft.kasa_config.is_some()),
        ]
        .into_iter()
        .find_map(|(name, is_set)| is_set.then_some(name))
    }

    /// What of the configuration makes the adapter no fixed change of this base.
    pub(super) fn not_merged(&self) -> Option<String> {
        if let Some(way) = self.changing_base() {
            return Some(format!("init_lora_weights: {way}"));
        }
        let peft = self.peft.as_ref()?;
        let found = [
            ("monteclora_config", peft.monteclora_config.is_some()),
            ("arrow_config", peft.arrow_config.is_some()),
            (
                "alora_invocation_tokens",
                peft.alora_invocation_tokens.is_some(),
            ),
        ]
        .into_iter()
        .find_map(|(name, is_set)| is_set.then_some(name));
        self.not_low_rank().or(found).map(str::to_owned)
    }

    /// How the factors began, where that changed the base.
    pub(super) fn changing_base(&self) -> Option<&str> {
        let way = self.peft.as_ref()?.init_lora_weights.as_ref()?.as_str()?;
        CHANGING_BASE
            .iter()
            .any(|known| way.starts_with(known))
            .then_some(way)
    }

    /// The tokens whose rows an adapter has of a module, in the order of its rows.
    pub(super) fn tokens(&self, path: &str) -> Option<&[u64]> {
        let peft = self.peft.as_ref()?;
        let is_it = |key: &str| {
            let before = path.strip_suffix(key);
            before.is_some_and(|before| before.is_empty() || before.ends_with('.'))
        };
        match &peft.trainable_token_indices {
            Some(Tokens::OfInput(tokens)) => Some(tokens),
            Some(Tokens::ByModule(tokens)) => {
                let found = tokens.iter().find(|(key, _)| is_it(key));
                found.map(|(_, tokens)| tokens.as_slice())
            }
            None => peft.token_indices.as_deref(),
        }
    }

    /// # Errors
    /// Why the configuration cannot be used.
    pub(super) fn check(&self) -> Result<()> {
        self.error.clone().map_or(Ok(()), Err)
    }

    /// Whether weights lie as (in, out).
    pub(super) fn is_turned(&self, module: &Module) -> bool {
        let settings = self.of_module(module);
        settings.and_then(|settings| settings.fan_in_fan_out) == Some(true)
    }

    /// First and last but one of the layers that the model is made of; None where they are the base's own.
    pub(super) fn replicated(&self) -> Option<&[(u64, u64)]> {
        let layers = self.peft.as_ref()?.layer_replication.as_deref()?;
        (!layers.is_empty()).then_some(layers)
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
