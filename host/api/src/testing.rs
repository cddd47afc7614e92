//! What the tests of this crate share.

use std::collections::BTreeMap;

use engine::{ExecutionId, InstanceId, InstanceState, RuntimeStatus, Timestamp};
use store::InstanceRow;

/// A row with nothing optional in it.
pub(crate) fn row(id: &str, status: RuntimeStatus) -> InstanceRow {
    InstanceRow {
        state: InstanceState {
            instance_id: InstanceId::new(id).unwrap(),
            execution_id: ExecutionId::from_bytes([1; 16]),
            name: "order".into(),
            version: None,
            status,
            input: None,
            output: None,
            failure: None,
            custom_status: None,
            tags: BTreeMap::new(),
            parent: None,
            created_at: Timestamp::from_millis(1_200),
            updated_at: Timestamp::from_millis(2_700),
            completed_at: None,
            scheduled_start: None,
            component: None,
            generation: 0,
            first_execution: None,
        },
        held: None,
        last_event: None,
        revision: 1,
        wake_at: None,
    }
}
