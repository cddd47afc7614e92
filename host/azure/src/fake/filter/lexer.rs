//! The words and literals of a filter.

use std::cmp::Ordering;

use crate::Value;
use crate::datetime;

/// A piece of a filter.
#[derive(Debug, PartialEq)]
pub(super) enum Token {
    Open,
    Close,
    /// A property, an operator, or what joins comparisons.
    Word(String),
    Literal(Literal),
}

/// A value to compare with.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::fake) enum Literal {
    Text(String),
    Whole(i64),
    Real(f64),
    Bool(bool),
    /// Milliseconds since the Unix epoch.
    Time(u64),
    Guid(String),
    Binary(Vec<u8>),
}

impl Literal {
    /// How a text property compares with this.
    pub(super) fn compare_text(&self, text: &str) -> Option<Ordering> {
        match self {
            Self::Text(literal) => Some(text.cmp(literal)),
            _ => None,
        }
    }

    /// How a property compares with this; none if the types differ.
    #[expect(clippy::cast_precision_loss, reason = "as the service compares whole with real numbers")]
    pub(super) fn compare(&self, value: &Value) -> Option<Ordering> {
        Some(match (value, self) {
            (Value::Text(value), literal) => return literal.compare_text(value),
            (Value::Int(value), Self::Whole(literal)) => i64::from(*value).cmp(literal),
            (Value::Long(value), Self::Whole(literal)) => value.cmp(literal),
            (Value::Int(value), Self::Real(literal)) => f64::from(*value).partial_cmp(literal)?,
            (Value::Long(value), Self::Real(literal)) => (*value as f64).partial_cmp(literal)?,
            (Value::Double(value), Self::Real(literal)) => value.partial_cmp(literal)?,
            (Value::Double(value), Self::Whole(literal)) => value.partial_cmp(&(*literal as f64))?,
            (Value::Bool(value), Self::Bool(literal)) => value.cmp(literal),
            (Value::Time(value), Self::Time(literal)) => value.cmp(literal),
            (Value::Guid(value), Self::Guid(literal)) => value.cmp(literal),
            (Value::Binary(value), Self::Binary(literal)) => value.cmp(literal),
            _ => return None,
        })
    }
}

/// Splits a filter.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let token = match first {
            '(' => {
                rest = &rest[1..];
                Token::Open
            }
            ')' => {
                rest = &rest[1..];
                Token::Close
            }
            '\'' => Token::Literal(Literal::Text(quoted(&mut rest)?)),
            _ => {
                let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '\'')).unwrap_or(rest.len());
                let word = &rest[..end];
                rest = &rest[end..];
                if rest.starts_with('\'') { Token::Literal(typed(word, &quoted(&mut rest)?)?) } else { bare(word)? }
            }
        };
        tokens.push(token);
        rest = rest.trim_start();
    }
    Ok(tokens)
}

/// Takes a text in quotes; a quote in it is doubled.
fn quoted(rest: &mut &str) -> Result<String, String> {
    let mut text = String::new();
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c != '\'' {
            text.push(c);
        } else if chars.next_if(|(_, next)| *next == '\'').is_some() {
            text.push('\'');
        } else {
            *rest = &rest[at + 1..];
            return Ok(text);
        }
    }
    Err("a text is not closed".to_owned())
}

/// A literal such as `datetime'…'`.
fn typed(prefix: &str, text: &str) -> Result<Literal, String> {
    let literal = match prefix {
        "datetime" => datetime::parse(text).map(Literal::Time),
        "guid" => Some(Literal::Guid(text.to_ascii_lowercase())),
        "X" | "binary" => hex(text).map(Literal::Binary),
        _ => None,
    };
    literal.ok_or_else(|| format!("{prefix}'{text}' is not a literal"))
}

fn bare(word: &str) -> Result<Token, String> {
    let literal = match word {
        "true" => Literal::Bool(true),
        "false" => Literal::Bool(false),
        _ if word.starts_with(|c: char| c.is_ascii_digit() || c == '-') => {
            let whole = word.strip_suffix('L').unwrap_or(word).parse().map(Literal::Whole);
            whole.or_else(|_| word.parse().map(Literal::Real)).map_err(|_| format!("{word} is not a number"))?
        }
        _ => return Ok(Token::Word(word.to_owned())),
    };
    Ok(Token::Literal(literal))
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    digits.chunks(2).map(|pair| Some(digit(pair.first()?)? << 4 | digit(pair.last()?)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_literal_is_read() {
        let read = |text: &str| tokens(text).map(|mut tokens| tokens.pop());
        let literal = |literal| Ok(Some(Token::Literal(literal)));
        assert_eq!(read("'it''s'"), literal(Literal::Text("it's".into())));
        assert_eq!(read("''"), literal(Literal::Text(String::new())));
        assert_eq!(read("-12"), literal(Literal::Whole(-12)));
        assert_eq!(read("12L"), literal(Literal::Whole(12)));
        assert_eq!(read("1.5"), literal(Literal::Real(1.5)));
        assert_eq!(read("true"), literal(Literal::Bool(true)));
        assert_eq!(read("datetime'1970-01-01T00:00:01.5Z'"), literal(Literal::Time(1500)));
        assert_eq!(read("X'0aFF'"), literal(Literal::Binary(vec![10, 255])));
        assert_eq!(
            read("guid'0000000A-0000-4000-8000-000000000001'"),
            literal(Literal::Guid("0000000a-0000-4000-8000-000000000001".into()))
        );
        for bad in ["'open", "12x", "datetime'soon'", "X'0'", "X'é'", "date'1'"] {
            read(bad).unwrap_err();
        }
    }
}
