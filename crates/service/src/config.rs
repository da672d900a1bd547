//! One precedence for every setting: flag, then environment, then file, then default.
//!
//! A service's configuration is a typed struct that denies unknown fields. The layers below it are
//! TOML tables that are merged before the struct is read, so that each setting can come from any
//! layer and every mistake is reported with its name.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::de::DeserializeOwned;
use toml::{Table, Value};

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read configuration file {}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("configuration file {} is not valid TOML", path.display())]
    Parse {
        /// Which file.
        path: PathBuf,
        /// Where and why.
        #[source]
        source: toml::de::Error,
    },
    /// A setting is unknown, missing or of the wrong type.
    #[error("configuration is not valid")]
    Shape(#[source] toml::de::Error),
}

/// Settings by layer, weakest first.
#[derive(Debug, Clone, Default)]
pub struct Layers {
    merged: Table,
}

impl Layers {
    /// Nothing but defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a TOML file above what is there.
    ///
    /// # Errors
    /// When it cannot be read or parsed.
    pub fn file(mut self, path: &Path) -> Result<Self, ConfigError> {
        let text = fs::read_to_string(path)
            .map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        let table = text
            .parse::<Table>()
            .map_err(|source| ConfigError::Parse { path: path.to_owned(), source })?;
        merge(&mut self.merged, table);
        Ok(self)
    }

    /// Adds environment variables above what is there. `BRAID_MEMPOOL__SENDER_MAX=64` sets
    /// `sender_max` in `[mempool]` when `prefix` is `BRAID_`: two underscores open a table.
    pub fn environment(
        mut self,
        prefix: &str,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Self {
        for (name, value) in variables {
            let Some(path) = name.strip_prefix(prefix) else { continue };
            let path: Vec<String> = path.split("__").map(str::to_ascii_lowercase).collect();
            set(&mut self.merged, &path, scalar(&value));
        }
        self
    }

    /// Sets one value above what is there, by its dotted path: what a flag does.
    pub fn flag(mut self, path: &str, value: Option<impl Into<Value>>) -> Self {
        if let Some(value) = value {
            let path: Vec<String> = path.split('.').map(str::to_owned).collect();
            set(&mut self.merged, &path, value.into());
        }
        self
    }

    /// Reads the struct.
    ///
    /// # Errors
    /// When a setting is unknown, missing or of the wrong type.
    pub fn read<T: DeserializeOwned>(self) -> Result<T, ConfigError> {
        Value::Table(self.merged).try_into().map_err(ConfigError::Shape)
    }
}

/// An environment variable is a number or a boolean if it looks like one, else text.
fn scalar(text: &str) -> Value {
    if let Ok(number) = text.parse::<i64>() {
        return Value::Integer(number);
    }
    match text {
        "true" => Value::Boolean(true),
        "false" => Value::Boolean(false),
        _ => Value::String(text.to_owned()),
    }
}

fn set(table: &mut Table, path: &[String], value: Value) {
    match path {
        [] => {}
        [last] => {
            table.insert(last.clone(), value);
        }
        [first, rest @ ..] => {
            let entry = table.entry(first.clone()).or_insert_with(|| Value::Table(Table::new()));
            if !entry.is_table() {
                *entry = Value::Table(Table::new());
            }
            if let Value::Table(inner) = entry {
                set(inner, rest, value);
            }
        }
    }
}

fn merge(below: &mut Table, above: Table) {
    for (key, value) in above {
        match (below.get_mut(&key), value) {
            (Some(Value::Table(below)), Value::Table(above)) => merge(below, above),
            (_, value) => {
                below.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(default, deny_unknown_fields)]
    struct Example {
        name: String,
        #[serde(with = "humantime_serde")]
        interval: Duration,
        pool: Pool,
    }

    impl Default for Example {
        fn default() -> Self {
            let pool = Pool::default();
            Self { name: "default".into(), interval: Duration::from_secs(1), pool }
        }
    }

    #[derive(Debug, Default, Deserialize, PartialEq)]
    #[serde(default, deny_unknown_fields)]
    struct Pool {
        size_max: u64,
        sender_max: u64,
    }

    fn variables(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
    }

    #[test]
    fn flag_over_environment_over_file_over_default() {
        let dir = std::env::temp_dir().join(format!("braid-config-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        let file = dir.join("example.toml");
        fs::write(&file, "name = 'file'\ninterval = '2s'\n[pool]\nsize_max = 1\nsender_max = 1\n")
            .unwrap();
        let layers = Layers::new()
            .file(&file)
            .unwrap()
            .environment(
                "X_",
                variables(&[("X_POOL__SIZE_MAX", "2"), ("X_POOL__SENDER_MAX", "2"), ("Y", "9")]),
            )
            .flag("pool.sender_max", Some(3))
            .flag("name", None::<String>);
        let example: Example = layers.read().unwrap();
        let pool = Pool { size_max: 2, sender_max: 3 };
        assert_eq!(
            example,
            Example { name: "file".into(), interval: Duration::from_secs(2), pool }
        );
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn unknown_settings_and_missing_files_are_errors() {
        let unknown = Layers::new().flag("pool.typo", Some(1)).read::<Example>();
        let text = format!("{:?}", unknown.unwrap_err());
        assert!(text.contains("typo"), "{text}");
        let missing = Layers::new().file(Path::new("/nonexistent/braid.toml"));
        assert!(matches!(missing, Err(ConfigError::Read { .. })));
    }
}
