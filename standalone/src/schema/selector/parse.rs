//! From words to requirements.

use super::lex::{Token, split};
use super::{Operator, Requirement};
use crate::field_error::FieldError;
use crate::schema::names;

pub(super) fn parse(text: &str) -> Result<Vec<Requirement>, String> {
    let mut words = Words { tokens: split(text), at: 0 };
    let mut requirements = Vec::new();
    loop {
        match words.peek() {
            Token::Word(_) | Token::Sign("!") => {
                let one = requirement(&mut words).map_err(|error| format!("unable to parse requirement: {error}"))?;
                requirements.push(one);
                match words.next() {
                    Token::End => return Ok(requirements),
                    Token::Sign(",") => match words.peek() {
                        Token::Word(_) | Token::Sign("!") => {}
                        other => {
                            let found = other.text();
                            return Err(format!("found '{found}', expected: identifier after ','"));
                        }
                    },
                    other => {
                        let found = other.text();
                        return Err(format!("found '{found}', expected: ',' or 'end of string'"));
                    }
                }
            }
            Token::End => return Ok(requirements),
            other => {
                let found = other.text();
                return Err(format!("found '{found}', expected: !, identifier, or 'end of string'"));
            }
        }
    }
}

struct Words {
    tokens: Vec<Token>,
    at: usize,
}

impl Words {
    fn peek(&self) -> &Token {
        self.tokens.get(self.at).unwrap_or(&Token::End)
    }

    fn next(&mut self) -> Token {
        let token = self.peek().clone();
        self.at += 1;
        token
    }
}

fn shown(error: &FieldError) -> String {
    error.to_string()
}

fn requirement(words: &mut Words) -> Result<Requirement, String> {
    let mut first = words.next();
    let absent = first == Token::Sign("!");
    if absent {
        first = words.next();
    }
    let Token::Word(key) = first else {
        return Err(format!("found '{}', expected: identifier", first.text()));
    };
    let wrong = names::qualified(&key);
    if !wrong.is_empty() {
        let error = FieldError::invalid("", &key.as_str().into(), wrong.join("; "));
        return Err(shown(&error));
    }
    if matches!(words.peek(), Token::End | Token::Sign(",")) {
        let operator = if absent { Operator::DoesNotExist } else { Operator::Exists };
        return Requirement::new(key, operator, Vec::new()).map_err(|error| shown(&error));
    }
    if absent {
        return Requirement::new(key, Operator::DoesNotExist, Vec::new()).map_err(|error| shown(&error));
    }
    let sign = words.next();
    let (operator, values) = match &sign {
        Token::Word(word) if word == "in" => (Operator::In, list(words)?),
        Token::Word(word) if word == "notin" => (Operator::NotIn, list(words)?),
        Token::Sign("=" | "==") => (Operator::In, exact(words)?),
        Token::Sign("!=") => (Operator::NotIn, exact(words)?),
        Token::Sign(">") => (Operator::GreaterThan, exact(words)?),
        Token::Sign("<") => (Operator::LessThan, exact(words)?),
        other => {
            return Err(format!("found '{}', expected: in, notin, =, ==, !=, gt, lt", other.text()));
        }
    };
    Requirement::new(key, operator, values).map_err(|error| shown(&error))
}

fn exact(words: &mut Words) -> Result<Vec<String>, String> {
    match words.peek() {
        Token::End | Token::Sign(",") => return Ok(vec![String::new()]),
        _ => {}
    }
    match words.next() {
        Token::Word(word) => Ok(vec![word]),
        other => Err(format!("found '{}', expected: identifier", other.text())),
    }
}

fn list(words: &mut Words) -> Result<Vec<String>, String> {
    let open = words.next();
    if open != Token::Sign("(") {
        return Err(format!("found '{}' expected: '('", open.text()));
    }
    let mut values = Vec::new();
    match words.peek() {
        Token::Sign(")") => {
            words.next();
            return Ok(vec![String::new()]);
        }
        Token::Word(_) | Token::Sign(",") => {}
        other => {
            let found = other.text();
            return Err(format!("found '{found}', expected: ',', ')' or identifier"));
        }
    }
    loop {
        match words.next() {
            Token::Word(word) => {
                values.push(word);
                match words.peek() {
                    Token::Sign(",") => {}
                    Token::Sign(")") => break,
                    other => {
                        let found = other.text();
                        return Err(format!("found '{found}', expected: ',' or ')'"));
                    }
                }
            }
            // `(,` `,,` and `,)` each mean an empty value.
            Token::Sign(",") => {
                if values.is_empty() {
                    values.push(String::new());
                }
                match words.peek() {
                    Token::Sign(")") => {
                        values.push(String::new());
                        break;
                    }
                    Token::Sign(",") => values.push(String::new()),
                    _ => {}
                }
            }
            other => {
                let found = other.text();
                return Err(format!("found '{found}', expected: ',', or identifier"));
            }
        }
    }
    words.next();
    Ok(values)
}
