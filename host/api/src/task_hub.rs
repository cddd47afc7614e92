//! The name of the task hub that a server serves, and the refusal of requests that name another one.
//!
//! Clients of Durable Functions name the hub in every request, and their hosts open whatever hub that is. A server here
//! has one. It must not do in its own hub what was meant for another one: a purge would delete other people's instances.

use std::borrow::Cow;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

use crate::Problem;

/// The query parameter that names a hub.
pub(crate) const PARAMETER: &str = "taskHub";

/// A hub's name. Names match without regard to case, as in Azure Storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskHub(Arc<str>);

impl TaskHub {
    /// The name of a hub whose operator gave it none.
    pub const DEFAULT: &str = "rondo";

    /// A hub of this name.
    pub fn new(name: &str) -> Self {
        Self(name.into())
    }

    /// Its name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Refuses a query that names another hub. An empty name is none, as for every parameter.
    fn check(&self, query: &str) -> Result<(), Problem> {
        let names_another = |(name, value): &(Cow<'_, str>, Cow<'_, str>)| {
            name.eq_ignore_ascii_case(PARAMETER) && !value.is_empty() && !value.eq_ignore_ascii_case(&self.0)
        };
        match form_urlencoded::parse(query.as_bytes()).find(names_another) {
            None => Ok(()),
            Some((_, asked)) => Err(Problem::OtherTaskHub { asked: asked.into_owned(), served: self.0.to_string() }),
        }
    }
}

impl Default for TaskHub {
    fn default() -> Self {
        Self::new(Self::DEFAULT)
    }
}

/// Lets a request pass that names this hub or none.
pub(crate) async fn only_this_hub(
    State(hub): State<TaskHub>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    hub.check(request.uri().query().unwrap_or_default())?;
    Ok(next.run(request).await)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_served(query: &str) -> bool {
        TaskHub::new("Shop1").check(query).is_ok()
    }

    #[test]
    fn this_hub_in_any_case_and_no_hub_are_served() {
        for query in ["", "taskHub=Shop1", "TASKHUB=sHOP1&code=k", "taskHub=", "a=b&connection=c"] {
            assert!(is_served(query), "{query}");
        }
    }

    #[test]
    fn another_hub_is_not_served_wherever_it_is_named() {
        for query in ["taskHub=Shop2", "taskhub=shop", "a=b&taskHub=x", "taskHub=Shop1&taskHub=Shop2", "taskHub=%20"] {
            assert!(!is_served(query), "{query}");
        }
    }
}
