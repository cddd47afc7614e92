//! Putting an entity together.

use azure::{Entity, Value};
use engine::{Payload, TaskId, Timestamp};
use serde::Serialize;

use super::super::limits::TIME_MS_MAX;
use super::super::overflow::{self, Naming};
use super::super::{Row, json, times};
use super::{ABSENT, IN_BLOBS, exact_column};

/// An entity in the making.
#[derive(Debug, Default)]
pub(in super::super) struct Writer {
    entity: Entity,
    absent: Vec<&'static str>,
}

impl Writer {
    pub(in super::super) fn text(&mut self, column: &str, text: impl Into<String>) -> &mut Self {
        self.entity.set(column, Value::Text(text.into()));
        self
    }

    /// A text, or no column.
    pub(in super::super) fn some_text(&mut self, column: &str, text: Option<impl Into<String>>) -> &mut Self {
        self.entity.set_some(column, text.map(|text| Value::Text(text.into())));
        self
    }

    /// A payload, or no column.
    pub(in super::super) fn payload(&mut self, column: &str, payload: Option<&Payload>) -> &mut Self {
        self.some_text(column, payload.map(Payload::as_str))
    }

    /// A text; if there is none, `filler` and a note that this is no value.
    pub(in super::super) fn merged_text(
        &mut self,
        column: &'static str,
        text: Option<impl Into<String>>,
        filler: &str,
    ) -> &mut Self {
        match text {
            Some(text) => self.text(column, text),
            None => self.absent(column).text(column, filler),
        }
    }

    /// A text; if there is none, a note of that, and `shown` or no column.
    pub(in super::super) fn text_or_absent(
        &mut self,
        column: &'static str,
        text: Option<String>,
        shown: Option<&str>,
    ) -> &mut Self {
        match (text, shown) {
            (Some(text), _) => self.text(column, text),
            (None, Some(shown)) => self.merged_text(column, None::<String>, shown),
            (None, None) => self.absent(column),
        }
    }

    /// Notes that a column has no value, whatever it may hold.
    pub(in super::super) fn absent(&mut self, column: &'static str) -> &mut Self {
        self.absent.push(column);
        self
    }

    /// JSON as text; of nothing, the text `null`.
    pub(in super::super) fn json(&mut self, column: &str, value: Option<&impl Serialize>) -> &mut Self {
        self.text(column, json::text(&value))
    }

    /// An id or a count of 32 bits, stored as the signed number of the same bits.
    pub(in super::super) fn int(&mut self, column: &str, number: u32) -> &mut Self {
        self.entity.set(column, Value::Int(number.cast_signed()));
        self
    }

    pub(in super::super) fn task(&mut self, column: &str, task: TaskId) -> &mut Self {
        self.int(column, task.0)
    }

    /// A position or a count of 64 bits, stored as the signed number of the same bits.
    pub(in super::super) fn long(&mut self, column: &str, number: u64) -> &mut Self {
        self.entity.set(column, Value::Long(number.cast_signed()));
        self
    }

    pub(in super::super) fn flag(&mut self, column: &str, flag: bool) -> &mut Self {
        self.entity.set(column, Value::Bool(flag));
        self
    }

    /// A time; one too late for its type is written as the last one there is, and in full next to it.
    pub(in super::super) fn time(&mut self, column: &str, time: Timestamp) -> &mut Self {
        self.entity.set(column, Value::Time(times::clamped(time).as_millis()));
        if time.as_millis() >= TIME_MS_MAX {
            self.long(&exact_column(column), time.as_millis());
        }
        self
    }

    /// A time as text, or an empty text.
    pub(in super::super) fn exact_time(&mut self, column: &str, time: Option<Timestamp>) -> &mut Self {
        self.text(column, time.map_or_else(String::new, times::exact))
    }

    /// The entity of a row that replaces what was there.
    pub(in super::super) fn finish(mut self, naming: Naming<'_>) -> Row {
        let moved = overflow::move_out(&mut self.entity, naming);
        overflow::name_blobs(&mut self.entity, &moved);
        Row { entity: self.entity, blobs: moved.into_iter().map(|(_, blob)| blob).collect() }
    }

    /// The entity of a row that is merged with what was there. Columns of `linked` hold the address of their blob, and
    /// go to one as well if readers would take their text for an address.
    pub(in super::super) fn finish_merged(
        mut self,
        naming: Naming<'_>,
        linked: &[&str],
        blob_url: &dyn Fn(&str) -> String,
    ) -> Row {
        let mut in_blobs = Vec::new();
        for column in linked {
            if let Some(Value::Text(text)) = self.entity.0.get_mut(*column)
                && (overflow::is_too_long(column, text) || overflow::looks_like_url(text))
            {
                let blob =
                    crate::layout::Overflow { name: naming.blob(column), bytes: overflow::gzip(text.as_bytes()) };
                *text = blob_url(&blob.name);
                in_blobs.push(((*column).to_owned(), blob));
            }
        }
        self.text(ABSENT, self.absent.join(","));
        let moved = overflow::move_out(&mut self.entity, naming);
        // Readers of DurableTask do not follow it, but see that there is something.
        if let Some((column, blob)) = moved.iter().find(|(column, _)| column == overflow::CUSTOM_STATUS) {
            self.text(column, blob_url(&blob.name));
        }
        in_blobs.extend(moved);
        // Of linked columns, too: to a host that reaches the account by another address, the link is a text like others.
        overflow::name_blobs(&mut self.entity, &in_blobs);
        let columns: Vec<_> = in_blobs.iter().map(|(column, _)| column.as_str()).collect();
        self.entity.set(IN_BLOBS, Value::Text(columns.join(",")));
        let blobs = in_blobs.into_iter().map(|(_, blob)| blob).collect();
        Row { entity: self.entity, blobs }
    }

    /// The entity as it is, for values that are never too long.
    pub(in super::super) fn into_entity(self) -> Entity {
        self.entity
    }
}
