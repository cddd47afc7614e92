//! C, C++ and Zig: the compiler that comes with Zig, which brings a C library for WebAssembly.

mod sources;

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use self::sources::Sources;
use super::Built;
use super::progress::{self, Voice};
use super::project::Project;
use super::tools::Tools;

const HOW_TO_GET_IT: &str = "Zig, which compiles C: `python3 -m venv .venv && .venv/bin/pip install ziglang`, or install it and put `zig` into PATH";

const C: [&str; 5] = ["--target=wasm32-wasi", "-std=c17", "-Os", "-Wall", "-Wextra"];

/// A reactor with a stack that does not make every instance large.
const LINK: [&str; 2] = ["-mexec-model=reactor", "-Wl,-z,stack-size=65536"];

/// Nothing could catch an exception on its way out of a guest.
const CPP: [&str; 7] =
    ["--target=wasm32-wasi", "-std=c++20", "-Os", "-Wall", "-Wextra", "-fno-exceptions", "-fno-rtti"];

const ZIG: [&str; 6] = ["-target", "wasm32-wasi", "-O", "ReleaseSmall", "-fstrip", "-lc"];

pub(super) fn build(project: &Project) -> Result<Built> {
    let mut tools = Tools::of(&project.folder);
    let zig = tools.need(&["zig", "python-zig"], HOW_TO_GET_IT);
    tools.complete()?;
    let sources = Sources::of(&project.folder.join(&project.entry))?;
    let compiler = Compiler { tools, zig, include: project.sdk.join("include"), work: project.work_folder()? };
    let mut objects = Vec::new();
    for file in &sources.cpp {
        objects.push(compiler.cpp(file)?);
    }
    if let Some(main) = &sources.zig {
        objects.push(compiler.zig(main)?);
    }
    let file = compiler.work.join("core.wasm");
    let mut command = compiler.command("cc")?;
    command.args(C).args(LINK).arg("-I").arg(&compiler.include);
    command.args(sources.c).args(Sources::of(&project.sdk.join("src"))?.c).args(objects);
    if !sources.cpp.is_empty() {
        command.arg("-lc++");
    }
    command.arg("-o").arg(&file);
    progress::run("compiling with zig, which the first time takes a minute", Voice::Terse, command)?;
    Ok(Built { file, name: project.name() })
}

/// Zig, and where it reads and writes.
struct Compiler {
    tools: Tools,
    zig: PathBuf,
    include: PathBuf,
    work: PathBuf,
}

impl Compiler {
    fn command(&self, task: &str) -> Result<Command> {
        let mut command = self.tools.command(&self.zig)?;
        command.arg(task);
        Ok(command)
    }

    /// Compiles one file of C++; answers with the object.
    fn cpp(&self, file: &Path) -> Result<PathBuf> {
        let object = self.object(file);
        let mut command = self.command("c++")?;
        command.args(CPP).arg("-I").arg(&self.include).arg("-c").arg(file).arg("-o").arg(&object);
        progress::run(&format!("compiling {} with zig", shown(file)), Voice::Terse, command)?;
        Ok(object)
    }

    /// Compiles a file of Zig with all that it imports. The header is its module `rondo`.
    fn zig(&self, main: &Path) -> Result<PathBuf> {
        let module = self.work.join("rondo.zig");
        let mut command = self.command("translate-c")?;
        command.args(["-target", "wasm32-wasi", "-lc"]).arg(self.include.join("rondo.h"));
        progress::run_into(&module, "reading the SDK's header with zig", command)?;
        let object = self.object(main);
        let mut command = self.command("build-obj")?;
        command.args(ZIG).arg(joined("-femit-bin=", &object)).args(["--dep", "rondo"]);
        command.arg(joined("-Mroot=", main)).arg(joined("-Mrondo=", &module));
        progress::run(&format!("compiling {} with zig", shown(main)), Voice::Terse, command)?;
        Ok(object)
    }

    /// Named after all of the file's name, because the same may be there in C.
    fn object(&self, file: &Path) -> PathBuf {
        let mut name = file.file_name().unwrap_or_default().to_owned();
        name.push(".o");
        self.work.join(name)
    }
}

fn joined(option: &str, path: &Path) -> OsString {
    let mut joined = OsStr::new(option).to_owned();
    joined.push(path);
    joined
}

fn shown(file: &Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
