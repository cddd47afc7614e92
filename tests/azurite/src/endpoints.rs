//! Where the three services listen.

use serde::{Deserialize, Serialize};

/// The account that every emulator has.
pub(crate) const ACCOUNT: &str = "devstoreaccount1";

/// Its key, which is public knowledge.
pub(crate) const KEY: &str = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/// The ports of an emulator, or of a proxy before it. All on the loopback address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoints {
    /// Of the blob service.
    pub blob: u16,
    /// Of the queue service.
    pub queue: u16,
    /// Of the table service.
    pub table: u16,
}

impl Endpoints {
    /// What `AZURE_STORAGE_CONNECTION_STRING` takes.
    pub fn connection_string(&self) -> String {
        let Self { blob, queue, table } = self;
        format!(
            "DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};\
             BlobEndpoint=http://127.0.0.1:{blob}/{ACCOUNT};\
             QueueEndpoint=http://127.0.0.1:{queue}/{ACCOUNT};\
             TableEndpoint=http://127.0.0.1:{table}/{ACCOUNT};"
        )
    }
}

/// A task hub name that nobody else uses: lower-case letters and digits, as tables, queues and containers all take them.
pub fn unique_hub() -> String {
    format!("t{:016x}", fastrand::u64(..))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_connection_string_names_every_service_by_its_port() {
        let text = Endpoints { blob: 1, queue: 2, table: 3 }.connection_string();
        assert!(text.contains("BlobEndpoint=http://127.0.0.1:1/devstoreaccount1;"), "{text}");
        assert!(text.contains("QueueEndpoint=http://127.0.0.1:2/devstoreaccount1;"), "{text}");
        assert!(text.contains("TableEndpoint=http://127.0.0.1:3/devstoreaccount1;"), "{text}");
    }

    #[test]
    fn hub_names_differ_and_are_short() {
        let (one, other) = (unique_hub(), unique_hub());
        assert_ne!(one, other);
        assert_eq!(one.len(), 17);
    }
}
