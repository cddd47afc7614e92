//! `instances.details`: what nobody searches for. One byte of version, then CBOR.

use std::collections::BTreeMap;

use engine::{Digest, ExecutionId, Failure, InstanceState, Parent, Timestamp};
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
    #[n(8)]
    pub(super) first_execution: Option<ExecutionId>,
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
            first_execution: state.first_execution,
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

#[cfg(test)]
mod tests {
    use super::*;

    /// As every build writes it that knows of a first execution.
    const LATER_GENERATION: &[u8] = b"\x01\x89\xf6\xf6\xa0\xf6\xf6\xf6\xf6\x02\x50\x07\x07\x07\x07\x07\x07\x07\x07\
        \x07\x07\x07\x07\x07\x07\x07\x07";
    /// The same without one.
    const OF_EARLIER_BUILD: &[u8] = b"\x01\x88\xf6\xf6\xa0\xf6\xf6\xf6\xf6\x02";

    #[test]
    fn the_first_execution_is_at_the_end_and_may_be_missing() {
        let of_earlier_build = Details {
            version: None,
            failure: None,
            tags: BTreeMap::new(),
            parent: None,
            completed_at: None,
            scheduled_start: None,
            component: None,
            generation: 2,
            first_execution: None,
        };
        assert_eq!(Details::decode(OF_EARLIER_BUILD).as_ref(), Ok(&of_earlier_build));
        let first_execution = Some(ExecutionId::from_bytes([7; 16]));
        let details = Details { first_execution, ..of_earlier_build };
        assert_eq!(minicbor::to_vec(&details).unwrap(), LATER_GENERATION[1..]);
        assert_eq!(Details::decode(LATER_GENERATION), Ok(details));
    }
}
