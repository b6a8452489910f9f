//! Tokens of a small language.

use crate::span::Span;
use std::collections::{hash_map::Entry, HashMap};
use std::fmt::{self, Display as Show};
use super::*;

mod scanner;

/// How deep brackets may nest.
pub const MAX_DEPTH: usize = 64;

static KEYWORDS: &[&str] = &["let", "fn", "größe"];

/// One token.
///
/// With its place.
#[derive(Debug, Clone)]
pub struct Token<'a> {
    pub kind: Kind,
    text: &'a str,
    span: Span,
}

#[derive(Debug)]
pub enum Kind {
    Word,
    Number(i64),
}

pub trait Visitor {
    type Out;
    fn visit(&mut self, token: &Token) -> Self::Out;
    fn done(&self) -> bool {
        true
    }
}

impl<'a> Token<'a> {
    /// Makes a token, “whole”.
    pub fn new(kind: Kind, text: &'a str) -> Self {
        let span = Span::of(text);
        Token { kind, text, span }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        write!(out, "{:?}", self)
    }
}

pub fn count<T: Visitor>(tokens: &[Token], visitor: &mut T) -> HashMap<String, usize>
where
    T::Out: Into<usize>,
{
    let mut counts = HashMap::new();
    for token in tokens {
        let n = visitor.visit(token).into();
        *counts.entry(token.text.to_string()).or_insert(0) += n;
    }
    scanner::check(&counts);
    counts
}

macro_rules! word {
    ($text:expr) => {
        Token::new(Kind::Word, $text)
    };
}

mod tests {
    use super::Token;

    #[test]
    fn words_have_no_number() {
        assert!(matches!(word!("é").kind, Kind::Word));
    }
}
