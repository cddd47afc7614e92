//! The languages that there is an SDK for.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// What guests are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Language {
    Rust,
    #[value(name = "typescript")]
    TypeScript,
    Go,
    Python,
    C,
}

impl Language {
    /// As people write it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Rust => "Rust",
            Self::TypeScript => "TypeScript",
            Self::Go => "Go",
            Self::Python => "Python",
            Self::C => "C",
        }
    }

    /// As it is called on the command line, in `rondo.toml`, and as its SDK's folder.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::TypeScript => "typescript",
            Self::Go => "go",
            Self::Python => "python",
            Self::C => "c",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_is_called_the_same_everywhere() {
        for language in Language::value_variants() {
            let key = language.key();
            assert_eq!(language.to_possible_value().unwrap().get_name(), key);
            assert_eq!(serde_json::to_value(language).unwrap(), key);
            assert_eq!(language.name().to_lowercase(), key);
        }
    }
}
