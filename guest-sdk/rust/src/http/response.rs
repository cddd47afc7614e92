//! Responses.

use serde::de::DeserializeOwned;

use super::kind;
use crate::{Error, Result};

/// A complete response.
#[derive(Debug, Clone)]
pub struct Response {
    pub(super) url: String,
    pub(super) status: u16,
    pub(super) headers: Vec<(String, Vec<u8>)>,
    pub(super) body: Vec<u8>,
}

impl Response {
    /// The status code.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Whether the status code is one of success.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// This response if its status is below 400.
    ///
    /// # Errors
    /// Kind `http-status`. A retry policy tries again unless the server said that it was the request's fault: 4xx other
    /// than 408, 425 and 429.
    pub fn error_for_status(self) -> Result<Self> {
        if self.status < 400 {
            return Ok(self);
        }
        let error = Error::new(kind::STATUS, format!("{} answered with status {}", self.url, self.status));
        let is_final = self.status < 500 && ![408, 425, 429].contains(&self.status);
        Err(if is_final { error.non_retriable() } else { error })
    }

    /// The first value of a header, if there is one and it is text. Names are compared without regard to case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(value).ok()
    }

    /// The body.
    pub fn bytes(&self) -> &[u8] {
        &self.body
    }

    /// The body as text.
    ///
    /// # Errors
    /// It is not UTF-8: kind `http-invalid-response`.
    pub fn text(self) -> Result<String> {
        String::from_utf8(self.body).map_err(|error| {
            Error::new(kind::INVALID_RESPONSE, format!("the response of {} is no text: {error}", self.url))
        })
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// It is not the JSON that was expected: kind `http-invalid-response`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.body)
            .map_err(|error| Error::new(kind::INVALID_RESPONSE, format!("the response of {}: {error}", self.url)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(status: u16, body: &str) -> Response {
        Response {
            url: "http://example.org/".to_owned(),
            status,
            headers: vec![("Content-Type".to_owned(), b"text/plain".to_vec())],
            body: body.into(),
        }
    }

    #[test]
    fn the_clients_own_mistakes_are_final_and_the_servers_are_not() {
        assert!(response(204, "").error_for_status().is_ok());
        let is_final = |status| response(status, "").error_for_status().unwrap_err().is_non_retriable();
        assert!(is_final(404));
        assert!(!is_final(429));
        assert!(!is_final(503));
    }

    #[test]
    fn bodies_are_read_as_what_they_should_be_or_not_at_all() {
        assert_eq!(response(200, "[1,2]").json::<Vec<u8>>().unwrap(), [1, 2]);
        assert_eq!(response(200, "[1").json::<Vec<u8>>().unwrap_err().kind(), kind::INVALID_RESPONSE);
        assert_eq!(response(200, "ä").text().unwrap(), "ä");
        assert_eq!(response(200, "").header("content-type"), Some("text/plain"));
    }
}
