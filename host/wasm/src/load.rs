//! From a file's bytes to a component that is ready to run, or to the reasons why not.

use std::collections::BTreeSet;
use std::sync::Arc;

use engine::Digest;
use engine::limits::NAME_BYTES_MAX;
use wasmtime::component::Component;

use crate::activity::ActivityGuests;
use crate::compiler::CompileError;
use crate::describe::Describer;
use crate::engines::Shared;
use crate::file::{self, ACTIVITY, Contents, ORCHESTRATOR};
use crate::limits::{DEFINITIONS_MAX, DESCRIPTION_BYTES_MAX};
use crate::orchestrator::OrchestratorGuests;
use crate::{Definition, Inspection, LoadedComponent, Reason, reasons};

/// Says everything about a file, and makes it ready to run if nothing stands against it.
pub(crate) fn examine(shared: &Arc<Shared>, bytes: &[u8]) -> (Inspection, Option<LoadedComponent>) {
    let digest = Digest::of(bytes);
    let contents = file::read(bytes);
    let prepared = prepare(shared, digest, &contents);
    let mut inspection = Inspection {
        kind: contents.kind,
        size_bytes: bytes.len(),
        digest,
        exports: contents.exports,
        imports: contents.imports,
        orchestrations: Vec::new(),
        activities: Vec::new(),
        deployable: false,
        reasons: Vec::new(),
    };
    let Prepared { orchestrators, activities, orchestrations, works } = match prepared {
        Ok(prepared) => prepared,
        Err(reasons) => {
            inspection.reasons = reasons;
            return (inspection, None);
        }
    };
    inspection.orchestrations.clone_from(&orchestrations);
    inspection.activities.clone_from(&works);
    // One of the two may be empty: some toolchains know only one world, and export all of it.
    if orchestrations.is_empty() && works.is_empty() {
        inspection.reasons.push(reasons::offers_nothing());
    }
    check_names("orchestrator", &orchestrations, &mut inspection.reasons);
    check_names("activity", &works, &mut inspection.reasons);
    if !inspection.reasons.is_empty() {
        return (inspection, None);
    }
    inspection.deployable = true;
    let component = LoadedComponent::new(Arc::clone(shared), digest, orchestrators, activities, orchestrations, works);
    (inspection, Some(component))
}

struct Prepared {
    orchestrators: Option<OrchestratorGuests>,
    activities: Option<ActivityGuests>,
    orchestrations: Vec<Definition>,
    works: Vec<Definition>,
}

fn prepare(shared: &Arc<Shared>, digest: Digest, contents: &Contents<'_>) -> Result<Prepared, Vec<Reason>> {
    let bytes = contents.component.as_ref().map_err(Clone::clone)?;
    let one = |reason| vec![reason];
    let wrong_types = |error: wasmtime::Error| one(reasons::wrong_types(&format!("{error:#}")));
    let (code, component) = compiled(shared, digest, bytes).map_err(one)?;
    // Described as an orchestrator, whatever it is: what it offers cannot depend on anything then.
    let describer = Describer::new(shared, &component, contents.imports_wasi()).map_err(wrong_types)?;
    let mut prepared =
        Prepared { orchestrators: None, activities: None, orchestrations: Vec::new(), works: Vec::new() };
    if contents.exports_interface(ORCHESTRATOR) {
        prepared.orchestrations = describer.orchestrations().map_err(|error| one(error.reason("orchestrator")))?;
        prepared.orchestrators =
            Some(OrchestratorGuests::new(describer.pre(), contents.imports_wasi()).map_err(wrong_types)?);
    }
    if contents.exports_interface(ACTIVITY) {
        prepared.works = describer.activities().map_err(|error| one(error.reason("activity")))?;
        let component = load(&shared.activities, &code).map_err(one)?;
        prepared.activities = Some(ActivityGuests::new(shared, &component).map_err(wrong_types)?);
    }
    Ok(prepared)
}

/// The machine code of a component, which is good for both engines, loaded into the one for orchestrators.
fn compiled(shared: &Shared, digest: Digest, bytes: &[u8]) -> Result<(Vec<u8>, Component), Reason> {
    if let Some(cache) = &shared.cache
        && let Some(code) = cache.load(digest)
    {
        match deserialize(&shared.orchestrators, &code) {
            Ok(component) => return Ok((code, component)),
            Err(error) => {
                tracing::warn!(%digest, %error, "ignoring compiled code that does not fit this engine");
                cache.forget(digest);
            }
        }
    }
    let started = std::time::Instant::now();
    let code = compile(shared, bytes).map_err(|error| match error {
        CompileError::Invalid(problem) => reasons::malformed(&problem),
        CompileError::TooCostly(what) => reasons::too_costly(&what),
        CompileError::Broken(problem) => reasons::compiler_broken(&problem),
    })?;
    let (millis, code_bytes) = (started.elapsed().as_millis(), code.len());
    tracing::info!(%digest, component_bytes = bytes.len(), code_bytes, millis, "component compiled");
    if let Some(cache) = &shared.cache {
        cache.store(digest, &code);
    }
    let component = load(&shared.orchestrators, &code)?;
    Ok((code, component))
}

fn compile(shared: &Shared, component: &[u8]) -> Result<Vec<u8>, CompileError> {
    match &shared.options.compiler {
        Some(compiler) => compiler.run(component),
        None => shared
            .orchestrators
            .precompile_component(component)
            .map_err(|error| CompileError::Invalid(format!("{error:#}"))),
    }
}

fn load(engine: &wasmtime::Engine, code: &[u8]) -> Result<Component, Reason> {
    // What is wrong now is that the component needs more than any guest may have, from the start.
    deserialize(engine, code).map_err(|error| reasons::too_demanding(&format!("{error:#}")))
}

#[allow(unsafe_code, reason = "machine code can only be loaded on trust, and this is where the trust is argued")]
fn deserialize(engine: &wasmtime::Engine, code: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: `code` was made by `precompile_component` of the same library: by this program just now, or by a process
    // that has the key of our private folder, and undamaged since then by the tag made with it. That the engine's version
    // and configuration fit is checked by the function itself.
    unsafe { Component::deserialize(engine, code) }
}

fn check_names(interface: &str, definitions: &[Definition], against: &mut Vec<Reason>) {
    if definitions.len() > DEFINITIONS_MAX {
        against.push(reasons::offers_too_much(interface, definitions.len()));
        return;
    }
    let mut seen = BTreeSet::new();
    for Definition { name, description } in definitions {
        let why = if name.is_empty() {
            Some("a name must not be empty")
        } else if name.len() > NAME_BYTES_MAX {
            Some("the name is too long")
        } else if name.chars().any(char::is_control) {
            Some("the name holds a control character")
        } else if !seen.insert(name) {
            Some("the name is there twice")
        } else {
            None
        };
        if let Some(why) = why {
            against.push(reasons::bad_name(interface, name, why));
        }
        if description.len() > DESCRIPTION_BYTES_MAX {
            against.push(reasons::long_description(interface, name));
        }
    }
}
