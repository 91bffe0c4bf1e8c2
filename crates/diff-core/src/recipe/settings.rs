//! What the configuration says of quantisation.

use serde_json::{Map, Value};

use crate::checkpoint::Checkpoint;

/// The part of a configuration that is about quantisation.
#[derive(Debug, Default)]
pub(super) struct Settings {
    /// The library or the scheme, in lower case: `gptq`, `compressed-tensors`, `mlx`.
    pub(super) method: Option<String>,
    values: Map<String, Value>,
}

/// Those of a checkpoint: of the whole, and of components of a pipeline by the beginnings of their names.
#[derive(Debug, Default)]
pub(super) struct AllSettings {
    parts: Vec<(String, Settings)>,
    none: Settings,
}

/// Older files beside the weights that say the same as `quantization_config`, and the method that they are of.
const BESIDE: &[(&str, &str)] = &[
    ("quantize_config.json", "gptq"),
    ("quant_config.json", "awq"),
    ("hf_quant_config.json", "modelopt"),
];

impl AllSettings {
    pub(super) fn of(checkpoint: &Checkpoint) -> Self {
        let mut parts = Vec::new();
        let main = checkpoint.config.as_deref().and_then(Settings::of_config);
        parts.extend(main.map(|settings| (String::new(), settings)));
        for (name, text) in &checkpoint.configs {
            if let Some(component) = name.strip_suffix("/config.json") {
                let settings = Settings::of_config(text);
                parts.extend(settings.map(|settings| (format!("{component}."), settings)));
            }
            if let Some((_, method)) = BESIDE.iter().find(|(file, _)| file == name)
                && parts.is_empty()
            {
                let settings = Settings::of_file(text, method);
                parts.extend(settings.map(|settings| (String::new(), settings)));
            }
        }
        // The longest beginning first.
        parts.sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.len()));
        let none = Settings::default();
        Self { parts, none }
    }

    /// The ones for a tensor.
    pub(super) fn for_tensor(&self, name: &str) -> &Settings {
        let mut parts = self.parts.iter();
        let found = parts.find(|(prefix, _)| name.starts_with(prefix));
        found.map_or(&self.none, |(_, settings)| settings)
    }
}

impl Settings {
    /// Those of a `config.json`.
    fn of_config(text: &str) -> Option<Self> {
        let Ok(Value::Object(mut config)) = serde_json::from_str(text) else {
            return None;
        };
        // MLX writes both, and means the first.
        if let Some(Value::Object(values)) = config.remove("quantization") {
            let method = Some("mlx".to_owned());
            return Some(Self { method, values });
        }
        let mut found = config
            .remove("quantization_config")
            .or_else(|| config.remove("compression_config"));
        if found.is_none()
            && let Some(Value::Object(text)) = config.get_mut("text_config")
        {
            found = text.remove("quantization_config");
        }
        match found? {
            Value::Object(values) => Some(Self::new(values, None)),
            _ => None,
        }
    }

    /// Those of a file of its own.
    fn of_file(text: &str, method: &str) -> Option<Self> {
        match serde_json::from_str(text) {
            Ok(Value::Object(mut values)) => {
                let inner = match values.remove("quantization") {
                    Some(Value::Object(inner)) => inner,
                    _ => values,
                };
                Some(Self::new(inner, Some(method)))
            }
            _ => None,
        }
    }

    fn new(values: Map<String, Value>, method: Option<&str>) -> Self {
        let said = values.get("quant_method").and_then(Value::as_str);
        let is_bnb = || {
            values
                .keys()
                .any(|key| key.starts_with("load_in_") || key.starts_with("bnb_"))
        };
        let method = said
            .or(method)
            .map(str::to_lowercase)
            .or_else(|| is_bnb().then(|| "bitsandbytes".to_owned()));
        Self { method, values }
    }

    pub(super) fn is(&self, method: &str) -> bool {
        self.method.as_deref() == Some(method)
    }

    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        self.values.get(key)
    }

    pub(super) fn number(&self, key: &str) -> Option<i64> {
        self.get(key)?.as_i64()
    }

    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.get(key)?.as_str()
    }

    /// Everything under a key as text, however it is nested: who made the file stands in many forms.
    pub(super) fn words(&self, key: &str) -> String {
        self.get(key)
            .map(Value::to_string)
            .unwrap_or_default()
            .to_lowercase()
    }
}
