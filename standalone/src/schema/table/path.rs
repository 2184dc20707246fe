//! The part of `JSONPath` that printer columns use.

use serde_json::Value;

/// A path such as `.status.conditions[?(@.type=="Ready")].status`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct JsonPath(Vec<Step>);

#[derive(Debug, Clone, PartialEq)]
enum Step {
    Field(String),
    Index(i64),
    All,
    Filter { path: JsonPath, test: Option<(Operator, Value)> },
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl JsonPath {
    /// Reads a path; the error names what is not understood.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut steps = Vec::new();
        let mut rest = text.trim();
        rest = rest.strip_prefix('$').unwrap_or(rest);
        while !rest.is_empty() {
            let (step, tail) = if let Some(tail) = rest.strip_prefix('[') {
                let end = closing(tail).ok_or_else(|| format!("unterminated array: {rest}"))?;
                (bracket(&tail[..end])?, &tail[end + 1..])
            } else {
                let tail = rest.strip_prefix('.').unwrap_or(rest);
                let end = field_end(tail);
                let name = tail[..end].replace("\\.", ".");
                if name.is_empty() {
                    return Err(format!("unexpected: {rest}"));
                }
                let step = if name == "*" { Step::All } else { Step::Field(name) };
                (step, &tail[end..])
            };
            steps.push(step);
            rest = tail;
        }
        Ok(Self(steps))
    }

    /// The first value the path leads to.
    pub(crate) fn first<'a>(&self, value: &'a Value) -> Option<&'a Value> {
        let mut found = vec![value];
        for step in &self.0 {
            found = found.into_iter().flat_map(|value| step.take(value)).collect();
        }
        found.into_iter().next()
    }
}

impl Step {
    fn take<'a>(&self, value: &'a Value) -> Vec<&'a Value> {
        match self {
            Self::Field(name) => value.get(name).into_iter().collect(),
            Self::Index(at) => {
                let items = value.as_array().map_or(&[][..], Vec::as_slice);
                let from_end = i64::try_from(items.len()).unwrap_or(i64::MAX) + at;
                let at = if *at < 0 { from_end } else { *at };
                usize::try_from(at).ok().and_then(|at| items.get(at)).into_iter().collect()
            }
            Self::All => match value {
                Value::Array(items) => items.iter().collect(),
                Value::Object(map) => map.values().collect(),
                _ => Vec::new(),
            },
            Self::Filter { path, test } => {
                let items = value.as_array().map_or(&[][..], Vec::as_slice);
                items
                    .iter()
                    .filter(|item| match (path.first(item), test) {
                        (Some(_), None) => true,
                        (Some(found), Some((operator, wanted))) => operator.holds(found, wanted),
                        (None, _) => false,
                    })
                    .collect()
            }
        }
    }
}

impl Operator {
    fn holds(self, found: &Value, wanted: &Value) -> bool {
        use std::cmp::Ordering;
        let order = match (found, wanted) {
            (Value::String(found), Value::String(wanted)) => Some(found.cmp(wanted)),
            (Value::Bool(found), Value::Bool(wanted)) => Some(found.cmp(wanted)),
            _ => match (found.as_f64(), wanted.as_f64()) {
                (Some(found), Some(wanted)) => found.partial_cmp(&wanted),
                _ => None,
            },
        };
        match (self, order) {
            (Self::NotEqual, None) => true,
            (_, None) => false,
            (Self::Equal, Some(order)) => order == Ordering::Equal,
            (Self::NotEqual, Some(order)) => order != Ordering::Equal,
            (Self::Less, Some(order)) => order == Ordering::Less,
            (Self::LessOrEqual, Some(order)) => order != Ordering::Greater,
            (Self::Greater, Some(order)) => order == Ordering::Greater,
            (Self::GreaterOrEqual, Some(order)) => order != Ordering::Less,
        }
    }
}

/// Where a field name ends: at a dot or bracket that no backslash stands before.
fn field_end(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            '\\' => escaped = true,
            '.' | '[' if !escaped => return at,
            _ => escaped = false,
        }
    }
    text.len()
}

/// Where the bracket that was opened closes, outside of quotes.
fn closing(text: &str) -> Option<usize> {
    let mut quote = None;
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, '[') => depth += 1,
            (None, ']') if depth == 0 => return Some(at),
            (None, ']') => depth -= 1,
            _ => {}
        }
    }
    None
}

fn bracket(inside: &str) -> Result<Step, String> {
    let inside = inside.trim();
    if inside == "*" {
        return Ok(Step::All);
    }
    if let Some(name) = unquote(inside) {
        return Ok(Step::Field(name));
    }
    if let Ok(at) = inside.parse() {
        return Ok(Step::Index(at));
    }
    let filter = inside
        .strip_prefix("?(")
        .and_then(|rest| rest.strip_suffix(')'))
        .ok_or_else(|| format!("invalid array index {inside}"))?;
    let path_of = |text: &str| {
        let text = text.trim();
        let text = text.strip_prefix('@').ok_or_else(|| format!("unexpected: {text}"))?;
        JsonPath::parse(text)
    };
    for (sign, operator) in [
        ("==", Operator::Equal),
        ("!=", Operator::NotEqual),
        ("<=", Operator::LessOrEqual),
        (">=", Operator::GreaterOrEqual),
        ("<", Operator::Less),
        (">", Operator::Greater),
    ] {
        if let Some((left, right)) = filter.split_once(sign) {
            let right = right.trim();
            let wanted = match unquote(right) {
                Some(text) => Value::String(text),
                None => serde_json::from_str(right).map_err(|_| format!("unexpected: {right}"))?,
            };
            return Ok(Step::Filter { path: path_of(left)?, test: Some((operator, wanted)) });
        }
    }
    Ok(Step::Filter { path: path_of(filter)?, test: None })
}

fn unquote(text: &str) -> Option<String> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let inner = text.strip_prefix(quote)?.strip_suffix(quote)?;
    Some(inner.replace(&format!("\\{quote}"), &quote.to_string()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn finds_the_first_value() {
        let object = json!({
            "metadata": {"labels": {"a.b/c": "d"}},
            "spec": {"plan": "x", "list": [1, 2, 3], "n": 0},
            "status": {"conditions": [
                {"type": "Ready", "status": "False", "n": 1},
                {"type": "Other", "status": "True", "n": 2},
            ]},
        });
        for (path, found) in [
            (".spec.plan", Some(json!("x"))),
            ("$.spec.plan", Some(json!("x"))),
            (".spec.none", None),
            (".spec.list[1]", Some(json!(2))),
            (".spec.list[-1]", Some(json!(3))),
            (".spec.list[*]", Some(json!(1))),
            (".spec.list[7]", None),
            (".metadata.labels.a\\.b/c", Some(json!("d"))),
            (".metadata.labels['a.b/c']", Some(json!("d"))),
            (".status.conditions[?(@.type==\"Ready\")].status", Some(json!("False"))),
            (".status.conditions[?(@.type=='Other')].status", Some(json!("True"))),
            (".status.conditions[?(@.type!=\"Ready\")].status", Some(json!("True"))),
            (".status.conditions[?(@.n>1)].type", Some(json!("Other"))),
            (".status.conditions[?(@.none)].type", None),
            (".status.conditions[?(@.n)].type", Some(json!("Ready"))),
        ] {
            let parsed = JsonPath::parse(path).unwrap();
            assert_eq!(parsed.first(&object), found.as_ref(), "{path}");
        }
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        for path in [".a[", ".a[x]", ".a[?(b)]", ".a..b"] {
            assert!(JsonPath::parse(path).is_err(), "{path}");
        }
    }
}
