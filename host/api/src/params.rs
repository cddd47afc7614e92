//! The query of a request: known names only, each checked where it is read.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::Problem;
use crate::limits::QUERY_BYTES_MAX;

/// Sent by Durable Functions clients on every request. The hub and the key are checked before a handler runs, and a host
/// has one connection.
const EVERYWHERE: [&str; 3] = ["taskHub", "connection", "code"];

/// What the OpenAPI document calls an `int64`.
const NUMBER_MAX: u64 = i64::MAX.unsigned_abs();

/// The pairs of a query. Names match without regard to case, as in Durable Functions.
#[derive(Debug, Clone, Default)]
pub(crate) struct Params(Vec<(String, String)>);

impl Params {
    fn parse(query: &str) -> Result<Self, Problem> {
        if query.len() > QUERY_BYTES_MAX {
            return Err(Problem::InvalidRequest(format!("the query exceeds {QUERY_BYTES_MAX} bytes")));
        }
        Ok(Self(form_urlencoded::parse(query.as_bytes()).into_owned().collect()))
    }

    /// Refuses names that the route does not know, where a misspelled one would change what is done: a filter must not
    /// mean "all", and a time not "now". Calls that do the same to one instance whatever else is said ignore such names,
    /// as Durable Functions does: its clients put texts into queries as they are, and a `&` in a reason makes a name.
    pub(crate) fn only(self, known: &[&str]) -> Result<Self, Problem> {
        let is_known =
            |name: &str| known.iter().chain(&EVERYWHERE).any(|candidate| candidate.eq_ignore_ascii_case(name));
        match self.0.iter().find(|(name, _)| !is_known(name)) {
            None => Ok(self),
            Some((name, _)) if known.is_empty() => {
                Err(Problem::InvalidRequest(format!("query parameter \"{name}\": this request takes none")))
            }
            Some((name, _)) => Err(Problem::InvalidRequest(format!(
                "query parameter \"{name}\": this request takes only {}",
                known.join(", ")
            ))),
        }
    }

    /// Every value of a parameter that may be repeated.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// A parameter's value; none when it is missing or empty.
    pub(crate) fn text(&self, name: &str) -> Result<Option<&str>, Problem> {
        let mut values = self.all(name).filter(|value| !value.is_empty());
        let first = values.next();
        match values.next() {
            None => Ok(first),
            Some(_) => Err(invalid(name, "is given more than once")),
        }
    }

    /// A parameter's value, read by `parse`, whose error says what is wrong with the text.
    pub(crate) fn parsed<T, E: std::fmt::Display>(
        &self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<Option<T>, Problem> {
        self.text(name)?.map(|text| parse(text).map_err(|error| invalid(name, error))).transpose()
    }

    /// A yes or no; none when it is missing.
    pub(crate) fn flag(&self, name: &str) -> Result<Option<bool>, Problem> {
        self.parsed(name, |text| match text {
            _ if text.eq_ignore_ascii_case("true") => Ok(true),
            _ if text.eq_ignore_ascii_case("false") => Ok(false),
            _ => Err(format!("\"{text}\" is neither true nor false")),
        })
    }

    /// A number.
    pub(crate) fn number(&self, name: &str) -> Result<Option<u64>, Problem> {
        let whole = |text: &str| text.parse().ok().filter(|number| *number <= NUMBER_MAX);
        self.parsed(name, |text| whole(text).ok_or_else(|| format!("\"{text}\" is not a whole number")))
    }
}

fn invalid(name: &str, error: impl std::fmt::Display) -> Problem {
    Problem::InvalidRequest(format!("query parameter \"{name}\": {error}"))
}

impl<S: Send + Sync> FromRequestParts<S> for Params {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Self::parse(parts.uri.query().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(query: &str) -> Params {
        Params::parse(query).unwrap()
    }

    #[test]
    fn values_are_decoded_and_names_match_in_any_case() {
        let params = params("Reason=a%20b+c%2B&tag=x:1&tag=y:2");
        assert_eq!(params.text("reason").unwrap(), Some("a b c+"));
        assert_eq!(params.all("tag").collect::<Vec<_>>(), ["x:1", "y:2"]);
    }

    #[test]
    fn an_empty_value_is_none() {
        assert_eq!(params("version=").text("version").unwrap(), None);
    }

    #[test]
    fn unknown_names_are_refused_and_the_known_ones_told() {
        let problem = params("runtimestate=Failed").only(&["runtimeStatus", "top"]).unwrap_err();
        insta::assert_snapshot!(problem, @r#"query parameter "runtimestate": this request takes only runtimeStatus, top"#);
        assert!(params("code=k&taskHub=h&connection=c&TOP=1").only(&["top"]).is_ok());
    }

    #[test]
    fn a_value_that_cannot_be_read_names_its_parameter() {
        insta::assert_snapshot!(params("top=x").number("top").unwrap_err(), @r#"query parameter "top": "x" is not a whole number"#);
        insta::assert_snapshot!(params("held=2").flag("held").unwrap_err(), @r#"query parameter "held": "2" is neither true nor false"#);
        insta::assert_snapshot!(params("top=1&top=2").number("top").unwrap_err(), @r#"query parameter "top": is given more than once"#);
    }
}
