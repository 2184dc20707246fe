//! The words of a selector.

/// One word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    Word(String),
    /// An operator or a bracket.
    Sign(&'static str),
    /// Signs that make no operator.
    Wrong(String),
    End,
}

impl Token {
    /// The word as messages print it.
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Word(word) | Self::Wrong(word) => word,
            Self::Sign(sign) => sign,
            Self::End => "",
        }
    }
}

const SIGNS: [&str; 9] = ["==", "!=", "=", "!", "(", ")", ",", ">", "<"];

fn is_sign(c: char) -> bool {
    matches!(c, '=' | '!' | '(' | ')' | ',' | '>' | '<')
}

/// Splits a selector into its words; the last is always the end.
pub(super) fn split(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start_matches([' ', '\t', '\r', '\n']);
    while let Some(first) = rest.chars().next() {
        let end = if is_sign(first) {
            if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
                tokens.push(Token::Sign(sign));
                sign.len()
            } else {
                let signs: String = rest.chars().take_while(|c| is_sign(*c)).collect();
                let end = signs.len();
                tokens.push(Token::Wrong(format!("error expected: keyword found '{signs}'")));
                end
            }
        } else {
            let end = rest.find(|c: char| is_sign(c) || c.is_ascii_whitespace()).unwrap_or(rest.len());
            tokens.push(Token::Word(rest[..end].to_owned()));
            end
        };
        rest = rest[end..].trim_start_matches([' ', '\t', '\r', '\n']);
    }
    tokens.push(Token::End);
    tokens
}
