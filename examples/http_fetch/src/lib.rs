//! HTTP: an activity fetches a web page, if the deployment allows the host.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may panic"))]

use rondo::http;
use rondo::prelude::*;
use serde::{Deserialize, Serialize};

/// What to fetch.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Request {
    /// Beginning with `http://` or `https://`.
    pub url: String,
}

/// What was found there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Page {
    /// The status code.
    pub status: u16,
    /// The media type, without parameters.
    pub media_type: String,
    /// How many words.
    pub words: usize,
    /// The beginning of the text.
    pub excerpt: String,
}

async fn summarize(ctx: Context, request: Request) -> Result<Page> {
    // A server that is down for a moment is asked again; one that is not allowed is not.
    let patient = Retry::attempts(5).first_interval(millis(200)).backoff(2.0).timeout(minutes(5));
    ctx.call(fetch, &request).retry(patient).await
}

async fn fetch(ctx: ActivityContext, request: Request) -> Result<Page> {
    let response = http::get(request.url)
        .header("accept", "text/*")
        .header("idempotency-key", ctx.idempotency_key())
        .timeout(secs(10))
        .send()?
        .error_for_status()?;
    let status = response.status();
    let media_type = response.header("content-type").and_then(|value| value.split(';').next());
    let media_type = media_type.unwrap_or("unknown").trim().to_owned();
    let text = response.text()?;
    Ok(Page { status, media_type, words: text.split_whitespace().count(), excerpt: text.chars().take(40).collect() })
}

rondo::export! {
    orchestrations: [
        /// Fetches a page and says what is on it.
        summarize,
    ],
    activities: [
        /// Fetches a page.
        fetch,
    ],
}

#[cfg(test)]
mod tests {
    use rondo::testing::Harness;

    use super::*;

    fn a_request() -> Request {
        Request { url: "http://example.org/".to_owned() }
    }

    #[test]
    fn a_server_that_is_down_for_a_moment_is_asked_again() {
        let page = Page { status: 200, media_type: "text/plain".to_owned(), words: 1, excerpt: "hi".to_owned() };
        let (answer, mut attempts) = (page.clone(), 0);
        let run = Harness::new(application())
            .activity("fetch", move |_: Request| {
                attempts += 1;
                if attempts < 3 { Err(Error::new(http::kind::UNREACHABLE, "down")) } else { Ok(answer.clone()) }
            })
            .run::<Page>("summarize", a_request());
        assert_eq!(run.result().unwrap(), &page);
        assert_eq!(run.elapsed(), millis(200 + 400));
    }

    #[test]
    fn what_is_no_url_is_not_tried_again() {
        let run = Harness::new(application()).run::<Page>("summarize", Request { url: "example.org".to_owned() });
        assert_eq!(run.result().unwrap_err().kind(), http::kind::INVALID_URL);
        assert_eq!(run.elapsed(), millis(0));
    }

    #[test]
    fn a_test_reaches_no_network() {
        let run = Harness::new(application()).run::<Page>("summarize", a_request());
        assert_eq!(run.result().unwrap_err().kind(), http::kind::UNAVAILABLE);
    }
}
