//! `instances.details`: what nobody searches for. One byte of version, then CBOR.

use std::collections::BTreeMap;

use engine::{Digest, Failure, InstanceState, Parent, Timestamp};
use minicbor::{Decode, Encode};

const VERSION: u8 = 1;

/// Persisted: numbers are the format.
#[derive(Debug, PartialEq, Encode, Decode)]
pub(super) struct Details {
    #[n(0)]
    pub(super) version: Option<String>,
    #[n(1)]
    pub(super) failure: Option<Failure>,
    #[n(2)]
    pub(super) tags: BTreeMap<String, String>,
    #[n(3)]
    pub(super) parent: Option<Parent>,
    #[n(4)]
    pub(super) completed_at: Option<Timestamp>,
    #[n(5)]
    pub(super) scheduled_start: Option<Timestamp>,
    #[n(6)]
    pub(super) component: Option<Digest>,
    #[n(7)]
    pub(super) generation: u32,
}

impl Details {
    pub(super) fn encode(state: &InstanceState) -> Vec<u8> {
        let details = Self {
            version: state.version.clone(),
            failure: state.failure.clone(),
            tags: state.tags.clone(),
            parent: state.parent.clone(),
            completed_at: state.completed_at,
            scheduled_start: state.scheduled_start,
            component: state.component,
            generation: state.generation,
        };
        let mut bytes = vec![VERSION];
        minicbor::encode(&details, &mut bytes).expect("writing to a Vec cannot fail, and these types can be encoded");
        bytes
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, String> {
        match bytes.split_first() {
            Some((&VERSION, rest)) => minicbor::decode(rest).map_err(|error| error.to_string()),
            Some((found, _)) => Err(format!("unknown format version {found}")),
            None => Err("there is nothing".to_owned()),
        }
    }
}
