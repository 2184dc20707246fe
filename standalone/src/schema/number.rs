//! Numbers as the API server keeps them.

use serde_json::{Number, Value};

/// From here on floats no longer hold every integer.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Writes whole floats as integers: `2.0` is stored as `2`.
pub(crate) fn settle(value: &mut Value) {
    match value {
        Value::Number(number) if number.is_f64() => {
            let float = number.as_f64().unwrap_or(f64::NAN);
            if float.fract() == 0.0 && float.abs() < EXACT {
                *number = whole(float);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(settle),
        Value::Object(map) => map.values_mut().for_each(settle),
        _ => {}
    }
}

#[allow(clippy::cast_possible_truncation)]
fn whole(float: f64) -> Number {
    Number::from(float as i64)
}
