//! What is deployed, remembered so that a start costs no read.

use std::sync::{Arc, PoisonError, RwLock};

use engine::Digest;
use store::{ComponentRecord, Components, StorageError};

use crate::Problem;
use crate::limits::DIGEST_PREFIX_DIGITS_MIN;

type Records = Arc<Vec<ComponentRecord>>;

/// The component records, newest first. Components are never removed, so a remembered one is there; one that is not
/// remembered may have been deployed by another host, so a miss reads the backend again.
pub(crate) struct Catalog {
    components: Arc<dyn Components>,
    remembered: RwLock<Records>,
    /// Held while reading, so that an older list never replaces a newer one.
    refreshing: tokio::sync::Mutex<()>,
}

impl Catalog {
    pub(crate) fn new(components: Arc<dyn Components>) -> Self {
        Self { components, remembered: RwLock::default(), refreshing: tokio::sync::Mutex::default() }
    }

    /// Every component, as the backend has it now.
    pub(crate) async fn refresh(&self) -> Result<Records, StorageError> {
        let _refreshing = self.refreshing.lock().await;
        let records = Arc::new(self.components.components().await?);
        *self.remembered.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&records);
        Ok(records)
    }

    /// The newest component that offers an orchestration.
    pub(crate) async fn offering(&self, name: &str) -> Result<ComponentRecord, Problem> {
        let newest = |records: &Records| records.iter().find(|record| offers(record, name)).cloned();
        if let Some(record) = newest(&self.remembered()) {
            return Ok(record);
        }
        let records = self.refresh().await?;
        newest(&records).ok_or_else(|| {
            let mut deployed: Vec<String> = records.iter().flat_map(|record| record.orchestrations.clone()).collect();
            deployed.sort();
            deployed.dedup();
            Problem::OrchestrationNotFound { name: name.to_owned(), deployed }
        })
    }

    /// The component of a digest, or of the beginning of one.
    pub(crate) async fn component(&self, digest: &str) -> Result<ComponentRecord, Problem> {
        let digest = digest.to_ascii_lowercase();
        let is_hex = digest.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_hex || digest.len() < DIGEST_PREFIX_DIGITS_MIN {
            let problem = format!("\"{digest}\" is not a digest: {DIGEST_PREFIX_DIGITS_MIN} to 64 hex digits");
            return Err(Problem::InvalidRequest(problem));
        }
        if let Ok(exact) = digest.parse::<Digest>()
            && let Some(record) = self.remembered().iter().find(|record| record.digest == exact)
        {
            return Ok(record.clone());
        }
        let records = self.refresh().await?;
        let mut fitting = records.iter().filter(|record| record.digest.to_string().starts_with(&digest));
        match (fitting.next(), fitting.next()) {
            (Some(record), None) => Ok(record.clone()),
            (None, _) => Err(Problem::ComponentNotFound(digest)),
            (Some(_), Some(_)) => Err(Problem::ComponentAmbiguous(digest)),
        }
    }

    /// The component an instance shall run on: the given one if it offers the orchestration, else the newest.
    pub(crate) async fn choose(&self, name: &str, digest: Option<&str>) -> Result<ComponentRecord, Problem> {
        let Some(digest) = digest else { return self.offering(name).await };
        let record = self.component(digest).await?;
        if offers(&record, name) {
            return Ok(record);
        }
        Err(Problem::ComponentLacksOrchestration { digest: record.digest.to_string(), name: name.to_owned() })
    }

    fn remembered(&self) -> Records {
        Arc::clone(&self.remembered.read().unwrap_or_else(PoisonError::into_inner))
    }
}

fn offers(record: &ComponentRecord, name: &str) -> bool {
    record.orchestrations.iter().any(|offered| offered == name)
}
