//! What a deployment lets its activities reach.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::wasi::HostPattern;

/// What activities may reach. Orchestrators reach nothing, whatever is granted. The default grants nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Grants {
    /// Hosts that outbound HTTP and HTTPS may go to: `host` for the scheme's usual port, `host:port` for another.
    /// `*.example.com` is every name below `example.com`, and not that name itself.
    pub http: Vec<String>,
    /// Environment variables, by name. Nothing of the host's own environment is passed on.
    pub env: BTreeMap<String, String>,
    /// Folders of the host.
    pub dirs: Vec<DirGrant>,
}

/// A folder that activities may use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DirGrant {
    /// The folder on this machine.
    pub host: PathBuf,
    /// Its path as the guest sees it.
    pub guest: String,
    /// Whether the guest may change what is in it.
    #[serde(default)]
    pub writable: bool,
}

/// A grant that no host could give.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct GrantsError(String);

impl Grants {
    /// Whether nothing is granted.
    pub(crate) fn is_empty(&self) -> bool {
        let Self { http, env, dirs } = self;
        http.is_empty() && env.is_empty() && dirs.is_empty()
    }

    /// Checks what can be checked before anything runs, at deployment.
    ///
    /// # Errors
    /// The first grant that cannot be meant like this, and why.
    pub fn check(&self) -> Result<(), GrantsError> {
        let Self { http, env, dirs } = self;
        for host in http {
            host.parse::<HostPattern>().map_err(GrantsError)?;
        }
        for name in env.keys() {
            if name.is_empty() || name.contains(['=', '\0']) {
                return Err(GrantsError(format!("{name:?} is not the name of an environment variable")));
            }
        }
        for dir in dirs {
            if !dir.host.is_absolute() {
                let path = dir.host.display();
                return Err(GrantsError(format!("the folder `{path}` must be given by its absolute path")));
            }
            if dir.guest.is_empty() {
                let path = dir.host.display();
                return Err(GrantsError(format!("the folder `{path}` needs a path for the guest to see it under")));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str) -> Result<Grants, String> {
        let grants: Grants = serde_json::from_str(json).map_err(|error| error.to_string())?;
        grants.check().map_err(|error| error.to_string())?;
        Ok(grants)
    }

    #[test]
    fn nothing_is_granted_by_default() {
        assert_eq!(parse("{}"), Ok(Grants::default()));
    }

    #[test]
    fn grants_are_written_like_this() {
        // Golden: grants are stored with components.
        let grants = Grants {
            http: vec!["*.example.com".to_owned()],
            env: BTreeMap::from([("KEY".to_owned(), "value".to_owned())]),
            dirs: vec![DirGrant { host: "/srv/data".into(), guest: "/data".to_owned(), writable: true }],
        };
        let json = serde_json::to_string(&grants).unwrap();
        insta::assert_snapshot!(json, @r#"{"http":["*.example.com"],"env":{"KEY":"value"},"dirs":[{"host":"/srv/data","guest":"/data","writable":true}]}"#);
        assert_eq!(parse(&json), Ok(grants));
    }

    #[test]
    fn mistakes_are_named() {
        let problem = |json| parse(json).unwrap_err();
        insta::assert_snapshot!(problem(r#"{"htp":[]}"#), @"unknown field `htp`, expected one of `http`, `env`, `dirs` at line 1 column 6");
        insta::assert_snapshot!(problem(r#"{"http":["http://a"]}"#), @"`http://a` is not a host that can be allowed: write the host only, without scheme and path, as in `api.example.com`");
        insta::assert_snapshot!(problem(r#"{"env":{"A=B":""}}"#), @r#""A=B" is not the name of an environment variable"#);
        insta::assert_snapshot!(problem(r#"{"dirs":[{"host":"data","guest":"/data"}]}"#), @"the folder `data` must be given by its absolute path");
        insta::assert_snapshot!(problem(r#"{"dirs":[{"host":"/data","guest":""}]}"#), @"the folder `/data` needs a path for the guest to see it under");
    }
}
