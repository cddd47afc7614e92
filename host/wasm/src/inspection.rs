//! What is said about an uploaded file.

use std::fmt;

use engine::Digest;
use serde::{Serialize, Serializer};

/// Everything there is to say about a file that may be a component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Inspection {
    /// What the file is.
    pub kind: FileKind,
    /// Its length.
    pub size_bytes: usize,
    /// Its name in every place.
    #[serde(serialize_with = "as_text")]
    pub digest: Digest,
    /// What it exports, by full name, sorted.
    pub exports: Vec<String>,
    /// What it imports, by full name, sorted.
    pub imports: Vec<String>,
    /// The orchestrations it offers.
    pub orchestrations: Vec<Definition>,
    /// The activities it offers.
    pub activities: Vec<Definition>,
    /// Whether it can be deployed: there are no reasons against it.
    pub deployable: bool,
    /// What stands against deploying it.
    pub reasons: Vec<Reason>,
}

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileKind {
    /// A WebAssembly component.
    Component,
    /// A core WebAssembly module.
    CoreModule,
    /// Anything else.
    NotWasm,
}

/// An orchestration or activity that a component offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Definition {
    /// 1 to 200 bytes, no control characters; unique within its kind and component.
    pub name: String,
    /// One sentence for people; may be empty.
    pub description: String,
}

/// Something that stands against deploying a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// What is wrong.
    pub problem: String,
    /// What to do about it.
    pub remedy: String,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.problem, self.remedy)
    }
}

fn as_text<S: Serializer>(digest: &Digest, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(digest)
}
