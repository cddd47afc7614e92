//! `rondo deploy`.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use api::dto::Deployment;
use wasm::{DirGrant, Grants};

use super::Session;
use crate::client::{Answer, Call};
use crate::exit::{Exit, Failure};
use crate::slow::while_slow;
use crate::{units, view};

/// Deploy a component: what it offers can be started from then on
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The component: a .wasm file
    file: PathBuf,
    /// What to call it; without it the file's name
    #[arg(long)]
    name: Option<String>,
    /// Let its activities reach this host: NAME, NAME:PORT or *.NAME; may be repeated
    #[arg(long = "allow-http", value_name = "HOST")]
    http: Vec<String>,
    /// Give its activities an environment variable; may be repeated
    #[arg(long = "env", value_parser = units::pair, value_name = "KEY=VALUE")]
    env: Vec<(String, String)>,
    /// Let its activities read a folder of the server's machine, with :rw also write it; may be repeated
    #[arg(long = "dir", value_parser = dir, value_name = "HOST:GUEST[:rw]")]
    dirs: Vec<DirGrant>,
}

pub(crate) fn run(args: &Args, session: &Session) -> Result<Exit> {
    let grants = Grants { http: args.http.clone(), env: args.env.iter().cloned().collect(), dirs: args.dirs.clone() };
    let bytes = std::fs::read(&args.file).with_context(|| format!("reading {}", args.file.display()))?;
    let name = args.name.clone().unwrap_or_else(|| stem(&args.file));
    let answer = send(session, &name, &bytes, &grants)?;
    session.output.answer(&answer.text(), || Ok(describe(&answer.json()?)))?;
    Ok(Exit::Done)
}

/// Sends a file to the server.
pub(crate) fn send(session: &Session, name: &str, bytes: &[u8], grants: &Grants) -> Result<Answer, Failure> {
    let grants = serde_json::to_string(grants).map_err(|error| Failure::new(Exit::Usage, error.to_string()))?;
    let call = Call::own("POST", "/components")
        .query("name", name)
        .header("x-rondo-grants", ascii(&grants))
        .body("application/wasm", bytes);
    let size = units::brief_bytes(bytes.len() as u64);
    while_slow(&format!("deploying {name} ({size}), which the server compiles"), || session.client.send(&call))
}

/// What a deployment did, in a few lines.
pub(crate) fn describe(deployment: &Deployment) -> String {
    let Deployment { component, released } = deployment;
    let mut lines = vec![format!("deployed {} as {}", component.name, view::short_digest(&component.digest))];
    for (kind, names) in [("orchestrations", &component.orchestrations), ("activities", &component.activities)] {
        if !names.is_empty() {
            lines.push(format!("  {kind}: {}", names.join(", ")));
        }
    }
    if released.count > 0 {
        lines.push(format!("  {} held instances go on with it", released.count));
    }
    if let Some(problem) = &released.incomplete {
        lines.push(format!("  not all held instances go on: {problem}"));
    }
    lines.join("\n")
}

/// A file's name without its ending.
pub(crate) fn stem(file: &Path) -> String {
    file.file_stem().map_or_else(|| "component".to_owned(), |stem| stem.to_string_lossy().into_owned())
}

fn dir(text: &str) -> Result<DirGrant, String> {
    let (paths, writable) = match text.strip_suffix(":rw") {
        Some(paths) => (paths, true),
        None => (text, false),
    };
    match paths.rsplit_once(':') {
        Some((host, guest)) if !host.is_empty() && !guest.is_empty() => {
            let host = std::path::absolute(host).map_err(|error| format!("\"{host}\": {error}"))?;
            Ok(DirGrant { host, guest: guest.to_owned(), writable })
        }
        Some(_) | None => Err(format!("\"{text}\" is not of the form HOST:GUEST or HOST:GUEST:rw")),
    }
}

/// JSON for a header: beyond ASCII it is escaped.
fn ascii(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for unit in json.chars() {
        if unit.is_ascii() {
            text.push(unit);
        } else {
            let mut units = [0; 2];
            text.extend(unit.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_read_only_unless_told_otherwise() {
        let grant = |text| dir(text).unwrap();
        assert_eq!(grant("/a:/b"), DirGrant { host: "/a".into(), guest: "/b".into(), writable: false });
        assert_eq!(grant("/a:/b:rw"), DirGrant { host: "/a".into(), guest: "/b".into(), writable: true });
        assert!(grant("a:/b").host.is_absolute());
        assert!(dir("/a").is_err());
        assert!(dir("/a:").is_err());
    }

    #[test]
    fn grants_of_any_language_fit_into_a_header() {
        let text = ascii(r#"{"a":"grüß 🎉"}"#);
        assert!(text.is_ascii());
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["a"], "grüß 🎉");
    }

    #[test]
    fn a_deployment_is_told_in_a_few_lines() {
        let deployment = serde_json::from_str(
            r#"{"component":{"digest":"cdcdcdcdcdcdcdcd","name":"shop","bytes":1,"deployedTime":"t",
            "orchestrations":["order","refund"],"activities":["charge"],"grants":null},
            "released":{"count":2,"instances":[]}}"#,
        );
        insta::assert_snapshot!(describe(&deployment.unwrap()), @r"
        deployed shop as cdcdcdcdcdcd
          orchestrations: order, refund
          activities: charge
          2 held instances go on with it
        ");
    }
}
