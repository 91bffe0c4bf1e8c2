//! The Python literals that headers of numpy are made of: no more of the language than that.

use crate::error::{Code, Error, Result, counted};

/// Containers inside containers.
const DEEPEST: usize = 64;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::format) enum Literal {
    Text(String),
    /// Never negative: no header needs that.
    Whole(u64),
    Truth(bool),
    None,
    Tuple(Vec<Literal>),
    List(Vec<Literal>),
    Dict(Vec<(Literal, Literal)>),
}

/// Reads one literal and the white space around it.
///
/// # Errors
/// `InvalidHeader`, with the position in the text as its offset; `ShapeOverflow` for integers beyond 64 bits;
/// `LimitExceeded` for deep nesting.
pub(in crate::format) fn parse(text: &str) -> Result<Literal> {
    let mut parser = Parser { text, at: 0 };
    let value = parser.value(0)?;
    parser.space();
    if parser.at < text.len() {
        return Err(parser.invalid("nothing behind the dictionary"));
    }
    Ok(value)
}

struct Parser<'a> {
    text: &'a str,
    /// In bytes, always between two characters.
    at: usize,
}

impl Parser<'_> {
    #[cold]
    fn invalid(&self, expected: &str) -> Error {
        let rest: String = self.rest().chars().take(16).collect();
        Error::new(Code::InvalidHeader, "array header is no plain dictionary")
            .expected(expected)
            .found(if rest.is_empty() {
                "its end".to_owned()
            } else {
                format!("{rest:?}")
            })
            .hint("such headers are never evaluated; save the array again with numpy.save")
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn take(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    fn space(&mut self) {
        while self
            .peek()
            .is_some_and(|c| matches!(c, ' ' | '\t' | '\n' | '\r'))
        {
            self.at += 1;
        }
    }

    fn word(&mut self, word: &str) -> bool {
        let found = self.rest().starts_with(word);
        if found {
            self.at += word.len();
        }
        found
    }

    fn value(&mut self, depth: usize) -> Result<Literal> {
        if depth > DEEPEST {
            return Err(
                Error::new(Code::LimitExceeded, "array header is nested too deeply")
                    .expected(format!("at most {DEEPEST} levels")),
            );
        }
        self.space();
        match self.peek() {
            Some('{') => self.dict(depth),
            Some('[') => self
                .items(']', depth)
                .map(|(items, _)| Literal::List(items)),
            Some('(') => {
                let (mut items, comma) = self.items(')', depth)?;
                // (6) is a number in parentheses.
                if items.len() == 1 && !comma {
                    return items.pop().ok_or_else(|| self.invalid("a value"));
                }
                Ok(Literal::Tuple(items))
            }
            Some('\'' | '"') => self.string().map(Literal::Text),
            Some('0'..='9') => self.whole().map(Literal::Whole),
            Some('u') if self.rest().starts_with("u'") || self.rest().starts_with("u\"") => {
                self.at += 1;
                self.string().map(Literal::Text)
            }
            _ if self.word("True") => Ok(Literal::Truth(true)),
            _ if self.word("False") => Ok(Literal::Truth(false)),
            _ if self.word("None") => Ok(Literal::None),
            _ => Err(self.invalid("a text, a whole number, True, False, a tuple or a list")),
        }
    }

    /// What stands between brackets, and whether a comma stood behind the last of it.
    fn items(&mut self, close: char, depth: usize) -> Result<(Vec<Literal>, bool)> {
        self.take();
        let mut items = Vec::new();
        let mut comma = false;
        loop {
            self.space();
            if self.peek() == Some(close) {
                self.take();
                return Ok((items, comma));
            }
            if !items.is_empty() && !comma {
                return Err(self.invalid("a comma or the closing bracket"));
            }
            items.push(self.value(depth + 1)?);
            comma = self.comma();
        }
    }

    fn comma(&mut self) -> bool {
        self.space();
        self.word(",")
    }

    fn dict(&mut self, depth: usize) -> Result<Literal> {
        self.take();
        let mut members = Vec::new();
        let mut comma = true;
        loop {
            self.space();
            if self.word("}") {
                return Ok(Literal::Dict(members));
            }
            if !comma {
                return Err(self.invalid("a comma or a closing brace"));
            }
            let key = self.value(depth + 1)?;
            self.space();
            if !self.word(":") {
                return Err(self.invalid("a colon"));
            }
            members.push((key, self.value(depth + 1)?));
            comma = self.comma();
        }
    }

    /// Digits, with the L of Python 2.
    fn whole(&mut self) -> Result<u64> {
        let digits: String = self
            .rest()
            .chars()
            .take_while(char::is_ascii_digit)
            .collect();
        let value = digits.parse().map_err(|_| {
            Error::new(
                Code::ShapeOverflow,
                "number in an array header is too large",
            )
            .found(counted(digits.len(), "digit"))
        })?;
        self.at += digits.len();
        self.word("L");
        Ok(value)
    }

    fn string(&mut self) -> Result<String> {
        let quote = self.take();
        let mut text = String::new();
        loop {
            match self.take() {
                None | Some('\n') => return Err(self.invalid("the end of a text")),
                c if c == quote => return Ok(text),
                Some('\\') => text.push(self.escape()?),
                Some(c) => text.push(c),
            }
        }
    }

    fn escape(&mut self) -> Result<char> {
        let digits = match self.take() {
            Some('n') => return Ok('\n'),
            Some('t') => return Ok('\t'),
            Some('r') => return Ok('\r'),
            Some(c @ ('\\' | '\'' | '"')) => return Ok(c),
            Some('x') => 2,
            Some('u') => 4,
            Some('U') => 8,
            _ => return Err(self.invalid("an escape that is known here")),
        };
        let hex: String = self.rest().chars().take(digits).collect();
        let code = u32::from_str_radix(&hex, 16).ok().and_then(char::from_u32);
        match code {
            Some(c) if hex.len() == digits && !hex.starts_with('+') => {
                self.at += digits;
                Ok(c)
            }
            _ => Err(self.invalid("an escaped character")),
        }
    }
}
