//! Which task hub in which storage account.

use std::env;
use std::sync::Once;

use anyhow::{Context as _, Result};
use azure::{Account, Cloud, ConnectOptions, HubName};

use crate::endpoint::is_in_the_clear;
use crate::exit::{Exit, Failure};
use crate::output;

/// Shown by `--help` of whatever talks to a storage account.
pub(crate) const HELP: &str = "\
The storage account comes from the environment:
  AZURE_STORAGE_CONNECTION_STRING   as the portal shows it; UseDevelopmentStorage=true is an
                                    emulator on this machine
or
  AZURE_STORAGE_ACCOUNT             its name, with one of
  AZURE_STORAGE_KEY                 an account key
  AZURE_STORAGE_SAS_TOKEN           a shared access signature
                                    and without them an Entra ID identity: AZURE_TENANT_ID with
                                    AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, a workload or managed
                                    identity, or the login of the Azure CLI
  AZURE_STORAGE_ENDPOINT_SUFFIX     of another cloud, instead of core.windows.net";

/// A task hub.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct AzureArgs {
    /// The task hub: 3 to 45 letters and digits, a letter first
    #[arg(long, env = "RONDO_HUB", value_name = "NAME")]
    pub(crate) hub: HubName,
}

impl AzureArgs {
    /// A connection of its own to the hub. Sends nothing yet.
    pub(crate) fn connect(&self) -> Result<Cloud> {
        let variable = |name: &str| env::var(name).ok();
        let usage = |message: String| Failure::new(Exit::Usage, message);
        let account = Account::from_env(&variable).map_err(|error| usage(error.to_string()))?;
        if let Some(address) = account.addresses().into_iter().find(|address| is_in_the_clear(address)) {
            // Once, however many connections there are.
            static SAID: Once = Once::new();
            SAID.call_once(|| {
                output::warn(&format!(
                    "the storage account is reached without encryption at {address}: all data can be read on the way; \
                     use https"
                ));
            });
        }
        azure::connect(&account, &self.hub, &ConnectOptions::default())
            .map_err(|error| usage(error.to_string()))
            .context("connecting to the storage account")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_fits_a_terminal_and_names_each_variable_once() {
        assert!(HELP.lines().all(|line| line.len() <= 100));
        for name in ["CONNECTION_STRING", "ACCOUNT", "KEY", "SAS_TOKEN", "ENDPOINT_SUFFIX"] {
            assert_eq!(HELP.matches(&format!("AZURE_STORAGE_{name} ")).count(), 1, "{name}");
        }
    }
}
