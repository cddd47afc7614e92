//! `rondo inspect`.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use wasm::{Definition, Engines, FileKind, Inspection};

use crate::compiling::CompilingArgs;
use crate::exit::Exit;
use crate::output::Output;
use crate::table;
use crate::units::brief_bytes;

/// Say whether a file can be deployed and what it offers; needs no server
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The file
    file: PathBuf,
}

pub(crate) fn run(args: &Args, output: Output) -> Result<Exit> {
    let bytes = std::fs::read(&args.file).with_context(|| format!("reading {}", args.file.display()))?;
    let inspection = look_into(&bytes)?;
    output.answer(&serde_json::to_string_pretty(&inspection)?, || Ok(describe(&inspection)))?;
    Ok(if inspection.deployable { Exit::Done } else { Exit::Failed })
}

/// What the host would make of a file.
pub(crate) fn look_into(bytes: &[u8]) -> Result<Inspection> {
    // One guest at a time is described, and a large one takes the tables of several: more would only cost address space.
    let compiler = Some(CompilingArgs::default().compiler());
    let options = wasm::Options { orchestrators_max: 10, activities_max: 10, compiler, ..wasm::Options::default() };
    Ok(Engines::new(options).context("starting the WebAssembly engine")?.inspect(bytes))
}

/// It in a few lines.
pub(crate) fn describe(inspection: &Inspection) -> String {
    table::pairs(pairs(inspection))
}

/// It by names, which are part of what people read.
pub(crate) fn pairs(inspection: &Inspection) -> Vec<(&'static str, Option<String>)> {
    let kind = match inspection.kind {
        FileKind::Component => "component",
        FileKind::CoreModule => "core module",
        FileKind::NotWasm => "not WebAssembly",
    };
    let lines = |lines: Vec<String>| (!lines.is_empty()).then(|| lines.join("\n"));
    let offered = |definitions: &[Definition]| {
        lines(
            definitions
                .iter()
                .map(|one| match one.description.as_str() {
                    "" => one.name.clone(),
                    description => format!("{}: {description}", one.name),
                })
                .collect(),
        )
    };
    let reasons = inspection.reasons.iter().map(|reason| format!("{}\n  {}", reason.problem, reason.remedy)).collect();
    vec![
        ("kind", Some(kind.to_owned())),
        ("size", Some(brief_bytes(inspection.size_bytes as u64))),
        ("digest", Some(inspection.digest.to_string())),
        ("deployable", Some(if inspection.deployable { "yes" } else { "no" }.to_owned())),
        ("why not", lines(reasons)),
        ("orchestrations", offered(&inspection.orchestrations)),
        ("activities", offered(&inspection.activities)),
        ("exports", lines(inspection.exports.clone())),
        ("imports", lines(inspection.imports.clone())),
    ]
}

#[cfg(test)]
mod tests {
    use engine::Digest;
    use wasm::Reason;

    use super::*;

    #[test]
    fn a_refused_file_shows_why_and_what_to_do() {
        let inspection = Inspection {
            kind: FileKind::CoreModule,
            size_bytes: 20_480,
            digest: Digest::from_bytes([0xab; 32]),
            exports: vec!["run".into()],
            imports: Vec::new(),
            orchestrations: vec![Definition { name: "order".into(), description: "Orders.".into() }],
            activities: Vec::new(),
            deployable: false,
            reasons: vec![Reason { problem: "it is a core module".into(), remedy: "build a component".into() }],
        };
        insta::assert_snapshot!(describe(&inspection), @r"
        kind            core module
        size            20 KiB
        digest          abababababababababababababababababababababababababababababababab
        deployable      no
        why not         it is a core module
                          build a component
        orchestrations  order: Orders.
        exports         run
        ");
    }
}
