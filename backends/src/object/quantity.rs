//! Kubernetes' quantities: one amount has many forms, and the API server keeps its own.

/// Whether both are the same amount; texts that are no quantities are compared as they are.
pub fn same(one: &str, other: &str) -> bool {
    one == other || nanos(one).is_some_and(|one| nanos(other) == Some(one))
}

/// The amount in whole units, such as bytes; a part of one counts as one. `None` for what is no quantity,
/// or less than nothing, or more than can be counted.
pub fn units(text: &str) -> Option<u64> {
    let nanos = nanos(text)?;
    u64::try_from(nanos.div_euclid(NANO) + i128::from(nanos.rem_euclid(NANO) != 0)).ok()
}

const NANO: i128 = 1_000_000_000;

/// In billionths, the finest that the API server keeps; it rounds up.
pub fn nanos(text: &str) -> Option<i128> {
    let number = text.find(|c: char| !matches!(c, '0'..='9' | '.' | '+' | '-')).unwrap_or(text.len());
    let (number, suffix) = text.split_at(number);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
    let (base, power) = unit(suffix)?;
    let power_of_ten = 9 - i32::try_from(fraction.len()).ok()? + if base == 10 { power } else { 0 };
    let binary = if base == 2 { 2_i128.checked_pow(u32::try_from(power).ok()?)? } else { 1 };
    let amount = digits.checked_mul(binary)?;
    let ten = 10_i128.checked_pow(power_of_ten.unsigned_abs())?;
    if power_of_ten >= 0 {
        return amount.checked_mul(ten);
    }
    Some(amount.div_euclid(ten) + i128::from(amount.rem_euclid(ten) != 0))
}

const MILLI: i128 = 1_000_000;
const MEBI: i128 = 1 << 20;

/// Billionths as people write the amount.
pub fn text(nanos: i128) -> String {
    let whole = nanos / NANO;
    match () {
        () if nanos % MILLI != 0 => format!("{nanos}n"),
        () if nanos % NANO != 0 => format!("{}m", nanos / MILLI),
        () if whole != 0 && whole % MEBI == 0 => format!("{}Mi", whole / MEBI),
        () => whole.to_string(),
    }
}

/// Base and power of a suffix.
fn unit(suffix: &str) -> Option<(u8, i32)> {
    Some(match suffix {
        "n" => (10, -9),
        "u" => (10, -6),
        "m" => (10, -3),
        "" => (10, 0),
        "k" => (10, 3),
        "M" => (10, 6),
        "G" => (10, 9),
        "T" => (10, 12),
        "P" => (10, 15),
        "E" => (10, 18),
        "Ki" => (2, 10),
        "Mi" => (2, 20),
        "Gi" => (2, 30),
        "Ti" => (2, 40),
        "Pi" => (2, 50),
        "Ei" => (2, 60),
        exponent => (10, exponent.strip_prefix(['e', 'E'])?.parse::<i16>().ok()?.into()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_as_people_write_them() {
        for amount in ["1", "1500m", "1n", "128Mi", "1000", "3", "0"] {
            assert_eq!(text(nanos(amount).unwrap()), amount);
        }
        assert_eq!(text(nanos("1Gi").unwrap()), "1024Mi");
    }

    #[test]
    fn whole_units() {
        for (text, expected) in [
            ("10Gi", Some(10 << 30)),
            ("1500M", Some(1_500_000_000)),
            ("0", Some(0)),
            ("100m", Some(1)),
            ("1.5", Some(2)),
            ("-1", None),
            ("ten", None),
            ("", None),
            ("10 Gi", None),
            ("16Ei", None),
        ] {
            assert_eq!(units(text), expected, "{text}");
        }
    }

    #[test]
    fn amounts_and_not_their_forms() {
        for (one, other, expected) in [
            ("0.5", "500m", true),
            ("1000m", "1", true),
            ("1024Mi", "1Gi", true),
            ("0.5Gi", "512Mi", true),
            ("1000", "1k", true),
            ("1e3", "1k", true),
            ("1E", "1e18", true),
            ("1.50", "1500m", true),
            (".5", "0.5", true),
            ("5.", "5", true),
            ("0.1n", "1n", true),
            ("16Ei", "16384Pi", true),
            ("100m", "101m", false),
            ("1Gi", "1G", false),
            ("1", "1m", false),
            ("", "0", false),
            ("one", "one", true),
            ("one", "1", false),
            ("1x", "1", false),
            ("1e999", "1e998", false),
        ] {
            assert_eq!(same(one, other), expected, "{one} {other}");
            assert_eq!(same(other, one), expected, "{other} {one}");
        }
    }
}
