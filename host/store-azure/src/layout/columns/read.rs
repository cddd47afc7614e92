//! Taking an entity apart.

use azure::Entity;
use engine::{ExecutionId, Payload, TaskId, Timestamp};
use serde::de::DeserializeOwned;

use super::super::limits::TIME_MS_MAX;
use super::super::{LayoutError, json, times};
use super::{ABSENT, exact_column};

/// Reads columns; those that the row itself declares absent are not there.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Reader<'a> {
    entity: &'a Entity,
    absent: &'a str,
}

impl<'a> Reader<'a> {
    pub(in super::super) fn new(entity: &'a Entity) -> Result<Self, LayoutError> {
        Ok(Self { entity, absent: entity.text(ABSENT)?.unwrap_or_default() })
    }

    fn is_absent(&self, column: &str) -> bool {
        self.absent.split(',').any(|absent| absent == column)
    }

    pub(in super::super) fn text(&self, column: &str) -> Result<Option<&'a str>, LayoutError> {
        Ok(if self.is_absent(column) { None } else { self.entity.text(column)? })
    }

    pub(in super::super) fn required_text(&self, column: &'static str) -> Result<&'a str, LayoutError> {
        required(column, self.text(column)?)
    }

    pub(in super::super) fn payload(&self, column: &str) -> Result<Option<Payload>, LayoutError> {
        Ok(self.text(column)?.map(Payload::from))
    }

    /// JSON as text; none if it is empty or `null`.
    pub(in super::super) fn json<T: DeserializeOwned>(&self, column: &'static str) -> Result<Option<T>, LayoutError> {
        match self.text(column)? {
            None | Some("") => Ok(None),
            Some(text) => json::from_text(column, text),
        }
    }

    /// A text that is parsed; none if it is empty.
    pub(in super::super) fn parsed<T>(
        &self,
        column: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, LayoutError> {
        match self.text(column)? {
            None | Some("") => Ok(None),
            Some(text) => parse(text).map(Some).ok_or(LayoutError::Malformed { name: column }),
        }
    }

    pub(in super::super) fn exact_time(&self, column: &'static str) -> Result<Option<Timestamp>, LayoutError> {
        self.parsed(column, times::from_exact)
    }

    pub(in super::super) fn execution(&self, column: &'static str) -> Result<ExecutionId, LayoutError> {
        self.required_text(column).map(json::execution_of)
    }

    pub(in super::super) fn int(&self, column: &str) -> Result<Option<u32>, LayoutError> {
        Ok(self.entity.int(column)?.map(i32::cast_unsigned))
    }

    pub(in super::super) fn required_int(&self, column: &'static str) -> Result<u32, LayoutError> {
        required(column, self.int(column)?)
    }

    pub(in super::super) fn task(&self, column: &'static str) -> Result<TaskId, LayoutError> {
        self.required_int(column).map(TaskId)
    }

    pub(in super::super) fn long(&self, column: &str) -> Result<Option<u64>, LayoutError> {
        Ok(self.entity.long(column)?.map(i64::cast_unsigned))
    }

    pub(in super::super) fn required_long(&self, column: &'static str) -> Result<u64, LayoutError> {
        required(column, self.long(column)?)
    }

    /// A truth value; false if there is none.
    pub(in super::super) fn flag(&self, column: &str) -> Result<bool, LayoutError> {
        Ok(self.entity.bool(column)?.unwrap_or_default())
    }

    pub(in super::super) fn binary(&self, column: &str) -> Result<Option<&'a [u8]>, LayoutError> {
        Ok(self.entity.binary(column)?)
    }

    pub(in super::super) fn time(&self, column: &str) -> Result<Option<Timestamp>, LayoutError> {
        if self.is_absent(column) {
            return Ok(None);
        }
        let ms = match self.entity.time(column)? {
            // The exact form counts only here: in a merged row, one of an older time may have stayed behind.
            Some(TIME_MS_MAX) => self.long(&exact_column(column))?.or(Some(TIME_MS_MAX)),
            other => other,
        };
        Ok(ms.map(Timestamp::from_millis))
    }

    pub(in super::super) fn required_time(&self, column: &'static str) -> Result<Timestamp, LayoutError> {
        required(column, self.time(column)?)
    }
}

fn required<T>(name: &'static str, value: Option<T>) -> Result<T, LayoutError> {
    value.ok_or(LayoutError::Missing { name })
}
