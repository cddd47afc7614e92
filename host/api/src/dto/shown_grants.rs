//! The grants of a component, without its secrets.

use std::fmt;

use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

/// What activities may reach, without the values of environment variables.
///
/// Only what is named here is ever shown, so that a kind of grant that is added later shows nothing by accident.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct ShownGrants {
    /// Hosts for outbound HTTP and HTTPS.
    pub http: Vec<String>,
    /// The names of environment variables. Nobody gets their values back, whatever the key.
    #[serde(deserialize_with = "names")]
    pub env: Vec<String>,
    /// Folders of the host.
    pub dirs: Vec<ShownFolder>,
}

/// A folder that activities may use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ShownFolder {
    /// The folder on the host's machine.
    pub host: String,
    /// Its path as the guest sees it.
    pub guest: String,
    /// Whether the guest may change what is in it.
    #[serde(default)]
    pub writable: bool,
}

impl ShownGrants {
    /// What can be shown of grants as they are stored; none if they cannot be read.
    pub(crate) fn of(stored: &str) -> Option<Self> {
        serde_json::from_str(stored).ok()
    }
}

/// The names of variables: the keys of an object, as grants are stored, or the names alone, as they are shown.
fn names<'de, D: Deserializer<'de>>(variables: D) -> Result<Vec<String>, D::Error> {
    struct Names;

    impl<'de> Visitor<'de> for Names {
        type Value = Vec<String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("environment variables")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut variables: A) -> Result<Vec<String>, A::Error> {
            let mut names = Vec::new();
            while let Some((name, IgnoredAny)) = variables.next_entry()? {
                names.push(name);
            }
            Ok(names)
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut variables: A) -> Result<Vec<String>, A::Error> {
            let mut names = Vec::new();
            while let Some(name) = variables.next_element()? {
                names.push(name);
            }
            Ok(names)
        }
    }

    variables.deserialize_any(Names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_variables_are_shown() {
        let stored = r#"{"http":["a.example"],"env":{"KEY":"hunter2","B":{"hunter2":1}},"dirs":[{"host":"/a","guest":"/b"}],"tokens":["hunter2"]}"#;
        let shown = serde_json::to_string(&ShownGrants::of(stored).unwrap()).unwrap();
        let expected =
            r#"{"http":["a.example"],"env":["KEY","B"],"dirs":[{"host":"/a","guest":"/b","writable":false}]}"#;
        assert_eq!(shown, expected);
        assert_eq!(serde_json::to_string(&ShownGrants::of(&shown).unwrap()).unwrap(), expected, "a client reads it");
    }

    #[test]
    fn what_cannot_be_read_is_not_shown() {
        assert_eq!(ShownGrants::of("hunter2"), None);
        assert_eq!(ShownGrants::of(r#"{"env":"hunter2"}"#), None);
        assert_eq!(ShownGrants::of("{}"), Some(ShownGrants::default()));
    }
}
