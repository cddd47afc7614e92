//! Embeds the guest SDKs and their project templates, for `rondo new`: a binary carries those of its own version.

use std::env;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use toml_edit::{DocumentMut, Item, Table};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const LANGUAGES: [&str; 5] = ["c", "go", "python", "rust", "typescript"];

/// Folders that tests and tools leave in an SDK and that users have no need of.
const SKIPPED_FOLDERS: [&str; 10] =
    ["__pycache__", "build", "coverage", "dist", "node_modules", "target", "template", "test", "testdata", "tests"];

fn main() -> Result<()> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../..").canonicalize()?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let mut code = String::new();
    writeln!(code, "pub(crate) static SDKS: [Sdk; {}] = [", LANGUAGES.len())?;
    for language in LANGUAGES {
        let folder = root.join("guest-sdk").join(language);
        let mut sources = sources(&folder)?;
        if language == "rust" {
            stand_alone(&root, &out, &mut sources)?;
        }
        let template = template(&folder.join("template"))?;
        write!(code, "Sdk {{ language: {language:?}, template: {}, ", list(&template)?)?;
        writeln!(code, "sources: {} }},", list(&sources)?)?;
    }
    writeln!(code, "];")?;
    fs::write(out.join("sdks.rs"), code)?;
    Ok(())
}

/// A file that is embedded: where it goes, and where it comes from.
struct File {
    to: String,
    from: PathBuf,
}

fn list(files: &[File]) -> Result<String> {
    let mut list = "&[".to_owned();
    for File { to, from } in files {
        let from = from.to_str().ok_or("the path of the checkout is not UTF-8")?;
        write!(list, "File {{ path: {to:?}, bytes: include_bytes!({from:?}) }}, ")?;
    }
    list.push(']');
    Ok(list)
}

/// What users need of an SDK.
fn sources(folder: &Path) -> Result<Vec<File>> {
    let is_source = |name: &str, is_folder: bool| {
        let is_test = name.ends_with("_test.go")
            || name.starts_with("test_")
            || [".test.js", ".test.mjs", ".test.ts"].iter().any(|end| name.ends_with(end));
        let is_skipped = is_folder && SKIPPED_FOLDERS.contains(&name);
        !(is_test || is_skipped || name.starts_with('.'))
    };
    walk(folder, &is_source)
}

/// A template is taken with its hidden files, and without what tools leave in it when it is tried in place.
fn template(folder: &Path) -> Result<Vec<File>> {
    const LEFT_BEHIND: [&str; 7] = [".venv", "__pycache__", "build", "node_modules", "sdk", "target", "Cargo.lock"];
    walk(folder, &|name, _| !LEFT_BEHIND.contains(&name))
}

/// The files below a folder that are wanted, by path.
fn walk(top: &Path, is_wanted: &dyn Fn(&str, bool) -> bool) -> Result<Vec<File>> {
    let mut files = Vec::new();
    let mut folders = vec![top.to_owned()];
    while let Some(folder) = folders.pop() {
        let mut has_all = true;
        for entry in fs::read_dir(&folder).map_err(|error| format!("looking into {}: {error}", folder.display()))? {
            let entry = entry?;
            let path = entry.path();
            let is_folder = entry.file_type()?.is_dir();
            let name = entry.file_name().into_string().map_err(|name| format!("{} is not UTF-8", name.display()))?;
            if !is_wanted(&name, is_folder) {
                has_all = false;
            } else if is_folder {
                folders.push(path);
            } else {
                println!("cargo::rerun-if-changed={}", path.display());
                let to = path.strip_prefix(top)?.to_str().ok_or("a path is not UTF-8")?.to_owned();
                files.push(File { to, from: path });
            }
        }
        // Cargo looks into all of a folder, which takes long where dependencies are installed.
        if has_all {
            println!("cargo::rerun-if-changed={}", folder.display());
        }
    }
    files.sort_by(|a, b| a.to.cmp(&b.to));
    Ok(files)
}

/// Makes the Rust SDK independent of this workspace: a manifest of its own, and the contract beside it.
fn stand_alone(root: &Path, out: &Path, sources: &mut Vec<File>) -> Result<()> {
    let workspace: DocumentMut = read(&root.join("Cargo.toml"))?.parse()?;
    for file in &mut *sources {
        let text = match file.to.as_str() {
            "Cargo.toml" => manifest(&read(&file.from)?, &workspace)?,
            "src/bindings.rs" => read(&file.from)?.replace("path: \"../../wit\"", "path: \"wit\""),
            _ => continue,
        };
        file.from = out.join(file.to.replace('/', "-"));
        fs::write(&file.from, text)?;
    }
    let contract = walk(&root.join("wit"), &|name, _| Path::new(name).extension().is_some_and(|end| end == "wit"))?;
    sources.extend(contract.into_iter().map(|File { to, from }| File { to: format!("wit/{to}"), from }));
    Ok(())
}

/// A manifest with what it inherits from the workspace written out, and without its lints.
fn manifest(text: &str, workspace: &DocumentMut) -> Result<String> {
    let mut manifest: DocumentMut = text.parse()?;
    manifest.remove("lints");
    inherit(&mut manifest["package"], &workspace["workspace"]["package"])?;
    inherit(&mut manifest["dependencies"], &workspace["workspace"]["dependencies"])?;
    Ok(manifest.to_string())
}

fn inherit(item: &mut Item, from: &Item) -> Result<()> {
    let table: &mut Table = item.as_table_mut().ok_or("the SDK's manifest has an unexpected form")?;
    for (mut key, value) in table.iter_mut() {
        if value.get("workspace").is_some() {
            let inherited = from.get(key.get()).ok_or_else(|| format!("the workspace has no `{}`", key.get()))?;
            // `version.workspace = true` is written with a dot, `version = "1"` without.
            key.fmt();
            *value = inherited.clone();
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<String> {
    println!("cargo::rerun-if-changed={}", path.display());
    fs::read_to_string(path).map_err(|error| format!("reading {}: {error}", path.display()).into())
}
