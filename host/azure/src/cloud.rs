//! A storage account over the network, through the Azure SDK for Rust (the 0.21 line).
//!
//! The SDK builds, signs and reads requests. What it gets wrong is put right here: it sends through a
//! [`Transport`](transport::Transport) of ours, which keeps connections, has time-outs, and turns every answer that is
//! not a success into a typed failure; and it never repeats a request, as whoever calls knows better what may be
//! repeated.

mod batch;
mod blobs;
mod errors;
mod queues;
mod request;
mod tables;
mod transaction;
mod transport;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use azure_core::auth::Secret;
use azure_core::{ClientOptions, Pipeline, RetryOptions, TransportOptions};
use azure_data_tables::clients::{TableServiceClient, TableServiceClientBuilder};
use azure_storage::{CloudLocation, StorageCredentials};
use azure_storage_blobs::prelude::{BlobServiceClient, ClientBuilder};
use azure_storage_queues::{QueueServiceClient, QueueServiceClientBuilder};

use self::transport::{Proof, Transport};
use crate::account::Credentials;
use crate::{Account, HubName};

/// Targets of `tracing` that must not log more than `info`, whatever a user asks for: at `debug` the SDK prints requests
/// with the signatures made by the account key. (Shared access signatures and tokens it never gets to see.)
pub const QUIET_LOG_TARGETS: &[&str] = &["azure_core"];

/// Time-outs of a connection to an account.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ConnectOptions {
    /// How long to wait for a connection. A request that gets none was not sent.
    pub connect_timeout: Duration,
    /// How long to wait for a whole answer. Longer than the service takes for anything it answers at all: it gives up
    /// by itself after 30 s.
    pub request_timeout: Duration,
    /// How long to keep a connection that is not used: shorter than the service (or an emulator: 5 s) keeps it, or
    /// requests meet a connection that is just being closed.
    pub idle_timeout: Duration,
}

/// A task hub in a storage account. Clones share their connections.
#[derive(Clone)]
pub struct Cloud {
    hub: HubName,
    tables: TableServiceClient,
    queues: QueueServiceClient,
    blobs: BlobServiceClient,
    /// For what the clients cannot do: requests of our own, sent and signed like theirs.
    pipeline: Pipeline,
}

/// No connection can be made to an account; trying again is of no use.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// A token would be sent in clear text.
    #[error("{endpoint} is {address}: with an Entra ID identity or a token it must begin with https")]
    Insecure {
        /// As it is called in a connection string.
        endpoint: &'static str,
        /// What it is.
        address: String,
    },
    /// There is no identity.
    #[error(
        "no Entra ID identity: set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, or run where there is a \
         workload or managed identity, or log in with `az login`; or set AZURE_STORAGE_KEY or AZURE_STORAGE_SAS_TOKEN \
         ({0})"
    )]
    NoIdentity(String),
    /// The HTTP client cannot be set up.
    #[error("the HTTP client cannot be set up: {0}")]
    Client(String),
}

impl Default for ConnectOptions {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(4),
        }
    }
}

/// Prepares access to a task hub. Sends nothing: a wrong key or an account that is not there shows with the first
/// request.
pub fn connect(account: &Account, hub: &HubName, options: &ConnectOptions) -> Result<Cloud, ConnectError> {
    // Tokens and signatures that are secrets by themselves are added by the transport, past all logging of the SDK.
    let (credentials, proof) = match &account.credentials {
        Credentials::Key(key) => {
            (StorageCredentials::access_key(account.name(), Secret::new(key.clone())), Proof::Signed)
        }
        Credentials::Sas(sas) => (StorageCredentials::anonymous(), Proof::Sas(sas.clone())),
        Credentials::Entra => {
            check_https(account)?;
            let credential =
                azure_identity::create_credential().map_err(|error| ConnectError::NoIdentity(error.to_string()))?;
            (StorageCredentials::anonymous(), Proof::Token(credential))
        }
        #[cfg(feature = "test-support")]
        Credentials::Bearer(token) => {
            check_https(account)?;
            (StorageCredentials::anonymous(), Proof::Bearer(token.clone()))
        }
    };
    let transport = Transport::new(options, proof).map_err(ConnectError::Client)?;
    let client_options =
        ClientOptions::default().transport(TransportOptions::new(Arc::new(transport))).retry(RetryOptions::none());
    let location = |uri: &str| CloudLocation::Custom { account: account.name().to_owned(), uri: uri.to_owned() };
    let endpoints = account.endpoints();
    Ok(Cloud {
        hub: hub.clone(),
        tables: TableServiceClientBuilder::with_location(location(&endpoints.table), credentials.clone())
            .client_options(client_options.clone())
            .build(),
        queues: QueueServiceClientBuilder::with_location(location(&endpoints.queue), credentials.clone())
            .client_options(client_options.clone())
            .build(),
        blobs: ClientBuilder::with_location(location(&endpoints.blob), credentials.clone())
            .client_options(client_options.clone())
            .blob_service_client(),
        pipeline: azure_storage::clients::new_pipeline_from_options(client_options, credentials),
    })
}

fn check_https(account: &Account) -> Result<(), ConnectError> {
    for (endpoint, address) in account.endpoints().all() {
        if !address.starts_with("https://") {
            return Err(ConnectError::Insecure { endpoint, address: address.to_owned() });
        }
    }
    Ok(())
}

impl fmt::Debug for Cloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cloud").field("hub", &self.hub).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_need_https_at_every_endpoint() {
        let variable = |name: &str| (name == "AZURE_STORAGE_ACCOUNT").then(|| "mine".to_owned());
        let hub = HubName::new("hub").unwrap();
        connect(&Account::from_env(&variable).unwrap(), &hub, &ConnectOptions::default()).unwrap();

        let account = Account::parse("AccountName=mine;AccountKey=AAAA;QueueEndpoint=http://localhost:10001/mine");
        let account = account.unwrap().with_bearer_token("secret");
        let error = connect(&account, &hub, &ConnectOptions::default()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "QueueEndpoint is http://localhost:10001/mine: with an Entra ID identity or a token it must begin with https"
        );
    }
}
