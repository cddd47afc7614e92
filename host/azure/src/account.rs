//! Which storage account, and how to prove who asks.

mod connection_string;
mod environment;

use std::fmt;

use azure_core::Url;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The account of every emulator; its key is public knowledge.
const EMULATOR_ACCOUNT: &str = azure_storage::clients::EMULATOR_ACCOUNT;
const EMULATOR_KEY: &str = azure_storage::clients::EMULATOR_ACCOUNT_KEY;

/// A storage account. What it prints has no secrets.
#[derive(Clone)]
pub struct Account {
    name: String,
    endpoints: Endpoints,
    pub(crate) credentials: Credentials,
}

/// Where the services are; without a slash at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoints {
    pub(crate) table: String,
    pub(crate) queue: String,
    pub(crate) blob: String,
}

/// What proves who asks.
#[derive(Clone)]
pub(crate) enum Credentials {
    /// The account key: Base64.
    Key(String),
    /// A shared access signature: a query without its question mark.
    Sas(String),
    /// Entra ID: environment, workload identity, managed identity or Azure CLI, whichever there is.
    Entra,
    /// A bearer token, fixed: for tests against an emulator.
    #[cfg(feature = "test-support")]
    Bearer(String),
}

/// No account can be made of this.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AccountError {
    /// Nothing names an account.
    #[error(
        "no storage account: set AZURE_STORAGE_CONNECTION_STRING, or AZURE_STORAGE_ACCOUNT and one of \
         AZURE_STORAGE_KEY, AZURE_STORAGE_SAS_TOKEN or an Entra ID identity"
    )]
    NoAccount,
    /// A part of a connection string is not `Name=value`.
    #[error("the connection string has a part that is not Name=value (part {part})")]
    NotAPair {
        /// Which one, from 1.
        part: usize,
    },
    /// A name is given twice.
    #[error("{name} is given twice in the connection string")]
    Twice {
        /// The name.
        name: String,
    },
    /// Something is needed that is not there.
    #[error("{missing} is missing: {instead}")]
    Missing {
        /// What.
        missing: &'static str,
        /// What can be given.
        instead: &'static str,
    },
    /// A value is not what it should be.
    #[error("{name} is {problem}")]
    Bad {
        /// Whose value.
        name: &'static str,
        /// What is wrong with it.
        problem: String,
    },
}

impl Account {
    /// An account by its connection string, as the Azure portal gives it, or `UseDevelopmentStorage=true`.
    pub fn parse(connection_string: &str) -> Result<Self, AccountError> {
        connection_string::parse(connection_string)
    }

    /// An account by what is set in the environment: a connection string, or a name and a key, signature or identity.
    /// What is empty counts as not set.
    pub fn from_env(variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, AccountError> {
        environment::read(variable)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where its tables, queues and blobs are.
    pub fn addresses(&self) -> [&str; 3] {
        self.endpoints.all().map(|(_, address)| address)
    }

    pub(crate) fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// The same account, asked with a fixed bearer token: for tests of an emulator that takes one.
    #[cfg(feature = "test-support")]
    #[must_use]
    pub fn with_bearer_token(self, token: &str) -> Self {
        Self { credentials: Credentials::Bearer(token.to_owned()), ..self }
    }

    fn new(name: &str, endpoints: Endpoints, credentials: Credentials) -> Result<Self, AccountError> {
        let name = name.trim().to_owned();
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            return Err(AccountError::Bad { name: "the account name", problem: format!("not a name: {name:?}") });
        }
        match &credentials {
            Credentials::Key(key) if STANDARD.decode(key).is_err() || key.is_empty() => {
                let problem = "not Base64: copy the whole key, with the = at its end".to_owned();
                return Err(AccountError::Bad { name: "the account key", problem });
            }
            Credentials::Sas(sas) if !sas.split('&').any(|pair| pair.starts_with("sig=")) => {
                let problem = "without sig=: copy the whole token".to_owned();
                return Err(AccountError::Bad { name: "the shared access signature", problem });
            }
            _ => {}
        }
        Ok(Self { name, endpoints, credentials })
    }
}

impl Endpoints {
    /// Those of an account in a cloud.
    fn of(protocol: &str, name: &str, suffix: &str) -> Self {
        let endpoint = |service: &str| format!("{protocol}://{name}.{service}.{suffix}");
        Self { table: endpoint("table"), queue: endpoint("queue"), blob: endpoint("blob") }
    }

    /// Each with the name it has in a connection string.
    pub(crate) fn all(&self) -> [(&'static str, &str); 3] {
        let Self { table, queue, blob } = self;
        [("TableEndpoint", table), ("QueueEndpoint", queue), ("BlobEndpoint", blob)]
    }

    /// Slashes at the end are dropped; what is no address is an error.
    fn checked(mut self) -> Result<Self, AccountError> {
        for endpoint in [&mut self.table, &mut self.queue, &mut self.blob] {
            endpoint.truncate(endpoint.trim_end_matches('/').len());
        }
        for (name, endpoint) in self.all() {
            let is_address = Url::parse(endpoint).is_ok_and(|url| {
                matches!(url.scheme(), "http" | "https")
                    && url.has_host()
                    && url.query().is_none()
                    && url.fragment().is_none()
            });
            if !is_address {
                return Err(AccountError::Bad {
                    name,
                    problem: "not an http or https address without a query".to_owned(),
                });
            }
        }
        Ok(self)
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, endpoints, credentials } = self;
        f.debug_struct("Account")
            .field("name", name)
            .field("endpoints", endpoints)
            .field("credentials", credentials)
            .finish()
    }
}

/// Only the kind.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Key(_) => "Key",
            Self::Sas(_) => "Sas",
            Self::Entra => "Entra",
            #[cfg(feature = "test-support")]
            Self::Bearer(_) => "Bearer",
        })
    }
}
