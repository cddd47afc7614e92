//! Requests of a connection on their way to the API, and its answers on their way back.

use std::convert::Infallible;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use api::{ClientAddress, Problem};
use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::response::IntoResponse as _;
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::service::Service;
use hyper::{Request, Response, StatusCode, Version};
use hyper_util::service::TowerToHyperService;

use super::activity::{Activity, Exchange};
use super::peers::Peers;
use crate::limits::ANSWER_PIECE_BYTES_MAX;

/// Answers the requests of one connection.
#[derive(Debug, Clone)]
pub(super) struct Exchanges {
    pub(super) router: Router,
    pub(super) activity: Arc<Activity>,
    pub(super) peers: Arc<Peers>,
    pub(super) peer: IpAddr,
    /// The connection came when there was no room for it: it may ask how the host is, and nothing else.
    pub(super) is_spare: bool,
}

impl Service<Request<Incoming>> for Exchanges {
    type Response = Response<Answer>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Answer>, Infallible>> + Send>>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        let exchange = self.activity.begin(request.version() == Version::HTTP_2);
        let client = self.peers.client(self.peer, request.headers());
        request.extensions_mut().insert(ClientAddress(client));
        let is_refused = self.is_spare && !api::is_health(request.uri().path());
        let router = TowerToHyperService::new(self.router.clone());
        Box::pin(async move {
            let response = if is_refused {
                ([("connection", "close")], Problem::Crowded).into_response()
            } else {
                router.call(request.map(Body::new)).await?
            };
            // On HTTP/1 the header in the answer says the same.
            if is_refused || response.status() == StatusCode::UNAUTHORIZED {
                exchange.is_last();
            }
            Ok(response.map(|body| Answer::new(body, exchange)))
        })
    }
}

/// The body of an answer, in pieces that a client makes progress with even on a slow line.
#[derive(Debug)]
pub(super) struct Answer {
    body: Body,
    /// What is left of the piece that the body gave last.
    rest: Bytes,
    exchange: Exchange,
}

impl Answer {
    fn new(body: Body, exchange: Exchange) -> Self {
        if !body.is_end_stream() {
            exchange.offers();
        }
        Self { body, rest: Bytes::new(), exchange }
    }
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = self.get_mut();
        this.exchange.is_read();
        if this.rest.is_empty() {
            match ready!(Pin::new(&mut this.body).poll_frame(cx)).map(|frame| frame.map(Frame::into_data)) {
                Some(Ok(Ok(data))) => this.rest = data,
                Some(Ok(Err(trailers))) => return Poll::Ready(Some(Ok(trailers))),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
        let piece = this.rest.split_to(this.rest.len().min(ANSWER_PIECE_BYTES_MAX));
        if !this.is_end_stream() {
            this.exchange.offers();
        }
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (body, rest) = (self.body.size_hint(), self.rest.len() as u64);
        let mut hint = SizeHint::new();
        hint.set_lower(body.lower() + rest);
        if let Some(upper) = body.upper() {
            hint.set_upper(upper + rest);
        }
        hint
    }
}
