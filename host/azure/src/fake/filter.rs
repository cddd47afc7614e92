//! OData filters: comparisons of a property with a literal, joined by `and`, `or`, `not` and parentheses.
//!
//! A comparison with a property that is not there, or of another type, does not hold, whatever the operator.

mod lexer;

use std::cmp::Ordering;

use self::lexer::{Literal, Token, tokens};
use super::refused;
use super::tables::Row;
use crate::{Error, Key, Value};

/// Nested parentheses and negations; the service has a limit too.
const DEPTH_MAX: u32 = 50;

/// A parsed filter.
pub(super) enum Filter {
    Compare { property: String, operator: Operator, literal: Literal },
    And(Box<Filter>, Box<Filter>),
    Or(Box<Filter>, Box<Filter>),
    Not(Box<Filter>),
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Eq,
    Ne,
    Gt,
    Ge,
    Lt,
    Le,
}

impl Filter {
    /// # Errors
    /// Refused, as the service does, with what is wrong.
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let tokens = tokens(text).map_err(|problem| bad(text, &problem))?;
        let mut parser = Parser { tokens: tokens.into_iter().peekable(), depth: 0 };
        let filter = parser.or().map_err(|problem| bad(text, &problem))?;
        match parser.tokens.next() {
            None => Ok(filter),
            Some(token) => Err(bad(text, &format!("{token:?} is too much"))),
        }
    }

    /// The only partition that can match, if the filter says so by an equality.
    pub(super) fn partition(&self) -> Option<&str> {
        match self {
            Self::Compare { property, operator: Operator::Eq, literal: Literal::Text(text) }
                if property == "PartitionKey" =>
            {
                Some(text)
            }
            Self::And(left, right) => left.partition().or_else(|| right.partition()),
            Self::Compare { .. } | Self::Or(..) | Self::Not(_) => None,
        }
    }

    /// Whether an entity is wanted.
    pub(super) fn matches(&self, key: &Key, row: &Row) -> bool {
        match self {
            Self::And(left, right) => left.matches(key, row) && right.matches(key, row),
            Self::Or(left, right) => left.matches(key, row) || right.matches(key, row),
            Self::Not(inner) => !inner.matches(key, row),
            Self::Compare { property, operator, literal } => {
                let ordering = match property.as_str() {
                    "PartitionKey" => literal.compare_text(&key.partition),
                    "RowKey" => literal.compare_text(&key.row),
                    "Timestamp" => literal.compare(&Value::Time(row.written_at_ms)),
                    _ => row.entity.0.get(property).and_then(|value| literal.compare(value)),
                };
                ordering.is_some_and(|ordering| operator.holds(ordering))
            }
        }
    }
}

impl Operator {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "eq" => Self::Eq,
            "ne" => Self::Ne,
            "gt" => Self::Gt,
            "ge" => Self::Ge,
            "lt" => Self::Lt,
            "le" => Self::Le,
            _ => return None,
        })
    }

    fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Eq => ordering.is_eq(),
            Self::Ne => ordering.is_ne(),
            Self::Gt => ordering.is_gt(),
            Self::Ge => ordering.is_ge(),
            Self::Lt => ordering.is_lt(),
            Self::Le => ordering.is_le(),
        }
    }
}

struct Parser {
    tokens: std::iter::Peekable<std::vec::IntoIter<Token>>,
    depth: u32,
}

impl Parser {
    fn or(&mut self) -> Result<Filter, String> {
        let mut left = self.and()?;
        while self.word("or") {
            left = Filter::Or(Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Filter, String> {
        let mut left = self.unary()?;
        while self.word("and") {
            left = Filter::And(Box::new(left), Box::new(self.unary()?));
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Filter, String> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err("it is nested too deeply".to_owned());
        }
        let filter = if self.word("not") {
            Filter::Not(Box::new(self.unary()?))
        } else if self.tokens.next_if_eq(&Token::Open).is_some() {
            let inner = self.or()?;
            self.tokens.next_if_eq(&Token::Close).ok_or("a parenthesis is not closed")?;
            inner
        } else {
            self.comparison()?
        };
        self.depth -= 1;
        Ok(filter)
    }

    fn comparison(&mut self) -> Result<Filter, String> {
        let Some(Token::Word(property)) = self.tokens.next() else {
            return Err("a property is missing".to_owned());
        };
        let operator = match self.tokens.next() {
            Some(Token::Word(name)) => Operator::named(&name).ok_or(format!("{name} is not an operator"))?,
            _ => return Err("an operator is missing".to_owned()),
        };
        match self.tokens.next() {
            Some(Token::Literal(literal)) => Ok(Filter::Compare { property, operator, literal }),
            _ => Err("a literal is missing".to_owned()),
        }
    }

    fn word(&mut self, word: &str) -> bool {
        self.tokens.next_if(|token| matches!(token, Token::Word(found) if found == word)).is_some()
    }
}

fn bad(filter: &str, problem: &str) -> Error {
    refused(400, "InvalidInput", format!("the filter {filter} cannot be read: {problem}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_refused() {
        let nested = format!("{}A eq 1{}", "(".repeat(60), ")".repeat(60));
        for filter in [
            "",
            "A",
            "A eq",
            "A is 1",
            "A eq 'open",
            "(A eq 1",
            "A eq 1)",
            "A eq 1 B eq 2",
            "A eq 1 and",
            "1 eq A",
            &nested,
        ] {
            let error = Filter::parse(filter).err().unwrap();
            assert!(matches!(&error, Error::Refused(refused) if refused.code == "InvalidInput"), "{filter}: {error}");
        }
    }

    #[test]
    fn partition_is_known_if_only_one_can_match() {
        let partition = |filter: &str| Filter::parse(filter).unwrap().partition().map(str::to_owned);
        assert_eq!(partition("RowKey gt 'a' and (PartitionKey eq 'p')").as_deref(), Some("p"));
        assert_eq!(partition("PartitionKey eq 'p' or RowKey eq 'a'"), None);
        assert_eq!(partition("not PartitionKey eq 'p'"), None);
        assert_eq!(partition("PartitionKey ge 'p'"), None);
    }
}
