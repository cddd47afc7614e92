//! What can stand against deploying a file, in words for the person who uploaded it.

use crate::Reason;
use crate::limits::{DEFINITIONS_MAX, DESCRIPTION_BYTES_MAX, FILE_BYTES_MAX};

/// How Rust users build a file that works, for remedies.
const BUILD: &str = "write it with one of the SDKs and build it as its guide says; in Rust: `cargo build --target wasm32-unknown-unknown`";

/// How to leave WASI out, for remedies.
const LEAVE_OUT: &str = "if the code does not use it and only the language's runtime brings it in, build without it \
     (componentize-py and componentize-qjs: `--stub-wasi`; jco: `--disable all`; Rust: \
     `--target wasm32-unknown-unknown`)";

fn reason(problem: impl Into<String>, remedy: impl Into<String>) -> Reason {
    Reason { problem: problem.into(), remedy: remedy.into() }
}

pub(crate) fn empty() -> Reason {
    reason("the file is empty", "check that the build wrote it, and upload it again")
}

pub(crate) fn too_large(bytes: usize) -> Reason {
    let (mib, max) = (bytes.div_ceil(1024 * 1024), FILE_BYTES_MAX / (1024 * 1024));
    reason(
        format!("the file has {mib} MiB, more than the {max} that are allowed"),
        "build with optimisation and without debug information, and load large data at run time, in activities",
    )
}

/// A file without the WebAssembly magic number.
pub(crate) fn not_wasm(bytes: &[u8]) -> Reason {
    let start = &bytes[..bytes.len().min(24)];
    let looks_like = match bytes {
        [b'P', b'K', ..] => "like a zip archive",
        [0x1f, 0x8b, ..] => "like gzip-compressed data",
        [0x7f, b'E', b'L', b'F', ..] => "like a Linux program",
        [b'M', b'Z', ..] => "like a Windows program",
        [b'{' | b'[', ..] => "like JSON",
        [b'(', ..] => "like WebAssembly in its text form",
        _ if start.is_ascii() && !start.contains(&0) => "like text",
        _ => "unfamiliar",
    };
    let remedy = if bytes.starts_with(b"(") {
        "turn it into the binary form first: `wasm-tools parse FILE.wat -o FILE.wasm`"
    } else {
        "upload the `.wasm` file that your build wrote, not a source file or an archive"
    };
    reason(
        format!(
            "this is not WebAssembly: it looks {looks_like} and begins with \"{}\", not with \"\\0asm\"",
            start.escape_ascii()
        ),
        remedy,
    )
}

pub(crate) fn truncated(bytes: usize) -> Reason {
    reason(
        format!("the file breaks off after {bytes} bytes, in the middle of something"),
        "the build or the copying was interrupted: build it again and upload the whole file",
    )
}

pub(crate) fn malformed(error: &str) -> Reason {
    reason(
        format!("this is not valid WebAssembly: {error}"),
        "build it again; if that does not help, the tool that wrote it is newer than this host or has a bug",
    )
}

/// A core module that says nothing of its interfaces.
pub(crate) fn no_component_type(has_preview1: bool) -> Reason {
    let remedy = if has_preview1 {
        "it was built for wasm32-wasip1 (or with TinyGo's or Emscripten's default target): build it for \
         wasm32-unknown-unknown or wasm32-wasip2"
            .to_owned()
    } else {
        BUILD.to_owned()
    };
    reason(
        "this is a core module without a `component-type` section: it was built without an SDK or wit-bindgen, so it \
         does not say which interfaces it has",
        remedy,
    )
}

/// A core module that needs the system interface of old.
pub(crate) fn preview1(functions: &[String]) -> Reason {
    reason(
        format!("the module imports {}, which is not offered", listed(functions)),
        "build it for wasm32-unknown-unknown or wasm32-wasip2 instead of wasm32-wasip1, or turn it into a component \
         yourself with an adapter: `wasm-tools component new --adapt`",
    )
}

/// A core module with holes.
pub(crate) fn unresolved(functions: &[String]) -> Reason {
    reason(
        format!("the module imports {}, which nobody offers", listed(functions)),
        "these are functions that the linker did not find (a missing library or source file) or that a browser would \
         offer: link what defines them, or build without what calls them",
    )
}

pub(crate) fn cannot_wrap(error: &str) -> Reason {
    reason(
        format!("the module cannot be turned into a component: {error}"),
        "its `component-type` section and its code do not fit together: build it again from scratch, with one version \
         of the SDK",
    )
}

/// A component of another world.
pub(crate) fn wrong_exports(exports: &[String]) -> Reason {
    let found = if exports.is_empty() { "nothing".to_owned() } else { listed(exports) };
    reason(
        format!("the component exports {found}, and neither orchestrations nor activities"),
        format!(
            "it must export `rondo:orchestration/orchestrator@0.1.0`, `rondo:orchestration/activity@0.1.0`, or both: \
             {BUILD}"
        ),
    )
}

/// A component for another version of the contract.
pub(crate) fn other_version(export: &str) -> Reason {
    reason(
        format!("the component exports `{export}`, and this host speaks version 0.1 of it"),
        "build it with an SDK of the same version as this host, or deploy it to a host of its own version",
    )
}

/// Only an activity could use them.
pub(crate) fn network(imports: &[String]) -> Reason {
    reason(
        format!("the component only orchestrates, and imports {}", listed(imports)),
        format!(
            "an orchestrator cannot use the network: do this in an activity, here or in another component; {LEAVE_OUT}"
        ),
    )
}

/// Parts of WASI that are not offered.
pub(crate) fn other_wasi(imports: &[String]) -> Reason {
    reason(
        format!("the component imports {}, which this host does not offer", listed(imports)),
        format!(
            "this host offers the command line, clocks, files, random numbers and outbound HTTP of WASI 0.2; {LEAVE_OUT}"
        ),
    )
}

/// Something nobody has heard of.
pub(crate) fn unknown_imports(imports: &[String]) -> Reason {
    reason(
        format!("the component imports {}, which this host does not offer", listed(imports)),
        "a component may import parts of WASI 0.2 and nothing else: compose it with a component that exports this \
         (`wac plug`), or build without what needs it",
    )
}

/// The exports or imports have the right names and the wrong types.
pub(crate) fn wrong_types(error: &str) -> Reason {
    reason(
        format!("the component's interfaces have the right names and other functions or types: {error}"),
        "it was built from changed or older `.wit` files: build it with an SDK of the same version as this host",
    )
}

/// Compiling it takes more than it may take.
pub(crate) fn too_costly(what: &str) -> Reason {
    reason(
        format!("compiling the component takes {what}"),
        "generated code in very large functions does that: split them, build with optimisation, or raise this host's \
         limits for compiling",
    )
}

/// Not the component's fault.
pub(crate) fn compiler_broken(problem: &str) -> Reason {
    reason(
        format!("this host could not compile the component: {problem}"),
        "that says nothing of the file: upload it again, and look at the host's log and at the memory it has",
    )
}

/// More memory, tables or modules than any guest may have.
pub(crate) fn too_demanding(error: &str) -> Reason {
    reason(
        format!("the component needs more at its start than a guest may have: {error}"),
        "make its initial memory and tables smaller (for C: a smaller stack), or raise this host's limits for guests",
    )
}

pub(crate) fn describe_failed(interface: &str, failure: &engine::Failure) -> Reason {
    let details = failure.details.as_ref().map(|details| format!("\n{details}")).unwrap_or_default();
    reason(
        format!("asked what it offers, the component failed in `{interface}`: {}{details}", failure.message),
        "`describe`, and whatever runs before it (static initialisers, module-level code), must work without any input",
    )
}

pub(crate) fn offers_nothing() -> Reason {
    reason("the component offers nothing", "register at least one orchestration or activity")
}

pub(crate) fn offers_too_much(interface: &str, count: usize) -> Reason {
    reason(
        format!("the component's `{interface}` offers {count} names, more than the {DEFINITIONS_MAX} that are allowed"),
        "split it into several components",
    )
}

pub(crate) fn bad_name(interface: &str, name: &str, why: &str) -> Reason {
    let shown: String = name.chars().take(60).collect();
    reason(
        format!("the component's `{interface}` offers {shown:?}: {why}"),
        "choose a name of 1 to 200 bytes without control characters, and each name once",
    )
}

pub(crate) fn long_description(interface: &str, name: &str) -> Reason {
    reason(
        format!(
            "the component's `{interface}` describes {name:?} in more than the {DESCRIPTION_BYTES_MAX} bytes that are \
             allowed"
        ),
        "one sentence will do",
    )
}

/// At most eight of them, and how many more.
fn listed(names: &[String]) -> String {
    const SHOWN: usize = 8;
    let shown: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    let shown = shown.join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_are_cut() {
        let names: Vec<String> = (0..10).map(|number| number.to_string()).collect();
        assert_eq!(listed(&names), "`0`, `1`, `2`, `3`, `4`, `5`, `6`, `7` and 2 more");
        assert_eq!(listed(&names[..2]), "`0`, `1`");
    }

    #[test]
    fn what_is_not_wasm_is_recognised() {
        let problem = |bytes: &[u8]| not_wasm(bytes).problem;
        insta::assert_snapshot!(problem(b"print('hello')\n"), @r#"this is not WebAssembly: it looks like text and begins with "print(\'hello\')\n", not with "\0asm""#);
        insta::assert_snapshot!(problem(b"PK\x03\x04rest"), @r#"this is not WebAssembly: it looks like a zip archive and begins with "PK\x03\x04rest", not with "\0asm""#);
        insta::assert_snapshot!(problem(b"\x7fELF\x02\x01\x01\0"), @r#"this is not WebAssembly: it looks like a Linux program and begins with "\x7fELF\x02\x01\x01\x00", not with "\0asm""#);
        insta::assert_snapshot!(problem(b"\xde\xad\xbe\xef"), @r#"this is not WebAssembly: it looks unfamiliar and begins with "\xde\xad\xbe\xef", not with "\0asm""#);
        insta::assert_snapshot!(not_wasm(b"(component)"), @r#"this is not WebAssembly: it looks like WebAssembly in its text form and begins with "(component)", not with "\0asm": turn it into the binary form first: `wasm-tools parse FILE.wat -o FILE.wasm`"#);
    }
}
