//! The text formats custom resources are checked against; any other format is not checked.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use regex::Regex;

/// A format the API server knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// RFC 3339 with a zone.
    DateTime,
    /// RFC 3339 full-date.
    Date,
    /// `1h30m`, or `2 days`.
    Duration,
    /// Base64.
    Byte,
    /// An absolute URI or a path.
    Uri,
    /// An e-mail address.
    Email,
    /// A host name.
    Hostname,
    /// An IPv4 address.
    Ipv4,
    /// An IPv6 address.
    Ipv6,
    /// A network in CIDR notation.
    Cidr,
    /// A hardware address.
    Mac,
    /// A UUID of any version, or of the one given.
    Uuid(Option<char>),
    /// Any text; a hint for the client.
    Password,
    /// `#fff` or `#ffffff`.
    HexColor,
    /// At most 63 characters, a label.
    ShortName,
    /// At most 253 characters, labels joined by dots.
    LongName,
}

impl Format {
    /// The format of a name; dashes in it do not count.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name.replace('-', "").as_str() {
            "datetime" => Self::DateTime,
            "date" => Self::Date,
            "duration" => Self::Duration,
            "byte" => Self::Byte,
            "uri" => Self::Uri,
            "email" => Self::Email,
            "hostname" => Self::Hostname,
            "ipv4" => Self::Ipv4,
            "ipv6" => Self::Ipv6,
            "cidr" => Self::Cidr,
            "mac" => Self::Mac,
            "uuid" => Self::Uuid(None),
            "uuid3" => Self::Uuid(Some('3')),
            "uuid4" => Self::Uuid(Some('4')),
            "uuid5" => Self::Uuid(Some('5')),
            "password" => Self::Password,
            "hexcolor" => Self::HexColor,
            "k8sshortname" => Self::ShortName,
            "k8slongname" => Self::LongName,
            _ => return None,
        })
    }

    /// Whether a text is of this format.
    pub(crate) fn accepts(self, text: &str) -> bool {
        match self {
            Self::DateTime => is_date_time(text),
            Self::Date => is_date(text),
            Self::Duration => parse_duration(text).is_some(),
            Self::Byte => matches(&BASE64, text),
            Self::Uri => is_request_uri(text),
            Self::Email => is_email(text),
            Self::Hostname => {
                text.len() <= 255 && matches(&HOSTNAME, text) && text.split('.').all(|label| label.len() <= 63)
            }
            Self::Ipv4 => text.parse::<Ipv4Addr>().is_ok(),
            Self::Ipv6 => text.parse::<Ipv6Addr>().is_ok(),
            Self::Cidr => is_cidr(text),
            Self::Mac => matches(&MAC, text),
            Self::Uuid(version) => is_uuid(text, version),
            Self::Password => true,
            Self::HexColor => matches(&HEX_COLOR, text),
            Self::ShortName => text.len() <= 63 && matches(&LABEL, text),
            Self::LongName => text.len() <= 253 && matches(&LABELS, text),
        }
    }
}

type Pattern = LazyLock<Option<Regex>>;

/// A pattern that does not compile accepts nothing; a test compiles them all.
fn matches(pattern: &Pattern, text: &str) -> bool {
    pattern.as_ref().is_some_and(|regex| regex.is_match(text))
}

static HOSTNAME: Pattern = LazyLock::new(|| {
    Regex::new(
        r"^([a-zA-Z0-9\p{S}\p{L}]((-?[a-zA-Z0-9\p{S}\p{L}]{0,62})?)|([a-zA-Z0-9\p{S}\p{L}](([a-zA-Z0-9-\p{S}\p{L}]{0,61}[a-zA-Z0-9\p{S}\p{L}])?)(\.)){1,}([a-zA-Z\p{L}]){2,63})$",
    )
    .ok()
});
static BASE64: Pattern = LazyLock::new(|| {
    Regex::new(r"^(?:[A-Za-z0-9+\\/]{4})*(?:[A-Za-z0-9+\\/]{2}==|[A-Za-z0-9+\\/]{3}=|[A-Za-z0-9+\\/]{4})$").ok()
});
static TIME: Pattern =
    LazyLock::new(|| Regex::new(r"^([0-9]{2}):([0-9]{2}):([0-9]{2})(.[0-9]+)?(z|([+-][0-9]{2}:[0-9]{2}))$").ok());
static UUID: Pattern =
    LazyLock::new(|| Regex::new(r"(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$").ok());
static MAC: Pattern = LazyLock::new(|| {
    Regex::new(r"(?i)^([0-9a-f]{2}([:-][0-9a-f]{2}){5}|([0-9a-f]{2}[:-]){7}[0-9a-f]{2}|([0-9a-f]{4}\.){2}[0-9a-f]{4}|([0-9a-f]{4}\.){3}[0-9a-f]{4})$").ok()
});
static HEX_COLOR: Pattern = LazyLock::new(|| Regex::new(r"^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$").ok());
static LABEL: Pattern = LazyLock::new(|| Regex::new(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$").ok());
static LABELS: Pattern =
    LazyLock::new(|| Regex::new(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$").ok());
static WORDED: Pattern = LazyLock::new(|| Regex::new(r"(\d+)\s*([A-Za-zµ]+)").ok());

fn is_date(text: &str) -> bool {
    text.len() == 10 && chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok()
}

fn is_date_time(text: &str) -> bool {
    let lower = text.to_lowercase();
    let Some((date, time)) = lower.split_once('t') else {
        return false;
    };
    is_date(date) && matches(&TIME, time) && &time[..2] <= "23" && &time[3..5] <= "59" && &time[6..8] <= "59"
}

fn is_uuid(text: &str, version: Option<char>) -> bool {
    let digits: Vec<char> = text.chars().filter(|c| *c != '-').collect();
    let variant = |c: &char| matches!(c.to_ascii_lowercase(), '8' | '9' | 'a' | 'b');
    matches(&UUID, text)
        && match version {
            None => true,
            Some('3') => digits.get(12) == Some(&'3'),
            Some(version) => digits.get(12) == Some(&version) && digits.get(16).is_some_and(variant),
        }
}

fn is_cidr(text: &str) -> bool {
    let Some((address, bits)) = text.split_once('/') else {
        return false;
    };
    let most = match address.parse::<IpAddr>() {
        Ok(IpAddr::V4(_)) => 32,
        Ok(IpAddr::V6(_)) => 128,
        Err(_) => return false,
    };
    bits.chars().all(|c| c.is_ascii_digit()) && bits.parse::<u8>().is_ok_and(|bits| bits <= most)
}

/// What an HTTP request line could ask for: an absolute URI, or a path.
fn is_request_uri(text: &str) -> bool {
    if text.is_empty() || text.chars().any(|c| c.is_ascii_control() || c == ' ') {
        return false;
    }
    if text.starts_with('/') {
        return true;
    }
    text.split_once(':').is_some_and(|(scheme, rest)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
            && !rest.is_empty()
    })
}

/// An address, alone or as `Name <address>`.
fn is_email(text: &str) -> bool {
    let text = text.trim();
    let address = match text.strip_suffix('>').and_then(|rest| rest.rsplit_once('<')) {
        Some((_, address)) => address,
        None => text,
    };
    let atom = |c: char| c.is_alphanumeric() || "!#$%&'*+/=?^_`{|}~-".contains(c);
    let dotted = |part: &str| part.split('.').all(|word| !word.is_empty() && word.chars().all(atom));
    address.rsplit_once('@').is_some_and(|(user, host)| dotted(user) && dotted(host))
}

/// Nanoseconds of a duration as Go writes it (`1h30m`), or in words (`2 days`).
pub(crate) fn parse_duration(text: &str) -> Option<i64> {
    parse_go_duration(text).or_else(|| parse_worded_duration(text))
}

/// Nanoseconds of `-1h30.5m`.
pub(crate) fn parse_go_duration(text: &str) -> Option<i64> {
    let (sign, mut rest) = match text.strip_prefix(['-', '+']) {
        Some(rest) => (if text.starts_with('-') { -1.0 } else { 1.0 }, rest),
        None => (1.0, text),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at(digits);
        let unit = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit);
        let nanos = match unit {
            "ns" => 1.0,
            "us" | "µs" | "μs" => 1e3,
            "ms" => 1e6,
            "s" => 1e9,
            "m" => 60e9,
            "h" => 3600e9,
            _ => return None,
        };
        total += number.parse::<f64>().ok()? * nanos;
        rest = tail;
    }
    in_range(sign * total)
}

fn parse_worded_duration(text: &str) -> Option<i64> {
    const UNITS: [(&[&str], &str, f64); 8] = [
        (&["ns"], "nano", 1.0),
        (&["us", "µs"], "micro", 1e3),
        (&["ms"], "milli", 1e6),
        (&["s"], "sec", 1e9),
        (&["m"], "min", 60e9),
        (&["h", "hr"], "hour", 3600e9),
        (&["d"], "day", 86_400e9),
        (&["w", "wk"], "week", 604_800e9),
    ];
    let mut total = None;
    for found in WORDED.as_ref()?.captures_iter(text) {
        let unit = found[2].to_lowercase();
        let known = UNITS.iter().find(|(short, long, _)| short.contains(&unit.as_str()) || unit.starts_with(long));
        if let Some((_, _, nanos)) = known {
            total = Some(total.unwrap_or(0.0) + found[1].parse::<f64>().ok()? * nanos);
        }
    }
    in_range(total?)
}

#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
fn in_range(nanos: f64) -> Option<i64> {
    (nanos.abs() < i64::MAX as f64).then_some(nanos as i64)
}
