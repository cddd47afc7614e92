//! Panics of the host. Each is a bug; none may cost more than what was being done.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use crate::limits::PANICKED_PAUSE;

/// What a panic said.
pub fn panic_text(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without a text")
}

/// Runs a task of a backend that others rely on until it ends by itself. When it panics, it is begun again after a
/// pause: what it remembered is lost, as after a restart, but the host still has such a task.
pub async fn kept_up<F: Future<Output = ()>>(task: &'static str, begin: impl FnMut() -> F) {
    begun_again(task, PANICKED_PAUSE, begin).await;
}

async fn begun_again<F: Future<Output = ()>>(task: &'static str, pause: Duration, mut begin: impl FnMut() -> F) {
    while let Err(what) = caught(begin()).await {
        tracing::error!(task, "a task of the storage panicked: {what}. It begins again; please report this");
        tokio::time::sleep(pause).await;
    }
}

/// What a panic of `run` said.
async fn caught(run: impl Future<Output = ()>) -> Result<(), String> {
    let mut run = pin!(run);
    // Nobody polls it, or sees what it left half done, after a panic.
    poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| run.as_mut().poll(context))) {
        Ok(polled) => polled.map(Ok),
        Err(panic) => Poll::Ready(Err(panic_text(&*panic).to_owned())),
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test]
    async fn a_task_that_panics_begins_again_until_it_ends_by_itself() {
        let begun = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&begun);
        begun_again("test", Duration::ZERO, || {
            let nth = counted.fetch_add(1, Ordering::Relaxed);
            async move {
                tokio::task::yield_now().await;
                assert!(nth >= 2, "the {nth}th time");
            }
        })
        .await;
        assert_eq!(begun.load(Ordering::Relaxed), 3);
    }

    #[test]
    fn a_panic_tells_what_it_said() {
        let text = |panic: Box<dyn Any + Send>| panic_text(&*panic).to_owned();
        assert_eq!(text(Box::new("plain")), "plain");
        assert_eq!(text(Box::new("formatted".to_owned())), "formatted");
        assert_eq!(text(Box::new(1)), "a panic without a text");
    }
}
