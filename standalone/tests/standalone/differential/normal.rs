//! What two servers cannot agree on is taken out of their answers.

use serde_json::Value;

/// Takes out uids, versions, times, ages and generated names.
pub fn value(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (name, member) in map.iter_mut() {
                let made_up = matches!(
                    name.as_str(),
                    "uid"
                        | "resourceVersion"
                        | "continue"
                        | "time"
                        | "creationTimestamp"
                        | "deletionTimestamp"
                        | "lastTransitionTime"
                );
                if made_up && member.as_str().is_some_and(|text| !text.is_empty()) {
                    *member = "…".into();
                } else {
                    self::value(member);
                }
            }
            // Ages in the cells of a table.
            for cell in map.get_mut("cells").and_then(Value::as_array_mut).into_iter().flatten() {
                if let Some(text) = cell.as_str() {
                    *cell = replace(text, r"^\d+(ms|s|m|h|d)(\d+(s|m|h))?$", "AGE").into();
                }
            }
            // Go iterates its maps at random, and so do its lists of errors.
            if let Some(causes) = map.get_mut("causes").and_then(Value::as_array_mut) {
                causes.sort_by_key(ToString::to_string);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(self::value),
        Value::String(text) => *text = self::text(text),
        _ => {}
    }
}

/// The same inside of texts, with the items of a list of errors in order.
pub fn text(text: &str) -> String {
    let text = replace(text, r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "UID");
    let text = replace(&text, r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "TIME");
    let text = replace(&text, r#"(resourceVersion\\*"?: ?\\*"?)\d+"#, "${1}N");
    let text = replace(&text, r"in record \(\d+\)", "in record (N)");
    let text = replace(&text, r"current: \d+", "current: N");
    let text = replace(&text, r"(too old resource version: \d+) \(\d+\)", "$1 (N)");
    match text.split_once("is invalid: [") {
        Some((head, tail)) => {
            let mut errors: Vec<&str> = tail.trim_end_matches(']').split(", ").collect();
            errors.sort_unstable();
            format!("{head}is invalid: [{}]", errors.join(", "))
        }
        None => text,
    }
}

/// What a command printed: also ages and the address of the server.
pub fn output(printed: &str) -> String {
    let printed = text(printed);
    let printed = replace(&printed, r"https://127\.0\.0\.1:\d+", "SERVER");
    let printed = replace(&printed, r"(?m)\b\d+(ms|s|m|h|d)(\d+s)?\b( ago)?", "AGE");
    let printed = replace(&printed, r"(?m)(Creation Timestamp|Time|Last Transition Time):\s+\S+", "$1: TIME");
    let printed = replace(&printed, r"Resource Version:\s+\d+", "Resource Version: N");
    let printed = replace(&printed, r"resourceVersion: .\d+.", "resourceVersion: N");
    let printed = replace(&printed, r"kubectl-edit-[\w.]+", "FILE");
    // Columns are as wide as what was taken out.
    replace(&printed, r" {2,}", "  ").lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

fn replace(text: &str, pattern: &str, with: &str) -> String {
    regex::Regex::new(pattern).expect("a pattern").replace_all(text, with).into_owned()
}
