//! The forms of names in Kubernetes, with the sentences the API server refuses others with.
//! Each function returns what is wrong; nothing means the name is good.

use std::sync::LazyLock;

use regex::Regex;

const LABEL: &str = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const SUBDOMAIN: &str = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
const QUALIFIED: &str = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const LABEL_VALUE: &str = "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?";
const CONFIG_KEY: &str = "[-._a-zA-Z0-9]+";

type Pattern = LazyLock<Option<Regex>>;

static LABEL_RE: Pattern = LazyLock::new(|| whole(LABEL));
static SUBDOMAIN_RE: Pattern = LazyLock::new(|| whole(SUBDOMAIN));
static QUALIFIED_RE: Pattern = LazyLock::new(|| whole(QUALIFIED));
static LABEL_VALUE_RE: Pattern = LazyLock::new(|| whole(LABEL_VALUE));
static CONFIG_KEY_RE: Pattern = LazyLock::new(|| whole(CONFIG_KEY));

/// A constant pattern; were it broken, it would accept nothing (and the tests would fail).
fn whole(pattern: &str) -> Option<Regex> {
    Regex::new(&format!("^{pattern}$")).ok()
}

fn fits(pattern: &Pattern, value: &str) -> bool {
    pattern.as_ref().is_some_and(|regex| regex.is_match(value))
}

fn explain(message: &str, pattern: &str, examples: &[&str]) -> String {
    let examples: Vec<String> = examples.iter().map(|one| format!("'{one}', ")).collect();
    format!("{message} (e.g. {}regex used for validation is '{pattern}')", examples.join(" or "))
}

fn too_long(limit: usize, unit: &str) -> String {
    format!("must be no more than {limit} {unit}")
}

/// A DNS label: the name of a namespace.
pub fn label(value: &str) -> Vec<String> {
    let mut errors = Vec::new();
    if value.len() > 63 {
        errors.push(too_long(63, "characters"));
    }
    if !fits(&LABEL_RE, value) {
        errors.push(if fits(&SUBDOMAIN_RE, value) {
            "must not contain dots".to_owned()
        } else {
            explain(
                "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
                LABEL,
                &["my-name", "123-abc"],
            )
        });
    }
    errors
}

/// A DNS subdomain: the name of most objects. `unit` is how the length is counted in messages.
fn subdomain_in(value: &str, unit: &str) -> Vec<String> {
    let mut errors = Vec::new();
    if value.len() > 253 {
        errors.push(too_long(253, unit));
    }
    if !fits(&SUBDOMAIN_RE, value) {
        errors.push(explain(
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
            SUBDOMAIN,
            &["example.com"],
        ));
    }
    errors
}

/// A DNS subdomain: the name of most objects.
pub fn subdomain(value: &str) -> Vec<String> {
    subdomain_in(value, "characters")
}

/// A label key: a name with an optional DNS prefix. Also annotation keys and finalizers.
pub fn qualified(value: &str) -> Vec<String> {
    const WORDS: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
    let mut errors = Vec::new();
    let form = || explain(WORDS, QUALIFIED, &["MyName", "my.name", "123-abc"]);
    let parts: Vec<&str> = value.split('/').collect();
    let name = match parts.as_slice() {
        [name] => *name,
        [prefix, name] => {
            if prefix.is_empty() {
                errors.push("prefix part must be non-empty".to_owned());
            } else {
                let wrong = subdomain_in(prefix, "bytes");
                errors.extend(wrong.iter().map(|one| format!("prefix part {one}")));
            }
            *name
        }
        _ => {
            return vec![format!(
                "a valid label key {} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')",
                form()
            )];
        }
    };
    if name.is_empty() {
        errors.push("name part must be non-empty".to_owned());
    } else if name.len() > 63 {
        errors.push(format!("name part {}", too_long(63, "bytes")));
    }
    if !fits(&QUALIFIED_RE, name) {
        errors.push(format!("name part {}", form()));
    }
    errors
}

/// The value of a label.
pub fn label_value(value: &str) -> Vec<String> {
    let mut errors = Vec::new();
    if value.len() > 63 {
        errors.push(too_long(63, "bytes"));
    }
    if !fits(&LABEL_VALUE_RE, value) {
        errors.push(explain(
            "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
            LABEL_VALUE,
            &["MyValue", "my_value", "12345"],
        ));
    }
    errors
}

/// A key of a Secret.
pub fn config_key(value: &str) -> Vec<String> {
    let mut errors = Vec::new();
    if value.len() > 253 {
        errors.push(too_long(253, "characters"));
    }
    if !fits(&CONFIG_KEY_RE, value) {
        errors.push(explain(
            "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
            CONFIG_KEY,
            &["key.name", "KEY_NAME", "key-name"],
        ));
    }
    if value == "." || value == ".." {
        errors.push(format!("must not be '{value}'"));
    } else if value.starts_with("..") {
        errors.push("must not start with '..'".to_owned());
    }
    errors
}

/// A `generateName` as if the random part were there: it may end in a dash.
pub(crate) fn mask_trailing_dash(prefix: &str) -> String {
    match prefix.strip_suffix('-') {
        Some(rest) if !rest.is_empty() => {
            let mut kept: String = rest.to_owned();
            kept.pop();
            kept.push('a');
            kept
        }
        _ => prefix.to_owned(),
    }
}
