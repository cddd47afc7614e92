//! Replies of a service in trouble.

use std::time::Duration;

use bytes::Bytes;
use http::{Response, StatusCode};
use http_body_util::Full;

use super::Service;

/// How to refuse a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// 503 `ServerBusy`: what Azure Storage says when an account is over its limits.
    ServerBusy,
    /// 429 `TooManyRequests`.
    TooManyRequests,
    /// 500 `InternalError`.
    InternalError,
}

impl Refusal {
    pub(super) fn status(self) -> StatusCode {
        match self {
            Self::ServerBusy => StatusCode::SERVICE_UNAVAILABLE,
            Self::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            Self::InternalError => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn code(self) -> &'static str {
        match self {
            Self::ServerBusy => "ServerBusy",
            Self::TooManyRequests => "TooManyRequests",
            Self::InternalError => "InternalError",
        }
    }

    /// The reply, in the format of the service.
    pub(super) fn reply(self, service: Service, retry_after: Option<Duration>) -> Response<Full<Bytes>> {
        let code = self.code();
        let (content_type, body) = match service {
            Service::Table => (
                "application/json",
                format!(
                    r#"{{"odata.error":{{"code":"{code}","message":{{"lang":"en-US","value":"Refused by a test."}}}}}}"#
                ),
            ),
            Service::Blob | Service::Queue => (
                "application/xml",
                format!(
                    r#"<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code><Message>Refused by a test.</Message></Error>"#
                ),
            ),
        };
        let mut reply = Response::builder()
            .status(self.status())
            .header("content-type", content_type)
            .header("x-ms-error-code", code);
        if let Some(wait) = retry_after {
            reply = reply.header("retry-after", wait.as_secs());
        }
        reply.body(Full::new(Bytes::from(body))).expect("status and headers are valid")
    }
}
