//! The folders of `examples/`, each with a `run.json` that says how to run it.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use serde::Deserialize;
use serde_json::Value;

use crate::files::{guest, repository};

/// One example.
#[derive(Debug, Clone)]
pub struct Example {
    /// Its folder and crate.
    pub name: String,
    /// How to run it.
    pub run: Run,
    /// The history that its README shows.
    pub expected_history: PathBuf,
}

/// `run.json`. `{page}` in it stands for the address of a web page.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// What it shows, in a few words.
    pub title: String,
    /// The orchestration to start.
    pub orchestration: String,
    /// Its input.
    pub input: Value,
    /// What to raise once it runs, in order.
    #[serde(default)]
    pub events: Vec<Event>,
    /// The output it ends with.
    pub output: Value,
}

/// An event to raise.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// Its name.
    pub name: String,
    /// Its data.
    pub data: Value,
}

impl Example {
    /// All of them, by name.
    pub fn all() -> Result<Vec<Self>> {
        let mut examples = Vec::new();
        for entry in fs::read_dir(repository().join("examples")).context("listing the examples")? {
            let folder = entry.context("listing the examples")?.path();
            if !folder.join("Cargo.toml").is_file() {
                continue;
            }
            let name = folder.file_name().context("naming an example")?.to_string_lossy().into_owned();
            let text =
                fs::read_to_string(folder.join("run.json")).with_context(|| format!("reading run.json of {name}"))?;
            let run = serde_json::from_str(&text).with_context(|| format!("reading run.json of {name}"))?;
            examples.push(Self { name, run, expected_history: folder.join("expected-history.txt") });
        }
        examples.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(examples)
    }

    /// The order in which they are best read: the plainest first.
    pub fn in_reading_order() -> Result<Vec<Self>> {
        const ORDER: [&str; 3] = ["chaining", "fan_out", "approval"];
        let mut examples = Self::all()?;
        let place = |name: &str| ORDER.iter().position(|known| *known == name).unwrap_or(ORDER.len());
        examples.sort_by_key(|example| place(&example.name));
        Ok(examples)
    }

    /// Whether it calls the web page whose address its input has.
    pub fn calls_page(&self) -> bool {
        self.run.input.to_string().contains("{page}")
    }

    /// The built component.
    pub fn component(&self) -> Result<PathBuf> {
        guest(&self.name)
    }
}
