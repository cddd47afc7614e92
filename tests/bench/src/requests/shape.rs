//! The lives whose requests are counted.

use serde::Serialize;

/// An orchestration, and what the reference provider needs for it.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Shape {
    pub(crate) name: &'static str,
    #[serde(skip)]
    pub(crate) orchestration: &'static str,
    #[serde(skip)]
    pub(crate) input: &'static str,
    pub(crate) reference: Option<Reference>,
}

/// Requests of DurableTask.AzureStorage, worked out from its source, from the fewest to the most: the same work with the
/// responses of activities in one batch, or each alone.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Reference {
    pub(crate) etag_off: (u32, u32),
    pub(crate) etag_on: (u32, u32),
}

impl Shape {
    /// Three activities, one after another.
    pub(crate) const SHORT: Self = Self {
        name: "3 in sequence",
        orchestration: "sequence",
        input: "3",
        reference: Some(Reference::exactly(36, 39)),
    };

    /// The same with ten: what it needs more is what turns in the middle need.
    pub(crate) const LONG: Self = Self {
        name: "10 in sequence",
        orchestration: "sequence",
        input: "10",
        reference: Some(Reference::exactly(99, 109)),
    };

    /// Turns that the longer one has more.
    pub(crate) const LONGER_BY: u64 = 7;

    /// In the order of the table.
    pub(crate) const ALL: [Self; 5] = [
        Self::SHORT,
        Self::LONG,
        Self {
            name: "fan-out of 10",
            orchestration: "fan_out",
            input: "10",
            reference: Some(Reference { etag_off: (63, 99), etag_on: (64, 109) }),
        },
        // A child without activities.
        Self { name: "one child", orchestration: "parent", input: "0", reference: None },
        Self { name: "timer of 1 s", orchestration: "nap", input: "1000", reference: None },
    ];
}

impl Reference {
    /// What a turn in the middle needs, with the activity that it is for.
    pub(crate) const MIDDLE_TURN: Self = Self::exactly(6 + 3, 7 + 3);

    const fn exactly(etag_off: u32, etag_on: u32) -> Self {
        Self { etag_off: (etag_off, etag_off), etag_on: (etag_on, etag_on) }
    }
}
