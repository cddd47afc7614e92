//! Why something stored cannot be read.

use azure::WrongType;
use engine::IdError;
use store::codec::DecodeError;

use super::limits::UNPACKED_BYTES_MAX;

/// What is stored does not have the layout. Reading it again does not help.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum LayoutError {
    /// A column has another type.
    #[error(transparent)]
    WrongType(#[from] WrongType),
    /// A column or member is not there.
    #[error("{name} is missing")]
    Missing {
        /// Its name.
        name: &'static str,
    },
    /// A column or member holds what it cannot hold.
    #[error("{name} is malformed")]
    Malformed {
        /// Its name.
        name: &'static str,
    },
    /// A word of a closed set is not of the set: perhaps a newer program wrote it.
    #[error("{name} {found:?} is unknown")]
    Unknown {
        /// What the word is.
        name: &'static str,
        /// The word.
        found: String,
    },
    /// An id that this host does not take, such as that of an entity.
    #[error("{name} is no id")]
    Id {
        /// Whose id.
        name: &'static str,
        /// What is wrong with it.
        source: IdError,
    },
    /// JSON that is none, or not of the expected shape.
    #[error("{name} is not the expected JSON")]
    Json {
        /// Its name.
        name: &'static str,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// Our own encoding of a message or an event.
    #[error("{name} cannot be decoded")]
    Codec {
        /// Its name.
        name: &'static str,
        /// What is wrong with it.
        source: DecodeError,
    },
    /// A blob that is not compressed as it should be.
    #[error("a blob cannot be unpacked")]
    Unpack(#[source] std::io::Error),
    /// A blob that unpacks to more than any that was ever written.
    #[error("a blob unpacks to more than {UNPACKED_BYTES_MAX} bytes")]
    TooLarge,
}
