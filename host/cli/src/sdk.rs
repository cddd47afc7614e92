//! The guest SDKs and project templates of this version, as `build.rs` has embedded them.

use crate::language::Language;

/// What is embedded for a language.
pub(crate) struct Sdk {
    language: &'static str,
    /// A new project, with [`PLACEHOLDER`] where its name goes.
    pub(crate) template: &'static [File],
    /// What a project needs of the SDK.
    pub(crate) sources: &'static [File],
}

/// An embedded file.
pub(crate) struct File {
    /// From the top of the template or the SDK, with `/` between folders.
    pub(crate) path: &'static str,
    pub(crate) bytes: &'static [u8],
}

/// Stands for the project's name in texts and file names of templates.
pub(crate) const PLACEHOLDER: &str = "__NAME__";

include!(concat!(env!("OUT_DIR"), "/sdks.rs"));

/// The SDK for a language, if this binary has one.
pub(crate) fn of(language: Language) -> Option<&'static Sdk> {
    SDKS.iter().find(|sdk| sdk.language == language.key() && !sdk.template.is_empty())
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;

    use super::*;

    fn paths(files: &[File]) -> Vec<&str> {
        files.iter().map(|file| file.path).collect()
    }

    #[test]
    fn every_language_has_a_template_that_is_named_after_its_project() {
        for language in Language::value_variants() {
            let sdk = of(*language).unwrap_or_else(|| panic!("{language:?} has no template"));
            let named = |file: &File| String::from_utf8_lossy(file.bytes).contains(PLACEHOLDER);
            assert!(sdk.template.iter().any(named), "{language:?}");
            assert!(paths(sdk.template).contains(&".gitignore"), "{language:?}");
            assert!(paths(sdk.sources).contains(&"README.md"), "{language:?}");
        }
    }

    #[test]
    fn tests_and_what_tools_leave_behind_are_not_embedded() {
        let unwanted = ["test", "node_modules", "__pycache__", "target", "build", ".venv"];
        for sdk in &SDKS {
            for path in [paths(sdk.template), paths(sdk.sources)].concat() {
                assert!(!path.split('/').any(|part| unwanted.contains(&part)), "{}: {path}", sdk.language);
            }
        }
    }

    #[test]
    fn the_rust_sdk_stands_on_its_own() {
        let sources = of(Language::Rust).unwrap().sources;
        let text = |path| {
            let file = sources.iter().find(|file| file.path == path).unwrap_or_else(|| panic!("{path} is missing"));
            String::from_utf8(file.bytes.to_vec()).unwrap()
        };
        assert!(!text("Cargo.toml").contains("workspace"), "{}", text("Cargo.toml"));
        assert!(text("Cargo.toml").contains("edition = \"2024\""), "{}", text("Cargo.toml"));
        assert!(!text("src/bindings.rs").contains("../../wit"));
        assert!(text("wit/worlds.wit").contains("world application"));
    }
}
