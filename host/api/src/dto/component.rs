//! Components and what a deployment did.

use serde::{Deserialize, Serialize};
use store::ComponentRecord;
use utoipa::ToSchema;

use super::ShownGrants;
use crate::times;

/// A deployed component.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Component {
    /// The SHA-256 of its file.
    pub digest: String,
    /// What the deployer called it.
    pub name: String,
    /// The file's length.
    pub bytes: u64,
    /// When it was last deployed.
    pub deployed_time: String,
    /// Its orchestrations.
    pub orchestrations: Vec<String>,
    /// Its activities.
    pub activities: Vec<String>,
    /// What its activities may reach; none if what is stored cannot be read.
    pub grants: Option<ShownGrants>,
}

/// What a deployment did.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Deployment {
    /// The component.
    pub component: Component,
    /// The held instances that go on with it.
    pub released: Releases,
}

/// The held instances that a deployment let go on.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct Releases {
    /// How many.
    pub count: u64,
    /// The first of them.
    pub instances: Vec<Released>,
    /// Why some were not released though they could be; deploying again goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incomplete: Option<String>,
}

/// A held instance that a deployment let go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Released {
    /// Which one.
    pub instance_id: String,
    /// The code it was held for.
    pub held: String,
}

impl From<&ComponentRecord> for Component {
    fn from(record: &ComponentRecord) -> Self {
        let ComponentRecord { digest, name, bytes, deployed_at, orchestrations, activities, grants } = record;
        Self {
            digest: digest.to_string(),
            name: name.clone(),
            bytes: *bytes,
            deployed_time: times::millis(*deployed_at),
            orchestrations: orchestrations.clone(),
            activities: activities.clone(),
            grants: ShownGrants::of(grants),
        }
    }
}

#[cfg(test)]
mod tests {
    use engine::{Digest, Timestamp};

    use super::*;

    #[test]
    fn a_deployment_is_fixed() {
        let record = ComponentRecord {
            digest: Digest::from_bytes([0xcd; 32]),
            name: "shop".into(),
            bytes: 12_345,
            deployed_at: Timestamp::from_millis(1_001),
            orchestrations: vec!["order".into()],
            activities: vec!["charge".into()],
            grants: r#"{"http":["api.example.com"],"env":{"API_KEY":"hunter2"},"dirs":[]}"#.into(),
        };
        let deployment = Deployment {
            component: Component::from(&record),
            released: Releases {
                count: 1,
                instances: vec![Released { instance_id: "a".into(), held: "nondeterminism".into() }],
                incomplete: None,
            },
        };
        insta::assert_snapshot!(serde_json::to_string_pretty(&deployment).unwrap(), @r#"
        {
          "component": {
            "digest": "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd",
            "name": "shop",
            "bytes": 12345,
            "deployedTime": "1970-01-01T00:00:01.001Z",
            "orchestrations": [
              "order"
            ],
            "activities": [
              "charge"
            ],
            "grants": {
              "http": [
                "api.example.com"
              ],
              "env": [
                "API_KEY"
              ],
              "dirs": []
            }
          },
          "released": {
            "count": 1,
            "instances": [
              {
                "instanceId": "a",
                "held": "nondeterminism"
              }
            ]
          }
        }
        "#);
    }
}
