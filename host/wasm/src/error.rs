//! What can go wrong before a guest runs.

use std::path::PathBuf;

use crate::Inspection;

/// Why no guests can be run here at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// The engines refused to start: usually the address space for so many guests is not to be had.
    #[error("cannot reserve room for {orchestrators_max} orchestrators and {activities_max} activities")]
    Engine {
        /// As in the options.
        orchestrators_max: u32,
        /// As in the options.
        activities_max: u32,
        /// The engine's words.
        source: wasmtime::Error,
    },
    /// The folder for compiled code cannot be used.
    #[error("cannot use {} for compiled code", path.display())]
    Cache {
        /// The folder.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The thread that keeps deadlines cannot be started.
    #[error("cannot start the thread that keeps deadlines")]
    Ticker(#[source] std::io::Error),
}

/// Why a file is not deployable: at least one reason, for people.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{}", first_reason(.0))]
pub struct LoadError(pub Box<Inspection>);

impl LoadError {
    /// All there is to say about the file.
    pub fn inspection(&self) -> &Inspection {
        &self.0
    }
}

fn first_reason(inspection: &Inspection) -> String {
    inspection.reasons.first().map_or_else(|| "not deployable".to_owned(), ToString::to_string)
}
