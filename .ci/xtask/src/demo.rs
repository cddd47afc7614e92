//! `cargo xtask demo`: what a newcomer sees first.

use std::path::Path;

use anyhow::{Context as _, Result};
use e2e::{Example, Server, WebPage};

use crate::guests::{self, Builder, Which};
use crate::process::{self, note, say};

/// Builds everything, serves in a temporary folder, deploys the examples, runs them, and shows what came of it.
pub(crate) fn run(root: &Path) -> Result<()> {
    note("Building the host. The first time this takes some minutes, most of them for the WebAssembly engine.");
    process::run(process::cargo(root).args(["build", "--locked", "--package", "cli"]))?;
    note("Building the examples to WebAssembly.");
    guests::build(root, Which::Rust, Builder::Dev)?;

    let folder = tempfile::tempdir().context("making a temporary folder")?;
    let page = WebPage::serve("Hello from a web page.\n")?;
    let server = Server::start(folder.path())?;
    say(&format!("\nrondo serves at {} on an empty SQLite file\n", server.url()));
    for example in Example::in_reading_order()? {
        show(&server, &page, &example)?;
    }
    server.stop()?;
    say("The server has stopped. `rondo serve` starts one that stays; see the README for more.");
    Ok(())
}

fn show(server: &Server, page: &WebPage, example: &Example) -> Result<()> {
    let component = example.component()?;
    let component = component.to_str().context("the component's path is not text")?;
    let run = &example.run;
    let id = format!("{}-1", example.name);
    let input = page.fill_in(&run.input.to_string());

    say(&format!("── {} ── {}", example.name, run.title));
    let authority = page.authority();
    let grants: &[&str] = if example.calls_page() { &["--allow-http", &authority] } else { &[] };
    type_in(server, &[&["deploy", component], grants].concat())?;
    type_in(server, &["start", &run.orchestration, "--id", &id, "--input", &input])?;
    for event in &run.events {
        type_in(server, &["raise-event", &id, &event.name, "--data", &event.data.to_string()])?;
    }
    type_in(server, &["wait", &id])?;
    type_in(server, &["history", &id])
}

/// Shows a command as a user would type it, and what it answers.
fn type_in(server: &Server, args: &[&str]) -> Result<()> {
    let shown: Vec<String> = args
        .iter()
        .map(|arg| without_folder(arg))
        .map(|arg| if arg.contains(['{', ' ', '"']) { format!("'{arg}'") } else { arg.to_owned() })
        .collect();
    say(&format!("$ rondo {}", shown.join(" ")));
    say(&server.ok(args)?);
    Ok(())
}

/// A component's file by its name alone; other arguments as they are.
fn without_folder(arg: &str) -> &str {
    let path = Path::new(arg);
    let is_component = path.extension().is_some_and(|extension| extension == "wasm");
    if is_component { path.file_name().and_then(|name| name.to_str()).unwrap_or(arg) } else { arg }
}
