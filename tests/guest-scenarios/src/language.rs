//! The languages that have an SDK.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::repository;

/// A language that has an SDK.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Language {
    Rust,
    TypeScript,
    Python,
    Go,
    C,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Rust, Self::TypeScript, Self::Python, Self::Go, Self::C];

    /// Its folder, and what the names of its own activities and orchestrations begin with.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::TypeScript => "typescript",
            Self::Python => "python",
            Self::Go => "go",
            Self::C => "c",
        }
    }

    /// Where its scenarios are built to.
    pub fn component_file(self) -> PathBuf {
        repository().join("target/guests").join(self.name()).join("scenarios.wasm")
    }

    /// Whether its standard library talks to a system that the host plays for it.
    ///
    /// The others import nothing at all.
    pub const fn imports_virtual_wasi(self) -> bool {
        match self {
            Self::Rust | Self::Go | Self::C => false,
            Self::TypeScript | Self::Python => true,
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Language {
    type Err = anyhow::Error;

    fn from_str(name: &str) -> anyhow::Result<Self> {
        let found = Self::ALL.into_iter().find(|language| language.name() == name);
        found.ok_or_else(|| anyhow::anyhow!("there is no SDK for {name}"))
    }
}
