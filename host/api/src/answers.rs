//! Large answers: together they have a bounded room in memory, whoever is slow to read them.
//!
//! How large an answer becomes is known only once it was read from the storage. So the room for the largest is taken
//! first, and what turns out not to be needed is given back before anything is sent.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use http_body::{Frame, SizeHint};
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::Problem;
use crate::limits::{
    ANSWER_PIECE_BYTES, ANSWER_ROOM_TIMEOUT, ANSWERS_BYTES_MAX, LOOKS_AT_ONCE_MAX, SMALL_ANSWER_BYTES_MAX,
};

/// All answers on their way.
#[derive(Debug)]
pub(crate) struct Answers {
    room: Arc<Semaphore>,
    looks: Semaphore,
}

/// Room for one answer.
#[derive(Debug)]
pub(crate) struct Room(OwnedSemaphorePermit);

impl Default for Answers {
    fn default() -> Self {
        Self { room: Arc::new(Semaphore::new(ANSWERS_BYTES_MAX)), looks: Semaphore::new(LOOKS_AT_ONCE_MAX) }
    }
}

impl Answers {
    /// Room for an answer of at most so many bytes, waiting until others are read.
    pub(crate) async fn room(&self, bytes: usize) -> Result<Room, Problem> {
        let bytes = u32::try_from(bytes.min(ANSWERS_BYTES_MAX)).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.room).acquire_many_owned(bytes);
        // The semaphore is never closed.
        let room = tokio::time::timeout(ANSWER_ROOM_TIMEOUT, room).await.ok().and_then(Result::ok);
        room.map(Room).ok_or(Problem::NoRoom)
    }

    /// An answer that nearly always is small. Only so many are looked at together before it is known how large they are.
    pub(crate) async fn json<T>(
        &self,
        look: impl Future<Output = Result<(T, Vec<u8>), Problem>>,
    ) -> Result<(T, Response), Problem> {
        let _looking = self.looks.acquire().await.map_err(|error| Problem::Internal(error.to_string()))?;
        let (seen, json) = look.await?;
        let needed = if json.len() > SMALL_ANSWER_BYTES_MAX { json.len() } else { 0 };
        let room = self.room(needed).await?;
        Ok((seen, room.json(json)))
    }
}

impl Room {
    /// An answer of JSON, which has its room until the last of it was taken.
    pub(crate) fn json(self, json: Vec<u8>) -> Response {
        self.holding(json, "application/json")
    }

    /// The same, of any type.
    pub(crate) fn holding(self, bytes: Vec<u8>, content_type: &'static str) -> Response {
        let body = Body::new(Held { room: self.only(bytes.len()), rest: Bytes::from(bytes) });
        ([(header::CONTENT_TYPE, content_type)], body).into_response()
    }

    /// With what is not needed given back. Small answers need nothing: there are as many as connections.
    fn only(self, bytes: usize) -> Option<Self> {
        let Self(mut room) = self;
        drop(room.split(room.num_permits().saturating_sub(bytes)));
        (bytes > SMALL_ANSWER_BYTES_MAX).then_some(Self(room))
    }

    /// With more, if that is to be had at once. To wait with what one has could mean to wait for each other.
    pub(crate) fn grow(&mut self, answers: &Answers, bytes: usize) -> bool {
        let more = u32::try_from(bytes.saturating_sub(self.0.num_permits())).unwrap_or(u32::MAX);
        match Arc::clone(&answers.room).try_acquire_many_owned(more) {
            Ok(more) => {
                self.0.merge(more);
                true
            }
            Err(_) => false,
        }
    }
}

/// An answer as JSON.
pub(crate) fn to_json(answer: &impl Serialize) -> Result<Vec<u8>, Problem> {
    serde_json::to_vec(answer).map_err(|error| Problem::Internal(error.to_string()))
}

/// What is left of an answer, and its room.
#[derive(Debug)]
struct Held {
    rest: Bytes,
    room: Option<Room>,
}

impl HttpBody for Held {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.rest.is_empty() {
            self.room = None;
            return Poll::Ready(None);
        }
        let length = self.rest.len().min(ANSWER_PIECE_BYTES);
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(length)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn answers_have_their_room_until_they_are_read() {
        let answers = Answers::default();
        let large = answers.room(ANSWERS_BYTES_MAX).await.unwrap();
        let large = large.json(vec![b' '; ANSWERS_BYTES_MAX / 2 + 1]);
        assert_eq!(answers.room(ANSWERS_BYTES_MAX / 2).await.unwrap_err().document().code, "overloaded");
        assert!(answers.room(ANSWERS_BYTES_MAX / 2 - 1).await.is_ok(), "what it did not need is given back");
        let mut body = large.into_body();
        let mut read = 0;
        while read < ANSWERS_BYTES_MAX / 2 {
            assert!(answers.room(ANSWERS_BYTES_MAX / 2).await.is_err(), "{read}");
            let frame = body.frame().await.unwrap().unwrap().into_data().unwrap();
            assert!(frame.len() <= ANSWER_PIECE_BYTES);
            read += frame.len();
            if read + 2 * ANSWER_PIECE_BYTES < ANSWERS_BYTES_MAX / 2 {
                // The middle is like the beginning.
                while read + 2 * ANSWER_PIECE_BYTES < ANSWERS_BYTES_MAX / 2 {
                    read += body.frame().await.unwrap().unwrap().into_data().unwrap().len();
                }
            }
        }
        drop(body);
        assert!(answers.room(ANSWERS_BYTES_MAX).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn small_answers_wait_for_nobody() {
        let answers = Answers::default();
        let _all = answers.room(ANSWERS_BYTES_MAX - SMALL_ANSWER_BYTES_MAX).await.unwrap();
        let small: Vec<_> = futures_util::future::join_all(
            (0..1_000).map(|_| answers.json(async { Ok(((), vec![b' '; SMALL_ANSWER_BYTES_MAX])) })),
        )
        .await;
        assert!(small.iter().all(Result::is_ok));
        assert!(answers.json(async { Ok(((), vec![b' '; SMALL_ANSWER_BYTES_MAX + 1])) }).await.is_err());
    }
}
