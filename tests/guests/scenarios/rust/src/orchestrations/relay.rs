//! For applications of several languages.

use rondo::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Serialize, Deserialize)]
pub(crate) struct Relay {
    activities: Vec<String>,
    children: Vec<String>,
    event: Option<String>,
    value: String,
}

pub(crate) async fn rust_relay(ctx: Context, relay: Relay) -> Result<String> {
    let Relay { activities, children, event, mut value } = relay;
    for activity in &activities {
        value = ctx.activity(activity, value).await?;
    }
    if let Some(event) = event {
        ctx.event::<Value>(event).await?;
    }
    for child in children {
        let input = Relay { activities: activities.clone(), children: Vec::new(), event: None, value };
        value = ctx.child(child, input).await?;
    }
    Ok(value + "[rust]")
}
