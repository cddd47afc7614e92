//! Words, quotes and separators.

use std::iter::Peekable;
use std::str::CharIndices;

use super::line::is_bare;

/// Comma-separated pairs; mostly one of one.
pub(super) type Value = Vec<(String, Option<String>)>;

type Parsed<T> = Result<T, String>;

/// The letters of one line.
pub(super) struct Tokens<'a> {
    text: &'a str,
    letters: Peekable<CharIndices<'a>>,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(line: &'a str) -> Self {
        Self { text: line, letters: line.char_indices().peekable() }
    }

    /// Lines end at a line break or at ` | `, neither within quotes.
    pub(super) fn split(text: &'a str) -> Vec<Parsed<&'a str>> {
        let mut lines = Vec::new();
        let (mut start, mut is_quoted, mut is_escaped) = (0, false, false);
        for (index, letter) in text.char_indices() {
            match letter {
                _ if is_escaped => is_escaped = false,
                '\\' if is_quoted => is_escaped = true,
                '\'' => is_quoted = !is_quoted,
                '\n' | '|' if !is_quoted => {
                    lines.push(&text[start..index]);
                    start = index + 1;
                }
                _ => {}
            }
        }
        lines.push(&text[start..]);
        let mut lines: Vec<_> = lines.into_iter().filter(|line| !line.trim().is_empty()).map(Ok).collect();
        if is_quoted {
            lines.push(Err("a quote is not closed".to_owned()));
        }
        lines
    }

    pub(super) fn skip_space(&mut self) -> bool {
        while self.letters.next_if(|(_, letter)| letter.is_whitespace()).is_some() {}
        self.letters.peek().is_some()
    }

    pub(super) fn eat(&mut self, wanted: char) -> bool {
        self.letters.next_if(|(_, letter)| *letter == wanted).is_some()
    }

    pub(super) fn word(&mut self) -> Parsed<String> {
        if self.eat('\'') {
            return self.quoted();
        }
        let mut word = String::new();
        while let Some((_, letter)) = self.letters.next_if(|(_, letter)| is_bare(*letter)) {
            word.push(letter);
        }
        match self.letters.peek() {
            _ if !word.is_empty() => Ok(word),
            Some((index, _)) => Err(format!("unexpected {}", &self.text[*index..])),
            None => Err("a value is missing".to_owned()),
        }
    }

    fn quoted(&mut self) -> Parsed<String> {
        let mut word = String::new();
        loop {
            match self.letters.next().ok_or("a quote is not closed")? {
                (_, '\'') => return Ok(word),
                (_, '\\') => word.push(self.escaped()?),
                (_, letter) => word.push(letter),
            }
        }
    }

    fn escaped(&mut self) -> Parsed<char> {
        match self.letters.next().ok_or("a quote is not closed")? {
            (_, 'n') => Ok('\n'),
            (_, 'r') => Ok('\r'),
            (_, 't') => Ok('\t'),
            (_, 'u') => {
                let code: String = self.letters.by_ref().map(|(_, letter)| letter).take_while(|&c| c != '}').collect();
                let code = code.strip_prefix('{').and_then(|hex| u32::from_str_radix(hex, 16).ok());
                code.and_then(char::from_u32).ok_or_else(|| "unknown \\u escape".to_owned())
            }
            (_, letter @ ('\'' | '\\')) => Ok(letter),
            (_, letter) => Err(format!("unknown escape \\{letter}")),
        }
    }

    pub(super) fn value(&mut self) -> Parsed<Value> {
        let mut value = Value::new();
        loop {
            let first = self.word()?;
            let second = if self.eat(':') { Some(self.word()?) } else { None };
            value.push((first, second));
            if !self.eat(',') {
                return Ok(value);
            }
        }
    }
}
