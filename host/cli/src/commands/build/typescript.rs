//! TypeScript and JavaScript: `tsc` checks the types, `esbuild` makes one script in which async functions are
//! generators that the SDK drives, and `componentize-qjs` puts the script and QuickJS into a component.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::Built;
use super::progress::{self, Voice};
use super::project::Project;
use super::tools::Tools;

const HOW_TO_GET_NODE: &str = "Node.js 18 or newer with npm: install both, for example the packages nodejs and npm";
const HOW_TO_GET_THE_REST: &str =
    "what package.json names (esbuild, componentize-qjs, the SDK): run `npm install` in the project";

/// Async functions become generators, because nobody can ask an engine whether its own promises are at rest.
const BUNDLE: [&str; 12] = [
    "--bundle",
    "--format=esm",
    "--platform=neutral",
    "--main-fields=module,main",
    "--conditions=rondo,import,module,default",
    "--target=es2023",
    "--charset=utf8",
    "--supported:async-await=false",
    "--supported:async-generator=false",
    "--supported:for-await=false",
    // What the component imports is found when it is made.
    "--external:wasi:*",
    "--define:process.env.NODE_ENV=\"production\"",
];

pub(super) fn build(project: &Project) -> Result<Built> {
    let has_types = project.folder.join("tsconfig.json").is_file();
    let mut tools = Tools::of(&project.folder);
    tools.need(&["node"], HOW_TO_GET_NODE);
    let bundler = tools.need(&["esbuild"], HOW_TO_GET_THE_REST);
    let componentizer = tools.need(&["componentize-qjs"], HOW_TO_GET_THE_REST);
    let compiler = if has_types { tools.need(&["tsc"], HOW_TO_GET_THE_REST) } else { PathBuf::new() };
    if !project.folder.join("node_modules/rondo").is_dir() {
        tools.lack(HOW_TO_GET_THE_REST);
    }
    tools.complete()?;
    let work = project.work_folder()?;
    let wit = contract(project, &work)?;
    let [entry, bundle, file] = ["entry.js", "bundle.js", "component.wasm"].map(|name| work.join(name));

    if has_types {
        let mut command = tools.command(&compiler)?;
        command.args(["--noEmit", "--project", "tsconfig.json"]);
        progress::run("checking the types with tsc", Voice::Terse, command)?;
    }

    fs::write(&entry, glue(&project.entry)?).with_context(|| format!("writing {}", entry.display()))?;
    let mut command = tools.command(&bundler)?;
    command.arg(&entry).args(BUNDLE).arg("--log-level=warning").arg(with_path("--outfile=", &bundle));
    progress::run("bundling with esbuild", Voice::Terse, command)?;

    let mut command = tools.command(&componentizer)?;
    command.arg("--wit").arg(&wit).args(["--world", "program", "--js"]).arg(&bundle);
    command.args(["--sync", "-o"]).arg(&file);
    progress::run("making a component with componentize-qjs", Voice::Chatty, command)?;
    Ok(Built { file, name: project.name() })
}

/// A folder with the SDK's world, and with the packages it refers to: parts of WASI, and the contract.
fn contract(project: &Project, work: &Path) -> Result<PathBuf> {
    let wit = work.join("wit");
    if wit.is_dir() {
        fs::remove_dir_all(&wit).with_context(|| format!("removing {}", wit.display()))?;
    }
    copy(&project.sdk.join("wit"), &wit)?;
    copy(&project.wit_folder(), &wit.join("deps/contract"))?;
    Ok(wit)
}

/// Copies a folder with everything in it.
fn copy(from: &Path, to: &Path) -> Result<()> {
    let reading = || format!("reading {}", from.display());
    fs::create_dir_all(to).with_context(|| format!("making {}", to.display()))?;
    for entry in fs::read_dir(from).with_context(reading)? {
        let source = entry.with_context(reading)?.path();
        let target = to.join(source.file_name().unwrap_or_default());
        if source.is_dir() {
            copy(&source, &target)?;
        } else {
            fs::copy(&source, &target).with_context(|| format!("copying {}", source.display()))?;
        }
    }
    Ok(())
}

/// The script that exports what the contract asks for. The SDK comes first: it prepares the place for the program.
fn glue(entry: &str) -> Result<String> {
    let entry = serde_json::to_string(&format!("../../{entry}")).context("quoting the entry's path")?;
    Ok(format!(
        "import {{ exportsOf }} from \"rondo/component\";\n\
         import app from {entry};\n\
         export const {{ orchestrator, activity }} = exportsOf(app);\n"
    ))
}

fn with_path(option: &str, path: &Path) -> OsString {
    let mut argument = OsString::from(option);
    argument.push(path);
    argument
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sdk_is_imported_before_the_program() {
        insta::assert_snapshot!(glue("src/ma\"in.ts").unwrap(), @r#"
        import { exportsOf } from "rondo/component";
        import app from "../../src/ma\"in.ts";
        export const { orchestrator, activity } = exportsOf(app);
        "#);
    }
}
