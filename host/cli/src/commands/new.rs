//! `rondo new`.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::json;

use crate::exit::{Exit, Failure};
use crate::language::Language;
use crate::output::Output;
use crate::sdk::{self, File, PLACEHOLDER, Sdk};

/// Begin a project: an orchestration, an activity, and the SDK for their language
///
/// Needs no network: the project gets the SDK of this version of rondo, in its folder `sdk`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What to call the project, its folder and its orchestration: lower-case letters, digits and _
    #[arg(value_parser = name)]
    name: String,
    /// The language to write in
    #[arg(long, value_name = "LANGUAGE")]
    lang: Language,
}

pub(crate) fn run(args: &Args, output: Output) -> Result<Exit> {
    let Args { name, lang } = args;
    let sdk = sdk::of(*lang).ok_or_else(|| {
        Failure::new(Exit::Failed, format!("this rondo was built without an SDK for {}", lang.name()))
    })?;
    let folder = Path::new(name);
    claim(folder)?;
    write(sdk, folder, name)?;
    let json = json!({"folder": name, "language": lang}).to_string();
    output.answer(&json, || Ok(next_steps(name, *lang)))?;
    Ok(Exit::Done)
}

/// Makes the folder, unless there is something in it.
fn claim(folder: &Path) -> Result<()> {
    let shown = folder.display();
    match fs::read_dir(folder).map(|mut entries| entries.next().is_some()) {
        Ok(false) => Ok(()),
        Ok(true) => Err(Failure::new(Exit::Usage, format!("the folder {shown} is not empty"))
            .remedy("choose another name, or remove the folder")
            .into()),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            fs::create_dir(folder).with_context(|| format!("making {shown}"))
        }
        Err(error) => Err(error).with_context(|| format!("looking into {shown}")),
    }
}

fn write(sdk: &Sdk, folder: &Path, name: &str) -> Result<()> {
    for File { path, bytes } in sdk.template {
        let path = path.replace(PLACEHOLDER, name);
        match str::from_utf8(bytes) {
            Ok(text) => put(&folder.join(path), text.replace(PLACEHOLDER, name).as_bytes())?,
            Err(_) => put(&folder.join(path), bytes)?,
        }
    }
    sdk.sources.iter().try_for_each(|File { path, bytes }| put(&folder.join("sdk").join(path), bytes))
}

fn put(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    fs::write(path, bytes).with_context(|| format!("writing {}", path.display()))
}

/// What to type now.
fn next_steps(name: &str, language: Language) -> String {
    let first: &[&str] = match language {
        Language::Rust => &["cargo test"],
        Language::TypeScript => &["npm install"],
        Language::Go | Language::Python | Language::C => &[],
    };
    let then = [
        "rondo build",
        "rondo dev build                 # a server that deploys what is built",
        &format!(r#"rondo start {name} --input '["Ada","Bob"]' --wait      # in another terminal"#),
    ];
    let steps = [&[format!("cd {name}").as_str()], first, &then].concat().join("\n  ");
    format!(
        "{name} is a project in {}: the orchestration `{name}` and the activity `greet`\n\nnext:\n  {steps}",
        language.name()
    )
}

/// A name that is good for a folder, a package, a module and a function, in every language.
fn name(text: &str) -> Result<String, String> {
    const CHARS_MAX: usize = 50;
    let is_word = text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if !is_word || text.len() > CHARS_MAX {
        return Err(format!(
            "\"{text}\" is not a name of at most {CHARS_MAX} lower-case letters, digits and _, beginning with a letter"
        ));
    }
    if RESERVED.split_whitespace().any(|word| word == text) {
        return Err(format!("\"{text}\" means something else in one of the languages; choose another name"));
    }
    Ok(text.to_owned())
}

/// Keywords, names that every program has, and names that templates use.
const RESERVED: &str = "
    abstract alignas alignof alloc and any arguments as assert async atomic auto await become bool boolean box break case
    catch chan char class clone const constexpr continue core crate debugger declare def default defer del delete do
    double drop dyn elif else enum eval except exec export extends extern fallthrough false final finally float fn for
    from func function gen get global go goto greet if impl implements import in init inline input instanceof int
    interface internal is lambda let long loop macro main map match mod module move mut namespace never new none
    nonlocal not null number object of or override package panic pass pow print priv private proc_macro protected
    public pure raise range ref register rejected restrict return rondo sdk select self serde set short signed sizeof
    static static_assert std str string struct super switch symbol template test this thread_local throw time trait
    true try type typedef typeof typeof_unqual undefined union unknown unsafe unsigned unsized use using var virtual
    void volatile where while with yield";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_word_in_every_language() {
        for good in ["order", "order_desk2", "a"] {
            assert_eq!(name(good).as_deref(), Ok(good));
        }
        for bad in
            ["", "Order", "order-desk", "2order", "_order", "órder", "a/b", "..", &"a".repeat(51), "async", "greet"]
        {
            assert!(name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_project_has_the_template_and_the_sdk_under_its_name() {
        let folder = tempfile::tempdir().unwrap();
        write(sdk::of(Language::Rust).unwrap(), folder.path(), "desk").unwrap();
        let text = |path| fs::read_to_string(folder.path().join(path)).unwrap();
        assert!(text("Cargo.toml").contains("name = \"desk\""));
        assert!(text("src/lib.rs").contains("async fn desk("));
        assert!(text("sdk/Cargo.toml").contains("name = \"rondo\""));
        assert!(!text("src/lib.rs").contains(PLACEHOLDER));
    }

    #[test]
    fn a_folder_with_something_in_it_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        claim(folder.path()).unwrap();
        fs::write(folder.path().join("notes"), "").unwrap();
        let error = claim(folder.path()).unwrap_err();
        assert!(error.to_string().ends_with("is not empty"), "{error}");
        assert!(claim(&folder.path().join("notes")).is_err(), "a file is no folder");
    }

    #[test]
    fn the_next_steps_can_be_typed_as_they_are() {
        insta::assert_snapshot!(next_steps("desk", Language::TypeScript), @r#"
        desk is a project in TypeScript: the orchestration `desk` and the activity `greet`

        next:
          cd desk
          npm install
          rondo build
          rondo dev build                 # a server that deploys what is built
          rondo start desk --input '["Ada","Bob"]' --wait      # in another terminal
        "#);
    }
}
