//! Answers without what differs from run to run.

use serde_json::{Value, json};

/// The part of an answer that has to be the same. Errors of one object come in any order.
pub fn normal(code: u16, body: &Value, name: &str) -> Value {
    let text = body.to_string().replace(name, "NAME");
    let mut body: Value = serde_json::from_str(&text).unwrap();
    if body["kind"] == "Status" {
        return status(code, &body);
    }
    if let Some(metadata) = body["metadata"].as_object_mut() {
        for field in ["uid", "resourceVersion", "creationTimestamp", "generation", "namespace"] {
            metadata.remove(field);
        }
        if let Some(entries) = metadata.get_mut("managedFields").and_then(Value::as_array_mut) {
            for entry in entries.iter_mut() {
                let timed = entry["time"].is_string();
                let entry = entry.as_object_mut().unwrap();
                entry.remove("time");
                entry.insert("timed".to_owned(), json!(timed));
            }
            // Entries are sorted by time, and requests of one second have the same.
            entries.sort_by_key(|entry| format!("{}{}{}", entry["operation"], entry["manager"], entry["subresource"]));
        }
    }
    json!({"code": code, "object": body})
}

fn status(code: u16, body: &Value) -> Value {
    let mut causes: Vec<Value> = body["details"]["causes"].as_array().cloned().unwrap_or_default();
    causes.sort_by_key(Value::to_string);
    let message = body["message"].as_str().unwrap_or("");
    // With several causes the message lists them in any order; the causes say it all.
    let message = match (causes.len(), message.split_once(": [")) {
        (0 | 1, _) | (_, None) => message.to_owned(),
        (_, Some((start, _))) => start.to_owned(),
    };
    let mut lines: Vec<&str> = message.lines().collect();
    if lines.len() > 1 {
        lines[1..].sort_unstable();
    }
    json!({
        "code": code,
        "reason": body["reason"],
        "message": lines.join("\n"),
        "causes": causes,
    })
}
