//! Kinds of requests, and what can become of one.

use super::Counts;
use crate::Error;

macro_rules! kinds {
    ($($kind:ident $name:ident $service:ident,)*) => {
        /// Kinds of requests.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum RequestKind {
            $(#[doc = concat!("See [`Counts::", stringify!($name), "`].")] $kind,)*
        }

        impl RequestKind {
            /// Every kind, in the order of a report.
            pub const ALL: [Self; [$(Self::$kind),*].len()] = [$(Self::$kind),*];

            /// Its name, which never changes.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$kind => stringify!($name),)*
                }
            }

            /// Who answers it.
            pub fn service(self) -> Service {
                match self {
                    $(Self::$kind => Service::$service,)*
                }
            }

            pub(super) fn of(self, counts: &mut Counts) -> &mut u64 {
                match self {
                    $(Self::$kind => &mut counts.$name,)*
                }
            }
        }
    };
}

kinds! {
    TableGet table_get Table,
    TableQuery table_query Table,
    TableInsert table_insert Table,
    TableMerge table_merge Table,
    TableReplace table_replace Table,
    TableDelete table_delete Table,
    Transact transact Table,
    TableCreate table_create Table,
    TableDrop table_drop Table,
    QueuePut queue_put Queue,
    QueueTake queue_take Queue,
    QueueUpdate queue_update Queue,
    QueueDelete queue_delete Queue,
    QueuePeek queue_peek Queue,
    QueueCount queue_count Queue,
    QueueCreate queue_create Queue,
    QueueDrop queue_drop Queue,
    BlobPut blob_put Blob,
    BlobGet blob_get Blob,
    BlobDelete blob_delete Blob,
    BlobList blob_list Blob,
    ContainerCreate container_create Blob,
    ContainerDrop container_drop Blob,
}

/// Who answers a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// Tables.
    Table,
    /// Queues.
    Queue,
    /// Blobs.
    Blob,
}

impl Service {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Table, Self::Queue, Self::Blob];

    /// Its name, which never changes.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Queue => "queue",
            Self::Blob => "blob",
        }
    }
}

/// What can become of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestOutcome {
    /// Done, or answered.
    Ok,
    /// Answered: there is nothing to take. Polling a queue that nobody fills ends like this.
    Empty,
    /// Not done, because something is there already or was changed by somebody else.
    Conflict,
    /// Not done, because what it is about is not there.
    NotFound,
    /// Not done: the service is busy.
    Throttled,
    /// It never reached the service.
    Unreachable,
    /// Sent, and it is not known what became of it.
    Unknown,
    /// Refused, now and always.
    Refused,
    /// Nobody waited for the answer any more.
    Canceled,
}

impl RequestOutcome {
    /// Every one, in the order of a report.
    pub const ALL: [Self; 9] = [
        Self::Ok,
        Self::Empty,
        Self::Conflict,
        Self::NotFound,
        Self::Throttled,
        Self::Unreachable,
        Self::Unknown,
        Self::Refused,
        Self::Canceled,
    ];

    /// Its name, which never changes.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Empty => "empty",
            Self::Conflict => "conflict",
            Self::NotFound => "not_found",
            Self::Throttled => "throttled",
            Self::Unreachable => "unreachable",
            Self::Unknown => "unknown",
            Self::Refused => "refused",
            Self::Canceled => "canceled",
        }
    }

    pub(super) fn of(error: &Error) -> Self {
        match error {
            Error::Exists | Error::Changed => Self::Conflict,
            Error::NotFound => Self::NotFound,
            Error::Throttled { .. } => Self::Throttled,
            Error::Unreachable(_) => Self::Unreachable,
            Error::Ambiguous(_) => Self::Unknown,
            Error::Refused(_) => Self::Refused,
        }
    }
}
