//! Rows of a table: named values of a few types.

use std::collections::BTreeMap;

/// A property of an entity. Absent and null are the same, and have no value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `Edm.String`; at most 32 Ki UTF-16 units.
    Text(String),
    /// `Edm.Int32`.
    Int(i32),
    /// `Edm.Int64`.
    Long(i64),
    /// `Edm.Double`.
    Double(f64),
    /// `Edm.Boolean`.
    Bool(bool),
    /// `Edm.DateTime`, as milliseconds since the Unix epoch, UTC. Finer digits are dropped when read.
    Time(u64),
    /// `Edm.Binary`; at most 64 KiB.
    Binary(Vec<u8>),
    /// `Edm.Guid`, as text.
    Guid(String),
}

/// The properties of an entity, without its keys, etag and service timestamp.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Entity(pub BTreeMap<String, Value>);

/// A property has another type than whoever reads it expects.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("column {column} is not of type {expected}")]
pub struct WrongType {
    /// Which property.
    pub column: String,
    /// What it should be.
    pub expected: &'static str,
}

macro_rules! getters {
    ($($(#[$doc:meta])* $name:ident, $variant:ident, $type:ty, $expected:literal, |$value:ident| $get:expr;)*) => {
        $(
            $(#[$doc])*
            ///
            /// # Errors
            /// It has another type.
            pub fn $name(&self, column: &str) -> Result<Option<$type>, WrongType> {
                match self.0.get(column) {
                    None => Ok(None),
                    Some(Value::$variant($value)) => Ok(Some($get)),
                    Some(_) => Err(WrongType { column: column.to_owned(), expected: $expected }),
                }
            }
        )*
    };
}

impl Entity {
    /// Without properties.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads an entity out of the JSON of an answer, as all answers are read: for whoever tries that with anything.
    ///
    /// # Errors
    /// A key is missing, or a value is not of the type that the answer says.
    #[cfg(feature = "test-support")]
    pub fn from_answer(json: serde_json::Map<String, serde_json::Value>) -> Result<(crate::Key, Self), crate::Error> {
        crate::edm::decode(json).map(|(key, entity, _)| (key, entity))
    }

    /// Sets a property.
    pub fn set(&mut self, column: &str, value: Value) {
        self.0.insert(column.to_owned(), value);
    }

    /// Sets a property, or leaves it out.
    pub fn set_some(&mut self, column: &str, value: Option<Value>) {
        if let Some(value) = value {
            self.set(column, value);
        }
    }

    getters! {
        /// A text.
        text, Text, &str, "text", |value| value;
        /// A 32-bit number.
        int, Int, i32, "32-bit integer", |value| *value;
        /// A 64-bit number.
        long, Long, i64, "64-bit integer", |value| *value;
        /// A truth value.
        bool, Bool, bool, "boolean", |value| *value;
        /// A time, in milliseconds since the Unix epoch.
        time, Time, u64, "time", |value| *value;
        /// Bytes.
        binary, Binary, &[u8], "binary", |value| value;
    }
}
