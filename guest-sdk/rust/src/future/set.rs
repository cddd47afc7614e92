//! Any number of futures at once.
//!
//! Every future has a waker of its own, so that one result among ten thousand costs one poll and not ten thousand.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// Waits for all and returns their results in order.
///
/// All futures are polled at once, so that all that they call is scheduled in the same turn.
///
/// ```
/// # use rondo::prelude::*;
/// # async fn f(ctx: Context, images: Vec<String>) -> Result<()> {
/// let sizes: Vec<Result<u64>> = join_all(images.iter().map(|image| ctx.activity("resize", image))).await;
/// # Ok(()) }
/// ```
pub async fn join_all<I>(futures: I) -> Vec<<I::Item as Future>::Output>
where
    I: IntoIterator<Item: Future>,
{
    let mut set = Set::new(futures);
    let mut outputs: Vec<_> = set.members.iter().map(|_| None).collect();
    poll_fn(|cx| {
        set.poll(cx, |index, output| {
            outputs[index] = Some(output);
            None::<()>
        })
    })
    .await;
    outputs.into_iter().flatten().collect()
}

/// Waits for all, or for the first failure, which drops the others and so cancels what they wait for.
///
/// # Errors
/// The first failure; of several in one turn, that of the future given first.
pub async fn try_join_all<I, T, E>(futures: I) -> Result<Vec<T>, E>
where
    I: IntoIterator<Item: Future<Output = Result<T, E>>>,
{
    let mut set = Set::new(futures);
    let mut outputs: Vec<_> = set.members.iter().map(|_| None).collect();
    let failed = poll_fn(|cx| {
        set.poll(cx, |index, output| match output {
            Ok(output) => {
                outputs[index] = Some(output);
                None
            }
            Err(error) => Some(error),
        })
    });
    match failed.await {
        Some(error) => Err(error),
        None => Ok(outputs.into_iter().flatten().collect()),
    }
}

/// Waits for the first of several futures and drops the others, which cancels what they wait for.
///
/// Returns its index and its result; of several in one turn, those of the future given first.
/// With no futures at all it never ends.
pub async fn race<I>(futures: I) -> (usize, <I::Item as Future>::Output)
where
    I: IntoIterator<Item: Future>,
{
    let mut set = Set::new(futures);
    poll_fn(|cx| match set.poll(cx, |index, output| Some((index, output))) {
        Poll::Ready(Some(first)) => Poll::Ready(first),
        Poll::Ready(None) | Poll::Pending => Poll::Pending,
    })
    .await
}

struct Set<F> {
    /// None once it is done.
    members: Vec<Option<(Pin<Box<F>>, Waker)>>,
    pending: usize,
    ready: Arc<Ready>,
}

/// Who wants to be polled.
#[derive(Default)]
struct Ready {
    indexes: Mutex<Vec<usize>>,
    parent: Mutex<Option<Waker>>,
}

struct Member {
    index: usize,
    ready: Arc<Ready>,
}

impl Wake for Member {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        lock(&self.ready.indexes).push(self.index);
        let parent = lock(&self.ready.parent).clone();
        if let Some(parent) = parent {
            parent.wake();
        }
    }
}

impl<F: Future> Set<F> {
    fn new(futures: impl IntoIterator<Item = F>) -> Self {
        let ready = Arc::new(Ready::default());
        let member = |(index, future)| {
            let waker = Waker::from(Arc::new(Member { index, ready: Arc::clone(&ready) }));
            Some((Box::pin(future), waker))
        };
        let members: Vec<_> = futures.into_iter().enumerate().map(member).collect();
        *lock(&ready.indexes) = (0..members.len()).collect();
        Self { pending: members.len(), members, ready }
    }

    /// Polls those that want to be, in order. Ends with what `done` wants to end with, or with none after all.
    fn poll<T>(&mut self, cx: &Context<'_>, mut done: impl FnMut(usize, F::Output) -> Option<T>) -> Poll<Option<T>> {
        *lock(&self.ready.parent) = Some(cx.waker().clone());
        loop {
            let mut indexes = std::mem::take(&mut *lock(&self.ready.indexes));
            if indexes.is_empty() {
                return if self.pending == 0 { Poll::Ready(None) } else { Poll::Pending };
            }
            indexes.sort_unstable();
            indexes.dedup();
            for index in indexes {
                let Some((future, waker)) = &mut self.members[index] else { continue };
                if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(waker)) {
                    self.members[index] = None;
                    self.pending -= 1;
                    if let Some(end) = done(index, output) {
                        return Poll::Ready(Some(end));
                    }
                }
            }
        }
    }
}

/// Guests have one thread; the lock is there because wakers must be `Sync`.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
