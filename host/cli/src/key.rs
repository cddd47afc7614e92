//! Where a key comes from: a file, the environment, or an argument, which every user of the machine can see.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::exit::{Exit, Failure};
use crate::limits::KEY_FILE_BYTES_MAX;
use crate::output;

/// What the command line says of one key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KeySource<'a> {
    /// As in `--key`; with `-file` it names a file.
    pub(crate) flag: &'static str,
    /// As in `RONDO_KEY`; with `_FILE` it names a file.
    pub(crate) variable: &'static str,
    pub(crate) argument: Option<&'a str>,
    pub(crate) file: Option<&'a Path>,
}

impl KeySource<'_> {
    /// The key, if there is one. The command line goes before the environment.
    ///
    /// # Errors
    /// The file cannot be read, or there is no key in it.
    pub(crate) fn resolve(self) -> Result<Option<String>> {
        self.resolve_in(|name| std::env::var_os(name).filter(|value| !value.is_empty()))
    }

    fn resolve_in(self, variable: impl Fn(&str) -> Option<std::ffi::OsString>) -> Result<Option<String>> {
        let Self { flag, variable: name, argument, file } = self;
        if let Some(key) = argument {
            output::warn(&format!(
                "other users of this machine can read the key after {flag} in the list of processes; keep it \
                 in a file and give {flag}-file, or set {name}"
            ));
            return Ok(Some(key.to_owned()));
        }
        if let Some(file) = file {
            return read(file).map(Some);
        }
        let file_name = format!("{name}_FILE");
        match (variable(name), variable(&file_name)) {
            (Some(_), Some(_)) => {
                let message = format!("both {name} and {file_name} are set");
                Err(Failure::new(Exit::Usage, message).remedy("Set one of them.").into())
            }
            (Some(key), None) => {
                let key = key.into_string();
                key.map(Some).map_err(|_| Failure::new(Exit::Usage, format!("{name} is not text")).into())
            }
            (None, Some(file)) => read(&PathBuf::from(file)).map(Some),
            (None, None) => Ok(None),
        }
    }
}

/// The first line of a file.
fn read(path: &Path) -> Result<String> {
    let shown = path.display();
    let reading = || format!("reading the key in {shown}");
    let mut text = String::new();
    let file = File::open(path).with_context(reading)?;
    warn_if_open(path, &file.metadata().with_context(reading)?);
    file.take(KEY_FILE_BYTES_MAX + 1).read_to_string(&mut text).with_context(reading)?;
    let key = text.trim_end_matches(['\r', '\n']);
    let problem = if text.len() as u64 > KEY_FILE_BYTES_MAX {
        format!("has more than {KEY_FILE_BYTES_MAX} bytes")
    } else if key.is_empty() {
        "is empty".to_owned()
    } else if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        "holds more than one line of visible ASCII characters".to_owned()
    } else {
        return Ok(key.to_owned());
    };
    let remedy = "Write one long random key into it, for example with `openssl rand -hex 32`.";
    Err(Failure::new(Exit::Usage, format!("the key file {shown} {problem}")).remedy(remedy).into())
}

/// Secrets that an orchestrator of containers mounts are often open to all users of the container, which has one.
fn warn_if_open(path: &Path, metadata: &std::fs::Metadata) {
    use std::os::unix::fs::MetadataExt as _;

    if metadata.mode() & 0o007 != 0 {
        let shown = path.display();
        output::warn(&format!("other users of this machine can use the key file {shown}; `chmod 600` closes it"));
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::*;

    fn resolve(argument: Option<&str>, file: Option<&Path>, variables: &[(&str, &str)]) -> Result<Option<String>> {
        let source = KeySource { flag: "--key", variable: "RONDO_KEY", argument, file };
        source.resolve_in(|name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value)))
    }

    fn written(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(&file, text).unwrap();
        file
    }

    #[test]
    fn a_key_comes_from_the_command_line_or_else_from_the_environment() {
        let (first, second) = (written("in-a-file\n"), written("in-another\r\n"));
        let named = [("RONDO_KEY_FILE", second.path().to_str().unwrap())];
        let is = |key: Result<Option<String>>, wanted: Option<&str>| assert_eq!(key.unwrap().as_deref(), wanted);
        is(resolve(None, None, &[]), None);
        is(resolve(None, None, &[("RONDO_KEY", "k")]), Some("k"));
        is(resolve(None, None, &named), Some("in-another"));
        is(resolve(None, Some(first.path()), &[("RONDO_KEY", "k")]), Some("in-a-file"));
        is(resolve(None, Some(first.path()), &named), Some("in-a-file"));
        is(resolve(Some("a"), None, &named), Some("a"));
        assert!(resolve(None, None, &[("RONDO_KEY", "k"), named[0]]).is_err());
    }

    #[test]
    fn a_file_without_a_key_is_refused() {
        for text in ["", "\n", "a\nb\n", "a b", "ä", &"k".repeat(5_000)] {
            let file = written(text);
            let error = resolve(None, Some(file.path()), &[]).unwrap_err().to_string();
            assert!(error.contains(file.path().to_str().unwrap()), "{error}");
        }
        assert!(resolve(None, Some("/does/not/exist".as_ref()), &[]).is_err());
    }
}
