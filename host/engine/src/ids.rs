//! Every id and position, each its own type.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use minicbor::{Decode, Decoder, Encode, Encoder};
use sha2::{Digest as _, Sha256};

use crate::bytes::{hex, unhex};
use crate::limits;

/// Why a text is not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// The text is empty.
    #[error("an id must not be empty")]
    Empty,
    /// The text is longer than ids may be.
    #[error("an id of {length} bytes exceeds the limit of {}", limits::INSTANCE_ID_BYTES_MAX)]
    TooLong {
        /// Bytes of the text.
        length: usize,
    },
    /// The text holds a control character.
    #[error("an id must not contain control characters")]
    ControlCharacter,
    /// A leading `@` is kept for entities.
    #[error("an instance id must not begin with '@'")]
    Reserved,
    /// Not the expected number of hex digits.
    #[error("expected {digits} hex digits")]
    NotHex {
        /// How many there should be.
        digits: usize,
    },
}

/// The user's name for an orchestration instance, unique within the task hub.
///
/// 1 to [`limits::INSTANCE_ID_BYTES_MAX`] bytes, no control characters, no leading `@`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstanceId(Arc<str>);

impl InstanceId {
    /// Checks and takes an id.
    pub fn new(text: &str) -> Result<Self, IdError> {
        if text.is_empty() {
            return Err(IdError::Empty);
        }
        if text.len() > limits::INSTANCE_ID_BYTES_MAX {
            return Err(IdError::TooLong { length: text.len() });
        }
        if text.chars().any(char::is_control) {
            return Err(IdError::ControlCharacter);
        }
        if text.starts_with('@') {
            return Err(IdError::Reserved);
        }
        Ok(Self(text.into()))
    }

    /// The id of a child that was started without one: the parent's execution id and the task id, as DurableTask has it.
    pub fn for_child(parent: ExecutionId, task: TaskId) -> Self {
        Self(format!("{parent}:{:x}", task.0).into())
    }

    /// The same for a child that is not the first of its task id: a rewind has declared void that an earlier one was
    /// started. `number`: of the first attempt that is its own.
    pub fn for_child_again(parent: ExecutionId, task: TaskId, number: u32) -> Self {
        Self(format!("{parent}:{:x}:{number:x}", task.0).into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for InstanceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for InstanceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for InstanceId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        Self::new(text)
    }
}

impl<C> Encode<C> for InstanceId {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.str(&self.0)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for InstanceId {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        Self::new(d.str()?).map_err(minicbor::decode::Error::custom)
    }
}

/// One generation of an instance between continue-as-new. Shown as 32 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExecutionId(pub(crate) [u8; 16]);

impl ExecutionId {
    /// From raw bytes; the edge draws them at random for instances that clients start.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The raw bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// The execution of attempt `attempt` of child `task`: derived, so that a start sent twice is recognised.
    #[must_use]
    pub fn child(self, task: TaskId, attempt: u32) -> Self {
        self.derive(b"child", &[task.0, attempt])
    }

    /// The execution after this one, by continue-as-new.
    #[must_use]
    pub fn next(self) -> Self {
        self.derive(b"next", &[])
    }

    /// The key of the event that `task` of this execution sends.
    pub fn event_key(self, task: TaskId) -> EventKey {
        EventKey(self.derive(b"event", &[task.0]).0)
    }

    /// The same where a rewind has declared void that another event was sent under that task id.
    pub fn event_key_again(self, task: TaskId, number: u32) -> EventKey {
        EventKey(self.derive(b"event-again", &[task.0, number]).0)
    }

    pub(crate) fn derive(self, purpose: &[u8], numbers: &[u32]) -> Self {
        let mut hash = Sha256::new_with_prefix(b"rondo/1/");
        hash.update(purpose);
        hash.update(self.0);
        for number in numbers {
            hash.update(number.to_be_bytes());
        }
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash.finalize()[..16]);
        Self(bytes)
    }
}

/// What makes an external event recognisable when it is delivered twice. Shown as 32 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventKey([u8; 16]);

impl EventKey {
    /// From raw bytes; the edge draws them at random for events that clients raise.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The raw bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// The SHA-256 of a component file: its name in every place. Shown as 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of a file's bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// From raw bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The raw bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The first twelve hex digits, for people.
    pub fn short(&self) -> String {
        hex(&self.0[..6])
    }
}

macro_rules! byte_id {
    ($name:ident, $length:literal) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                unhex(text).map(Self).ok_or(IdError::NotHex { digits: 2 * $length })
            }
        }

        impl<C> Encode<C> for $name {
            fn encode<W: minicbor::encode::Write>(
                &self,
                e: &mut Encoder<W>,
                _: &mut C,
            ) -> Result<(), minicbor::encode::Error<W::Error>> {
                e.bytes(&self.0)?.ok()
            }
        }

        impl<'b, C> Decode<'b, C> for $name {
            fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
                <[u8; $length]>::try_from(d.bytes()?)
                    .map(Self)
                    .map_err(|_| minicbor::decode::Error::message(concat!(stringify!($name), " of the wrong length")))
            }
        }
    };
}

byte_id!(ExecutionId, 16);
byte_id!(EventKey, 16);
byte_id!(Digest, 32);

/// The guest's number for something it scheduled; dense from 0 within an execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct TaskId(#[n(0)] pub u32);

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The position of an event in an execution's history; dense from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct EventId(#[n(0)] pub u64);

impl EventId {
    /// The position of an execution's first event.
    pub const FIRST: Self = Self(1);

    /// The position after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derived_ids_never_change() {
        // Golden: a changed derivation would start children twice after an upgrade.
        let parent = ExecutionId::from_bytes([7; 16]);
        insta::assert_snapshot!(parent.child(TaskId(3), 1), @"ab51f035ec24ce5b82b0f6b58316df37");
        insta::assert_snapshot!(parent.child(TaskId(3), 2), @"945ad300175fecd031c6dd00cd660cc1");
        insta::assert_snapshot!(parent.next(), @"8cba55ba0e79643cda52511511004181");
        insta::assert_snapshot!(parent.event_key(TaskId(3)), @"f71394d76246c2db2dc2a5b3ec91fb28");
        insta::assert_snapshot!(InstanceId::for_child(parent, TaskId(26)), @"07070707070707070707070707070707:1a");
        insta::assert_snapshot!(parent.event_key_again(TaskId(3), 2), @"f90fca692b06dc221ebaa91814a2fd91");
        let again = InstanceId::for_child_again(parent, TaskId(26), 11);
        insta::assert_snapshot!(again, @"07070707070707070707070707070707:1a:b");
    }

    #[test]
    fn instance_ids_are_checked() {
        assert_eq!(InstanceId::new(""), Err(IdError::Empty));
        assert_eq!(InstanceId::new("a\nb"), Err(IdError::ControlCharacter));
        assert_eq!(InstanceId::new("@counter@a"), Err(IdError::Reserved));
        assert_eq!(InstanceId::new(&"x".repeat(257)), Err(IdError::TooLong { length: 257 }));
        assert!(InstanceId::new("Größe/1?#").is_ok());
    }

    #[test]
    fn hex_ids_round_trip() {
        let digest = Digest::of(b"");
        assert_eq!(digest.to_string().parse(), Ok(digest));
        assert_eq!("zz".parse::<Digest>(), Err(IdError::NotHex { digits: 64 }));
    }
}
