//! The emulator as tests hold it.

use std::process::Child;
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::Endpoints;
use crate::process::{self, Lease};

/// A running emulator of Azure Storage: in memory, strict, on ports of its own.
#[derive(Debug)]
pub struct Azurite {
    endpoints: Endpoints,
    /// Killed with this value; none if it is shared.
    child: Option<Child>,
    /// Held, not used: the emulator ends when nobody holds one.
    _lease: Lease,
}

impl Azurite {
    /// Starts one for the caller alone, in 3 seconds as a rule. It ends with this value, and also if this process is
    /// killed. Blocks; most tests want [`shared`](crate::shared).
    ///
    /// # Errors
    /// It is not installed and cannot be, or it does not start within a minute; the message shows its output.
    pub fn start() -> Result<Self> {
        let log = tempfile::tempfile().context("making the emulator's log")?;
        let (child, address, lease) = process::spawn(&log, Duration::ZERO, false)?;
        Ok(Self { endpoints: address.endpoints, child: Some(child), _lease: lease })
    }

    /// One that others use too.
    pub(crate) fn leased(endpoints: Endpoints, lease: Lease) -> Self {
        Self { endpoints, child: None, _lease: lease }
    }

    /// Where its services listen.
    pub fn endpoints(&self) -> Endpoints {
        self.endpoints
    }

    /// What `AZURE_STORAGE_CONNECTION_STRING` takes.
    pub fn connection_string(&self) -> String {
        self.endpoints.connection_string()
    }

    /// The process, if it is the caller's alone.
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// The port of the blob service.
    pub fn blob_port(&self) -> u16 {
        self.endpoints.blob
    }

    /// The port of the queue service.
    pub fn queue_port(&self) -> u16 {
        self.endpoints.queue
    }

    /// The port of the table service.
    pub fn table_port(&self) -> u16 {
        self.endpoints.table
    }
}

impl Drop for Azurite {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // It may have ended already, which is as good.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
