//! Reads an uploaded file far enough to say what it is, and makes a component of it.

use std::borrow::Cow;

use wasmparser::{BinaryReaderError, Encoding, Parser, Payload};
use wit_component::ComponentEncoder;

use crate::limits::FILE_BYTES_MAX;
use crate::wasi::{Interface, classify};
use crate::{FileKind, Reason, reasons};

/// The interface that orchestrates, without its version.
pub(crate) const ORCHESTRATOR: &str = "rondo:orchestration/orchestrator";
/// The interface that works, without its version.
pub(crate) const ACTIVITY: &str = "rondo:orchestration/activity";
/// Versions with the same beginning are compatible.
const VERSION: &str = "0.1.";

/// What a file holds.
#[derive(Debug)]
pub(crate) struct Contents<'a> {
    pub(crate) kind: FileKind,
    /// Sorted.
    pub(crate) exports: Vec<String>,
    /// Sorted; without the contract's own types.
    pub(crate) imports: Vec<String>,
    /// The component, or what stands against it.
    pub(crate) component: Result<Cow<'a, [u8]>, Vec<Reason>>,
}

impl Contents<'_> {
    /// Whether the component exports this interface, in a version that we speak.
    pub(crate) fn exports_interface(&self, interface: &str) -> bool {
        self.exports
            .iter()
            .any(|export| version_of(export, interface).is_some_and(|version| version.starts_with(VERSION)))
    }

    /// Whether any import is there at all.
    pub(crate) fn imports_wasi(&self) -> bool {
        !self.imports.is_empty()
    }
}

/// Reads a file. Code is neither compiled nor run, and only its outline is validated.
pub(crate) fn read(bytes: &[u8]) -> Contents<'_> {
    let useless =
        |kind, reason| Contents { kind, exports: Vec::new(), imports: Vec::new(), component: Err(vec![reason]) };
    if bytes.is_empty() {
        return useless(FileKind::NotWasm, reasons::empty());
    }
    if bytes.len() > FILE_BYTES_MAX {
        return useless(FileKind::NotWasm, reasons::too_large(bytes.len()));
    }
    if !bytes.starts_with(b"\0asm") {
        return useless(FileKind::NotWasm, reasons::not_wasm(bytes));
    }
    let outline = match Outline::read(bytes) {
        Ok(outline) => outline,
        Err(error) => {
            let kind = if Parser::is_component(bytes) { FileKind::Component } else { FileKind::CoreModule };
            return useless(kind, unreadable(&error, bytes.len()));
        }
    };
    match outline.kind {
        FileKind::CoreModule => wrap(bytes, outline),
        _ => component(Cow::Borrowed(bytes), outline, FileKind::Component),
    }
}

fn unreadable(error: &BinaryReaderError, length: usize) -> Reason {
    if error.message().starts_with("unexpected end") {
        reasons::truncated(length)
    } else {
        reasons::malformed(&error.to_string())
    }
}

/// Makes a component of a core module.
fn wrap(bytes: &[u8], outline: Outline) -> Contents<'static> {
    let Outline { exports, imports, has_component_type, .. } = outline;
    let functions_of = |module: &str| -> Vec<String> {
        let prefix = format!("{module}.");
        imports.iter().filter(|name| name.starts_with(&prefix)).cloned().collect()
    };
    let preview1 = functions_of("wasi_snapshot_preview1");
    // Names of interfaces hold a colon, `[…]` and `$root` are the component model's own.
    let unresolved: Vec<String> = imports
        .iter()
        .filter(|name| !name.contains(':') && !name.starts_with(['[', '$']) && !preview1.contains(name))
        .cloned()
        .collect();
    let mut against = Vec::new();
    if has_component_type {
        if !preview1.is_empty() {
            against.push(reasons::preview1(&preview1));
        }
        if !unresolved.is_empty() {
            against.push(reasons::unresolved(&unresolved));
        }
    } else {
        against.push(reasons::no_component_type(!preview1.is_empty()));
    }
    if against.is_empty() {
        let wrapped = ComponentEncoder::default().validate(true).module(bytes).and_then(|mut encoder| encoder.encode());
        match wrapped {
            Ok(wrapped) => match Outline::read(&wrapped) {
                Ok(outline) => return component(Cow::Owned(wrapped), outline, FileKind::CoreModule),
                Err(error) => against.push(reasons::malformed(&error.to_string())),
            },
            Err(error) => against.push(reasons::cannot_wrap(&format!("{error:#}"))),
        }
    }
    Contents { kind: FileKind::CoreModule, exports, imports, component: Err(against) }
}

/// Checks what a component exports and imports.
fn component(bytes: Cow<'_, [u8]>, outline: Outline, kind: FileKind) -> Contents<'_> {
    let Outline { exports, mut imports, .. } = outline;
    imports.retain(|import| classify(import) != Interface::Vocabulary);
    let mut contents = Contents { kind, exports, imports, component: Ok(bytes) };
    let against = against(&contents);
    if !against.is_empty() {
        contents.component = Err(against);
    }
    contents
}

fn against(contents: &Contents<'_>) -> Vec<Reason> {
    let orchestrates = contents.exports_interface(ORCHESTRATOR);
    let works = contents.exports_interface(ACTIVITY);
    let mut against = Vec::new();
    if !orchestrates && !works {
        let other_version = contents
            .exports
            .iter()
            .find(|export| [ORCHESTRATOR, ACTIVITY].iter().any(|interface| version_of(export, interface).is_some()));
        against.push(match other_version {
            Some(export) => reasons::other_version(export),
            None => reasons::wrong_exports(&contents.exports),
        });
    }
    let mut refuse = |class: Interface, reason: fn(&[String]) -> Reason| {
        let imports: Vec<String> =
            contents.imports.iter().filter(|import| classify(import) == class).cloned().collect();
        if !imports.is_empty() {
            against.push(reason(&imports));
        }
    };
    if orchestrates && !works {
        refuse(Interface::ActivityOnly, reasons::network);
    }
    refuse(Interface::OtherWasi, reasons::other_wasi);
    refuse(Interface::Unknown, reasons::unknown_imports);
    against
}

/// The version in `export`, if it is `interface`.
pub(crate) fn version_of<'a>(export: &'a str, interface: &str) -> Option<&'a str> {
    let (name, version) = export.split_once('@').unwrap_or((export, ""));
    (name == interface).then_some(version)
}

/// Names at the top level of a file.
pub(crate) struct Outline {
    kind: FileKind,
    /// Sorted.
    pub(crate) exports: Vec<String>,
    /// Sorted; of a core module `MODULE.NAME`.
    pub(crate) imports: Vec<String>,
    pub(crate) has_component_type: bool,
}

impl Outline {
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, BinaryReaderError> {
        let mut outline =
            Self { kind: FileKind::CoreModule, exports: Vec::new(), imports: Vec::new(), has_component_type: false };
        let mut depth = 0_usize;
        for payload in Parser::new(0).parse_all(bytes) {
            let payload = payload?;
            match payload {
                Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
                Payload::End(_) => depth = depth.saturating_sub(1),
                payload if depth == 0 => outline.take(payload)?,
                _ => {}
            }
        }
        outline.exports.sort();
        outline.imports.sort();
        Ok(outline)
    }

    fn take(&mut self, payload: Payload<'_>) -> Result<(), BinaryReaderError> {
        match payload {
            Payload::Version { encoding: Encoding::Component, .. } => self.kind = FileKind::Component,
            Payload::ComponentImportSection(section) => {
                for import in section {
                    self.imports.push(import?.name.name.to_owned());
                }
            }
            Payload::ComponentExportSection(section) => {
                for export in section {
                    self.exports.push(export?.name.name.to_owned());
                }
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let import = import?;
                    self.imports.push(format!("{}.{}", import.module, import.name));
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    self.exports.push(export?.name.to_owned());
                }
            }
            Payload::CustomSection(section) => {
                self.has_component_type |= section.name().starts_with("component-type");
            }
            _ => {}
        }
        Ok(())
    }
}
