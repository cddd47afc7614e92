//! Paths as clients write them, brought into the one form that the router knows.
//!
//! Durable Functions matches the words of a route without regard to case, and has been found under three bases. What a
//! user chose, such as the id of an instance or the name of an event, is left as it is.

use axum::extract::Request;
use axum::http::uri::PathAndQuery;
use axum::http::{Method, Uri};

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

/// The word before an instance's id.
const INSTANCES: &str = "instances";

/// What is done to one instance; the words that may stand behind its id in a call of Durable Functions without more.
const ACTIONS: [&str; 5] = ["restart", "resume", "rewind", "suspend", "terminate"];

/// What clients put behind an address of `instances` that they were given, as `&name=value`.
const PUT_BEHIND_ADDRESSES: [&str; 12] = [
    "code",
    "connection",
    "createdTimeFrom",
    "createdTimeTo",
    "instanceIdPrefix",
    "returnInternalServerErrorOnFailure",
    "runtimeStatus",
    "showHistory",
    "showHistoryOutput",
    "showInput",
    "taskHub",
    "top",
];

/// Rewrites a request's path.
pub(crate) fn canonical<B>(mut request: Request<B>) -> Request<B> {
    let uri = request.uri();
    let (written, query) = match (uri.query(), without_query(request.method(), uri.path())) {
        (None, Some((path, query))) => (path, Some(query)),
        (query, _) => (uri.path(), query),
    };
    let path = canonical_path(written).unwrap_or_else(|| written.to_owned());
    if path != uri.path() {
        let query = query.map(|query| format!("?{query}")).unwrap_or_default();
        let mut parts = uri.clone().into_parts();
        // Letters of ASCII have changed their case, and a `&` may have become a `?`, so this cannot fail; if it did, the
        // router would say 404.
        if let Ok(path) = PathAndQuery::try_from(format!("{path}{query}")) {
            parts.path_and_query = Some(path);
            if let Ok(uri) = Uri::from_parts(parts) {
                *request.uri_mut() = uri;
            }
        }
    }
    request
}

/// Takes apart a path that has its query behind a `&`, because a client put it behind an address without a `?`. None
/// where the `&` may be a part of what the path names.
///
/// Behind a word of a route it cannot be. In an instance's id it can, though addresses in answers never show one there;
/// a look at another instance than was meant does no harm, and anything else could.
fn without_query<'a>(method: &Method, path: &'a str) -> Option<(&'a str, &'a str)> {
    let start = path.rfind('/')? + 1;
    let last = &path[start..];
    let before = durable_segments(&path[..start])?;
    let at = last.find('&')?;
    let head = &last[..at];
    let at = match before[..] {
        [] if head.eq_ignore_ascii_case(INSTANCES) => at,
        [first, _] if first.eq_ignore_ascii_case(INSTANCES) && is_one_of(&ACTIONS, head) => at,
        [first] if first.eq_ignore_ascii_case(INSTANCES) && method.is_safe() => parameters_in(last)?,
        _ => return None,
    };
    Some((&path[..start + at], &path[start + at + 1..]))
}

/// Where in an id begins what looks like parameters.
fn parameters_in(id: &str) -> Option<usize> {
    let begins = |rest: &str| rest.split_once('=').is_some_and(|(name, _)| is_one_of(&PUT_BEHIND_ADDRESSES, name));
    id.match_indices('&').map(|(at, _)| at).find(|at| begins(&id[at + 1..]))
}

/// Whether the last part of a path holds what looks like parameters: what is about to be done may not be what was meant.
pub(crate) fn looks_like_parameters(path: &str) -> bool {
    path.rsplit('/').next().is_some_and(|last| parameters_in(last).is_some())
}

fn is_one_of(words: &[&str], word: &str) -> bool {
    words.iter().any(|candidate| candidate.eq_ignore_ascii_case(word))
}

/// The parts of a path below one of the bases of Durable Functions.
fn durable_segments(path: &str) -> Option<Vec<&str>> {
    let rest = [BASE].into_iter().chain(BASES_ELSEWHERE).find_map(|base| after(path, base))?;
    Some(rest.split('/').filter(|segment| !segment.is_empty()).collect())
}

/// The router's form of a path; none for one outside of both surfaces, and for one that is in that form.
pub(crate) fn canonical_path(path: &str) -> Option<String> {
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

    fn uri(method: &Method, text: &str) -> String {
        let request = Request::builder().method(method).uri(text).body(()).unwrap();
        canonical(request).uri().to_string()
    }

    #[test]
    fn a_query_behind_an_address_without_one_is_still_a_query() {
        for (method, written, meant) in [
            (Method::GET, "/instances/a&showHistory=true&code=k", "/instances/a?showHistory=true&code=k"),
            (Method::GET, "/Instances/a&b&SHOWinput=false", "/instances/a&b?SHOWinput=false"),
            (Method::HEAD, "/instances/&createdTimeFrom=x", "/instances?createdTimeFrom=x"),
            (Method::GET, "/INSTANCES&top=1", "/instances?top=1"),
            (Method::DELETE, "/instances&createdTimeFrom=x", "/instances?createdTimeFrom=x"),
            (Method::POST, "/instances/a&top=1/terminate&reason=x", "/instances/a&top=1/terminate?reason=x"),
            (Method::POST, "/instances/a/Rewind&taskHub=h", "/instances/a/rewind?taskHub=h"),
        ] {
            for base in [BASE, "/durabletask"] {
                assert_eq!(uri(&method, &format!("{base}{written}")), format!("{BASE}{meant}"), "{method}");
            }
        }
    }

    #[test]
    fn what_may_be_a_part_of_a_name_stays_one() {
        for (method, same) in [
            (Method::GET, "/instances/a&b=c"),
            (Method::GET, "/instances/a%26showHistory=true"),
            (Method::GET, "/instances/a&showHistory=true?code=k"),
            (Method::GET, "/orchestrators/a&top=1"),
            (Method::DELETE, "/instances/a&code=k"),
            (Method::DELETE, "/instances/&createdTimeFrom=2020-01-01"),
            (Method::POST, "/instances/a/raiseEvent/go&code=k"),
            (Method::POST, "/orchestrators/order/a&code=k"),
        ] {
            assert_eq!(uri(&method, &format!("{BASE}{same}")), format!("{BASE}{same}"), "{method}");
        }
        assert_eq!(uri(&Method::GET, "/rondo/instances/a&top=1"), "/rondo/instances/a&top=1");
    }

    #[test]
    fn a_slash_at_the_end_means_nothing() {
        assert_eq!(path("/rondo/hub/"), "/rondo/hub");
        assert_eq!(path("/rondo/"), "/rondo/");
        assert_eq!(path("/rondo"), "/rondo");
        assert_eq!(path("/é"), "/é");
    }
}
