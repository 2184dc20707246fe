//! Limits on numbers and texts.

use serde_json::{Number, Value};

use super::At;
use crate::field_error::FieldError;
use crate::schema::node::Limits;
use crate::schema::text::go_float;

/// Checks the length and the pattern of a text; the first that fails is named.
pub(super) fn text(limits: &Limits, text: &str, at: &At<'_>) -> Option<FieldError> {
    let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
    let (min, max) = limits.length;
    if let Some(max) = max.filter(|max| length > *max) {
        return Some(FieldError::too_long(at.field(), max));
    }
    if let Some(min) = min.filter(|min| length < *min) {
        return Some(at.invalid(&text.into(), &format!("should be at least {min} chars long")));
    }
    match &limits.pattern {
        Some((pattern, Ok(regex))) if !regex.is_match(text) => {
            Some(at.invalid(&text.into(), &format!("should match '{pattern}'")))
        }
        Some((pattern, Err(error))) => {
            Some(at.invalid(&text.into(), &format!("should match '{pattern}, but pattern is invalid: {error}'")))
        }
        _ => None,
    }
}

/// Checks the range of a number and what it is a multiple of.
pub(super) fn number(limits: &Limits, number: &Number, at: &At<'_>) -> Vec<FieldError> {
    let checked = Checked::of(number);
    let mut errors = Vec::new();
    if let Some(factor) = limits.multiple_of
        && let Err(what) = checked.multiple(factor)
    {
        errors.push(match what {
            Multiple::NotPositive(factor) => {
                let says = format!("factor MultipleOf declared for {} must be positive: {factor}", at.name);
                FieldError::invalid(at.field(), &go_value(&factor), says)
            }
            Multiple::Not(factor) => {
                at.invalid(&Value::Number(number.clone()), &format!("should be a multiple of {factor}"))
            }
        });
    }
    let mut bound = |limit: f64, exclusive: bool, below: bool| {
        let limit_text = checked.limit(limit);
        let words = match (below, exclusive) {
            (true, false) => "greater than or equal to",
            (true, true) => "greater than",
            (false, false) => "less than or equal to",
            (false, true) => "less than",
        };
        if checked.outside(limit, exclusive, below) {
            let what = format!("should be {words} {limit_text}");
            errors.push(at.invalid(&Value::Number(number.clone()), &what));
        }
    };
    if let Some(minimum) = limits.minimum {
        bound(minimum, limits.exclusive_minimum, true);
    }
    if let Some(maximum) = limits.maximum {
        bound(maximum, limits.exclusive_maximum, false);
    }
    errors
}

enum Multiple {
    NotPositive(String),
    Not(String),
}

/// A number with the arithmetic of its own type: limits are cut to integers for integers.
enum Checked {
    Integer(i64),
    Float(f64),
}

impl Checked {
    fn of(number: &Number) -> Self {
        match number.as_i64() {
            Some(integer) => Self::Integer(integer),
            None => Self::Float(number.as_f64().unwrap_or(f64::NAN)),
        }
    }

    fn limit(&self, limit: f64) -> String {
        match self {
            Self::Integer(_) => truncate(limit).to_string(),
            Self::Float(_) => go_float(limit),
        }
    }

    fn outside(&self, limit: f64, exclusive: bool, below: bool) -> bool {
        use std::cmp::Ordering;
        let order = match self {
            Self::Integer(value) => Some(value.cmp(&truncate(limit))),
            Self::Float(value) => value.partial_cmp(&limit),
        };
        match order {
            Some(Ordering::Equal) => exclusive,
            Some(Ordering::Less) => below,
            Some(Ordering::Greater) => !below,
            None => false,
        }
    }

    fn multiple(&self, factor: f64) -> Result<(), Multiple> {
        match self {
            Self::Integer(value) => {
                let factor = truncate(factor);
                if factor <= 0 {
                    return Err(Multiple::NotPositive(factor.to_string()));
                }
                if value % factor == 0 { Ok(()) } else { Err(Multiple::Not(factor.to_string())) }
            }
            Self::Float(value) => {
                if factor <= 0.0 {
                    return Err(Multiple::NotPositive(go_float(factor)));
                }
                let times = value / factor;
                if (times - times.round()).abs() < 1e-9 { Ok(()) } else { Err(Multiple::Not(go_float(factor))) }
            }
        }
    }
}

fn go_value(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

/// The integer part, as a conversion to a 64-bit integer gives it.
#[allow(clippy::cast_possible_truncation)]
fn truncate(limit: f64) -> i64 {
    limit as i64
}
