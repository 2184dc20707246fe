//! Label selectors, parsed and refused as the API server does.

mod lex;
mod parse;

use super::names;
use crate::field_error::FieldError;

/// How a label has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
    GreaterThan,
    LessThan,
}

/// One requirement on one label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Requirement {
    key: String,
    operator: Operator,
    values: Vec<String>,
}

/// A set of requirements that all have to hold; none select everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LabelSelector(Vec<Requirement>);

impl LabelSelector {
    /// Reads `a=b,c!=d,e in (f,g),h,!i`. The error is the message of the 400 answer.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut requirements = parse::parse(text)?;
        requirements.sort_by(|one, other| one.key.cmp(&other.key));
        Ok(Self(requirements))
    }

    /// Whether everything is selected.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether an object is selected; `label` gives the value of a label it has.
    pub fn matches<'a>(&self, label: impl Fn(&str) -> Option<&'a str>) -> bool {
        self.0.iter().all(|one| one.holds(label(&one.key)))
    }
}

impl Requirement {
    fn new(key: String, operator: Operator, mut values: Vec<String>) -> Result<Self, FieldError> {
        values.sort();
        values.dedup();
        if matches!(operator, Operator::GreaterThan | Operator::LessThan) {
            for (i, value) in values.iter().enumerate() {
                if value.parse::<i64>().is_err() {
                    return Err(FieldError::invalid(
                        format!("values[{i}]"),
                        &value.as_str().into(),
                        "for 'Gt', 'Lt' operators, the value must be an integer",
                    ));
                }
            }
        }
        for (i, value) in values.iter().enumerate() {
            let wrong = names::label_value(value);
            if !wrong.is_empty() {
                let field = format!("values[{i}][{key}]");
                return Err(FieldError::invalid(field, &value.as_str().into(), wrong.join("; ")));
            }
        }
        Ok(Self { key, operator, values })
    }

    fn holds(&self, label: Option<&str>) -> bool {
        let listed = |label: &str| self.values.iter().any(|value| value == label);
        let number = |order: std::cmp::Ordering| {
            let label: Option<i64> = label.and_then(|label| label.parse().ok());
            let limit: Option<i64> = self.values.first().and_then(|value| value.parse().ok());
            label.zip(limit).is_some_and(|(label, limit)| label.cmp(&limit) == order)
        };
        match self.operator {
            Operator::In => label.is_some_and(listed),
            Operator::NotIn => !label.is_some_and(listed),
            Operator::Exists => label.is_some(),
            Operator::DoesNotExist => label.is_none(),
            Operator::GreaterThan => number(std::cmp::Ordering::Greater),
            Operator::LessThan => number(std::cmp::Ordering::Less),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn selects_by_labels() {
        let labels = [("a", "1"), ("b", "x"), ("in", "y")];
        let label = |key: &str| labels.iter().find(|(name, _)| *name == key).map(|(_, value)| *value);
        for (text, selected) in [
            ("", true),
            ("a=1", true),
            ("a==1", true),
            ("a = 1 , b", true),
            ("a=2", false),
            ("a!=2", true),
            ("none!=2", true),
            ("a", true),
            ("none", false),
            ("!none", true),
            ("!a", false),
            ("a in (1,2)", true),
            ("a in (2, 3)", false),
            ("a notin (2,3)", true),
            ("none notin (2)", true),
            ("a>0", true),
            ("a<1", false),
            ("b>0", false),
            ("in in (y)", true),
            ("in=y", true),
            ("none=", false),
            ("a in ()", false),
        ] {
            let selector = LabelSelector::parse(text).unwrap();
            assert_eq!(selector.matches(label), selected, "{text}");
        }
    }

    #[test]
    fn refuses_in_the_words_of_the_api_server() {
        for (text, message) in [
            ("a=,=b", "found '=', expected: identifier after ','"),
            ("a=b c", "found 'c', expected: ',' or 'end of string'"),
            ("=b", "found '=', expected: !, identifier, or 'end of string'"),
            ("a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
            ("a in b", "unable to parse requirement: found 'b' expected: '('"),
            ("a in (b", "unable to parse requirement: found '', expected: ',' or ')'"),
        ] {
            assert_eq!(LabelSelector::parse(text).unwrap_err(), message, "{text}");
        }
    }
}
