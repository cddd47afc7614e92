//! What a deployment lets its activities reach.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::host_pattern::HostPattern;
use crate::limits::GRANTED_DIRS_MAX;

/// What activities may reach. Orchestrators reach nothing, whatever is granted. The default grants nothing.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Grants {
    /// Hosts that outbound HTTP and HTTPS may go to: `host` for the scheme's usual port, `host:port` for another.
    /// `*.example.com` is every name below `example.com`, and not that name itself.
    pub http: Vec<String>,
    /// Environment variables, by name. Nothing of the host's own environment is passed on.
    #[serde(deserialize_with = "variables")]
    pub env: BTreeMap<String, String>,
    /// Folders of the host.
    pub dirs: Vec<DirGrant>,
}

/// Values of variables are secrets, so only their names are printed.
impl fmt::Debug for Grants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { http, env, dirs } = self;
        let names: Vec<&String> = env.keys().collect();
        f.debug_struct("Grants").field("http", http).field("env", &names).field("dirs", dirs).finish()
    }
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

/// Reads variables so that an error names the variable and never repeats a value: errors are logged and answered.
fn variables<'de, D: Deserializer<'de>>(given: D) -> Result<BTreeMap<String, String>, D::Error> {
    let Value::Object(variables) = Value::deserialize(given)? else {
        return Err(D::Error::custom("env must be an object of names and values"));
    };
    let read = variables.into_iter().map(|(name, value)| match value {
        Value::String(value) => Ok((name, value)),
        _ => Err(D::Error::custom(format!("the value of the environment variable {name:?} must be a string"))),
    });
    read.collect()
}

impl GrantsError {
    pub(crate) fn new(problem: String) -> Self {
        Self(problem)
    }
}

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
        for (name, value) in env {
            if name.is_empty() || name.contains(['=', '\0']) {
                return Err(GrantsError(format!("{name:?} is not the name of an environment variable")));
            }
            if value.contains('\0') {
                return Err(GrantsError(format!("the environment variable {name} has a NUL in its value")));
            }
        }
        if dirs.len() > GRANTED_DIRS_MAX {
            let count = dirs.len();
            return Err(GrantsError(format!("{count} folders are granted, more than the {GRANTED_DIRS_MAX} allowed")));
        }
        let mut guest_paths = BTreeSet::new();
        for DirGrant { host, guest, writable: _ } in dirs {
            let path = host.display();
            if !host.is_absolute() || host.as_os_str().as_encoded_bytes().contains(&0) {
                return Err(GrantsError(format!("the folder `{path}` must be given by its absolute path")));
            }
            if guest.is_empty() || guest.contains('\0') {
                return Err(GrantsError(format!("the folder `{path}` needs a path for the guest to see it under")));
            }
            if !guest_paths.insert(guest) {
                return Err(GrantsError(format!("two folders have the path `{guest}` for the guest")));
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
    fn values_of_variables_are_not_printed() {
        let grants = parse(r#"{"env":{"KEY":"hunter2"}}"#).unwrap();
        assert_eq!(format!("{grants:?}"), r#"Grants { http: [], env: ["KEY"], dirs: [] }"#);
        insta::assert_snapshot!(parse(r#"{"env":"hunter2"}"#).unwrap_err(), @"env must be an object of names and values at line 1 column 17");
        insta::assert_snapshot!(parse(r#"{"env":{"KEY":12345}}"#).unwrap_err(), @r#"the value of the environment variable "KEY" must be a string at line 1 column 21"#);
    }

    #[test]
    fn no_deployment_opens_folders_without_end() {
        let dir = |number| DirGrant { host: "/srv".into(), guest: format!("/{number}"), writable: false };
        let grants = |count| Grants { dirs: (0..count).map(dir).collect(), ..Grants::default() };
        assert_eq!(grants(GRANTED_DIRS_MAX).check(), Ok(()));
        assert!(grants(GRANTED_DIRS_MAX + 1).check().is_err());
    }

    #[test]
    fn mistakes_are_named() {
        let problem = |json| parse(json).unwrap_err();
        insta::assert_snapshot!(problem(r#"{"htp":[]}"#), @"unknown field `htp`, expected one of `http`, `env`, `dirs` at line 1 column 6");
        insta::assert_snapshot!(problem(r#"{"http":["http://a"]}"#), @"`http://a` is not a host that can be allowed: write the host only, without scheme and path, as in `api.example.com`");
        insta::assert_snapshot!(problem(r#"{"env":{"A=B":""}}"#), @r#""A=B" is not the name of an environment variable"#);
        insta::assert_snapshot!(problem(r#"{"dirs":[{"host":"data","guest":"/data"}]}"#), @"the folder `data` must be given by its absolute path");
        insta::assert_snapshot!(problem(r#"{"dirs":[{"host":"/data","guest":""}]}"#), @"the folder `/data` needs a path for the guest to see it under");
        insta::assert_snapshot!(problem(r#"{"dirs":[{"host":"/a","guest":"/c"},{"host":"/b","guest":"/c"}]}"#), @"two folders have the path `/c` for the guest");
        insta::assert_snapshot!(problem(r#"{"env":{"A":"\u0000"}}"#), @"the environment variable A has a NUL in its value");
    }
}
