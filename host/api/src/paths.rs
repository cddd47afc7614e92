//! Paths as clients write them, brought into the one form that the router knows.
//!
//! Durable Functions matches the words of a route without regard to case, and has been found under three bases. What a
//! user chose, such as the id of an instance or the name of an event, is left as it is.

use axum::extract::Request;
use axum::http::Uri;
use axum::http::uri::PathAndQuery;

/// Where the Durable Functions calls live.
pub(crate) const BASE: &str = "/runtime/webhooks/durabletask";

/// Where Rondo's own calls live.
pub(crate) const OWN_BASE: &str = "/rondo";

/// Other places where Durable Functions hosts have the same calls: that of out-of-process workers, and that of the
/// first version.
const BASES_ELSEWHERE: [&str; 2] = ["/durabletask", "/admin/extensions/DurableTaskExtension"];

/// Every word of a route.
const WORDS: [&str; 21] = [
    "activate",
    "components",
    "entities",
    "health",
    "history",
    "hub",
    "instances",
    "live",
    "makeprimary",
    "migrate",
    "openapi.json",
    "orchestrators",
    "raiseEvent",
    "ready",
    "restart",
    "resume",
    "rewind",
    "stream",
    "suspend",
    "terminate",
    "wait",
];

/// Rewrites a request's path.
pub(crate) fn canonical<B>(mut request: Request<B>) -> Request<B> {
    if let Some(path) = canonical_path(request.uri().path()) {
        let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
        let mut parts = request.uri().clone().into_parts();
        // Only letters of ASCII have changed their case, so this cannot fail; if it did, the router would say 404.
        if let Ok(path) = PathAndQuery::try_from(format!("{path}{query}")) {
            parts.path_and_query = Some(path);
            if let Ok(uri) = Uri::from_parts(parts) {
                *request.uri_mut() = uri;
            }
        }
    }
    request
}

/// The router's form of a path; none for one outside of both surfaces, and for one that is in that form.
fn canonical_path(path: &str) -> Option<String> {
    let (base, rest) = [BASE, OWN_BASE]
        .into_iter()
        .map(|base| (base, base))
        .chain(BASES_ELSEWHERE.map(|base| (base, BASE)))
        .find_map(|(written, base)| Some((base, after(path, written)?)))?;
    let mut segments: Vec<&str> = rest.split('/').skip(1).collect();
    if segments.len() > 1 && segments.last() == Some(&"") {
        segments.pop();
    }
    // A user chooses the second segment, and the fourth where there is one: the word before it says what it is.
    let is_word = |index: usize| match index {
        0 => true,
        1 => ["health"].iter().any(|word| segments[0].eq_ignore_ascii_case(word)),
        2 => ["instances", "components"].iter().any(|word| segments[0].eq_ignore_ascii_case(word)),
        3 => segments[2].eq_ignore_ascii_case("history"),
        _ => false,
    };
    let mut canonical = base.to_owned();
    for (index, segment) in segments.iter().enumerate() {
        let word = WORDS.iter().find(|word| is_word(index) && word.eq_ignore_ascii_case(segment));
        canonical.push('/');
        canonical.push_str(word.unwrap_or(segment));
    }
    (canonical != path).then_some(canonical)
}

/// What follows a base that a path begins with: nothing, or a slash and more.
fn after<'a>(path: &'a str, base: &str) -> Option<&'a str> {
    let (head, rest) = path.split_at_checked(base.len())?;
    (head.eq_ignore_ascii_case(base) && (rest.is_empty() || rest.starts_with('/'))).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> String {
        canonical_path(text).unwrap_or_else(|| text.to_owned())
    }

    #[test]
    fn route_words_match_in_any_case() {
        assert_eq!(
            path("/Runtime/WebHooks/DurableTask/INSTANCES/a/raiseevent/Go"),
            "/runtime/webhooks/durabletask/instances/a/raiseEvent/Go"
        );
        assert_eq!(path("/Rondo/Instances/a/History/Stream"), "/rondo/instances/a/history/stream");
        assert_eq!(path("/rondo/HEALTH/Ready"), "/rondo/health/ready");
    }

    #[test]
    fn what_users_chose_is_left_alone() {
        for same in [
            "/runtime/webhooks/durabletask/orchestrators/Restart/Terminate",
            "/runtime/webhooks/durabletask/instances/Wait/raiseEvent/Terminate",
            "/rondo/components/ABCDEF",
            "/rondo/instances/Health%2FReady/wait",
        ] {
            assert_eq!(path(same), same);
        }
    }

    #[test]
    fn the_other_bases_of_durable_functions_lead_to_the_same_calls() {
        assert_eq!(path("/durabletask/instances/a"), "/runtime/webhooks/durabletask/instances/a");
        assert_eq!(
            path("/admin/extensions/durabletaskextension/Instances/"),
            "/runtime/webhooks/durabletask/instances"
        );
        assert_eq!(path("/durabletasks/Instances"), "/durabletasks/Instances");
        assert_eq!(path("/nowhere/Instances"), "/nowhere/Instances");
    }

    #[test]
    fn a_slash_at_the_end_means_nothing() {
        assert_eq!(path("/rondo/hub/"), "/rondo/hub");
        assert_eq!(path("/rondo/"), "/rondo/");
        assert_eq!(path("/rondo"), "/rondo");
        assert_eq!(path("/é"), "/é");
    }
}
