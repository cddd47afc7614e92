//! Every bound of the layout, each with the reason for its number.

/// A text column, in UTF-16 units; a longer one moves to a blob. DurableTask's own bound, a little below the service's
/// 32 Ki.
pub(crate) const COLUMN_UNITS_MAX: usize = 30_720;

/// A custom status, in UTF-16 units: the service's bound, as DurableTask never looks for one elsewhere.
pub(crate) const CUSTOM_STATUS_UNITS_MAX: usize = 32_768;

/// A queue message, in UTF-8 bytes; a longer one moves to a blob. DurableTask's own bound: Base64 of it still fits the
/// service's 64 KiB.
pub(crate) const MESSAGE_BYTES_MAX: usize = 46_080;

/// A binary column: the service's bound.
pub(crate) const BINARY_BYTES_MAX: usize = 64 * 1024;

/// The messages of one commit within the outbox row; more go to a blob. An entity holds 1 MiB, and a transaction, of
/// which this row is only one, 4 MiB.
pub(crate) const OUTBOX_BYTES_MAX: usize = 900 * 1024;

/// What a blob unpacks to. The largest that is written is a message around one payload of 16 MiB of which JSON has to
/// escape every byte sixfold.
pub(crate) const UNPACKED_BYTES_MAX: usize = 128 * 1024 * 1024;

/// The last moment that `Edm.DateTime` and .NET can express, the end of the year 9999. Later ones are written so and
/// once more in full.
pub(crate) const TIME_MS_MAX: u64 = 253_402_300_799_999;
