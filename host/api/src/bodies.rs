//! Bodies of requests on their way here: they have room in memory for what has come, and time as long as more comes.

use std::sync::Arc;

use axum::body::{Body, HttpBody};
use http_body_util::BodyExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::Problem;
use crate::limits::{BODY_PROGRESS_BYTES, BODY_TIMEOUT};

/// Room for bodies of one kind. One that does not come holds what has come of it, and nothing else.
#[derive(Debug)]
pub(crate) struct Bodies {
    room: Arc<Semaphore>,
}

/// A body that is here whole.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) bytes: Vec<u8>,
    /// Its room in memory, which it has as long as it is there.
    room: Option<OwnedSemaphorePermit>,
}

impl Bodies {
    /// Room for `bytes` in all.
    pub(crate) fn new(bytes: usize) -> Self {
        Self { room: Arc::new(Semaphore::new(bytes)) }
    }

    /// The whole body, of at most `limit` bytes.
    pub(crate) async fn receive(&self, mut body: Body, limit: usize) -> Result<Received, Problem> {
        let too_large = Problem::TooLarge { limit };
        if body.size_hint().lower() > limit as u64 {
            return Err(too_large);
        }
        let mut received = Received { bytes: Vec::new(), room: None };
        let mut deadline = Instant::now() + BODY_TIMEOUT;
        let mut progress = 0;
        loop {
            let frame = tokio::time::timeout_at(deadline, body.frame()).await;
            let Some(frame) = frame.map_err(|_| Problem::SlowBody { within: BODY_TIMEOUT })? else {
                return Ok(received);
            };
            let frame = frame.map_err(|error| Problem::InvalidRequest(format!("the body did not arrive: {error}")))?;
            let Ok(data) = frame.into_data() else { continue };
            if data.len() > limit - received.bytes.len() {
                return Err(too_large);
            }
            received.take(&data, &self.room)?;
            progress += data.len();
            if progress >= BODY_PROGRESS_BYTES {
                (deadline, progress) = (Instant::now() + BODY_TIMEOUT, 0);
            }
        }
    }
}

impl Received {
    fn take(&mut self, data: &[u8], room: &Arc<Semaphore>) -> Result<(), Problem> {
        let bytes = u32::try_from(data.len()).map_err(|_| Problem::NoRoom)?;
        // To wait here would mean to hold what has come: many could then wait for each other.
        let more = Arc::clone(room).try_acquire_many_owned(bytes).map_err(|_| Problem::NoRoom)?;
        match &mut self.room {
            Some(room) => room.merge(more),
            none => *none = Some(more),
        }
        self.bytes.extend_from_slice(data);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::body::Bytes;
    use futures_util::stream;

    use super::*;

    /// A body of pieces with a pause before each.
    fn body(piece: usize, count: usize, pause: Duration) -> Body {
        Body::from_stream(stream::unfold(0, move |sent| async move {
            tokio::time::sleep(pause).await;
            (sent < count).then(|| (Ok::<_, std::io::Error>(Bytes::from(vec![b'x'; piece])), sent + 1))
        }))
    }

    fn code(result: Result<Received, Problem>) -> Result<usize, String> {
        result.map(|received| received.bytes.len()).map_err(|problem| problem.document().code)
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_may_come_slowly_but_must_come() {
        let bodies = Bodies::new(10_000_000);
        let slow = body(BODY_PROGRESS_BYTES, 100, BODY_TIMEOUT / 2);
        assert_eq!(code(bodies.receive(slow, 10_000_000).await), Ok(BODY_PROGRESS_BYTES * 100));
        let stalled = body(10, 1_000_000, BODY_TIMEOUT / 2);
        assert_eq!(code(bodies.receive(stalled, 10_000_000).await), Err("slow-body".into()));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_too_large_is_not_taken_in() {
        let bodies = Bodies::new(1_000);
        assert_eq!(code(bodies.receive(Body::from(vec![0; 11]), 10).await), Err("too-large".into()));
        assert_eq!(code(bodies.receive(body(4, 3, Duration::ZERO), 10).await), Err("too-large".into()));
        assert_eq!(code(bodies.receive(body(5, 2, Duration::ZERO), 10).await), Ok(10));
    }

    #[tokio::test(start_paused = true)]
    async fn bodies_share_a_bounded_room_and_give_it_back() {
        let bodies = Bodies::new(10);
        let first = bodies.receive(Body::from("123456"), 10).await.unwrap();
        assert_eq!(code(bodies.receive(Body::from("12345"), 10).await), Err("overloaded".into()));
        assert_eq!(code(bodies.receive(Body::from("1234"), 10).await), Ok(4));
        drop(first);
        assert_eq!(code(bodies.receive(Body::from("1234567890"), 10).await), Ok(10));
    }
}
