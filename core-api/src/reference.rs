//! The reference page, `docs/api.md`, made from the description.

use std::fmt::{self, Write};

use serde_json::{Map, Value};

const HEAD: &str = "# Core API

Made from the OpenAPI description (`/api/openapi.json` at the gateway) by
`UPDATE=1 cargo test -p plexica-core-api --test openapi`; do not edit.

Requests carry an access token of the tenant's realm or of the platform's: `Authorization: Bearer …`. Lists take `limit`
and `continue`; resources have an `ETag`, and changes take it as `If-Match`. Errors are
`{\"error\": {\"code\", \"message\", \"details\": [{\"field\", \"message\"}], \"correlationId\"}}`:

| status | code | |
|---|---|---|
| 400 | `BAD_REQUEST` | the request cannot be understood; `details` name the fields |
| 401 | `UNAUTHENTICATED` | no token, or one that does not hold |
| 403 | `FORBIDDEN` | the caller may not do this |
| 404 | `NOT_FOUND` | not there, or not the caller's: the two look the same |
| 409 | `CONFLICT` | it contradicts what is there, or it was changed since it was read (`If-Match`) |
| 409 | `IN_USE` | others that stay need it; the message names them |
| 413, 415 | `PAYLOAD_TOO_LARGE`, `UNSUPPORTED_MEDIA_TYPE` | the body is too large, or of another type |
| 422 | `UNPROCESSABLE` | it breaks rules; `details` name the fields |
| 503 | `UNAVAILABLE` | a part is not reachable; trying again may help |
";

/// The page.
///
/// # Errors
/// Never: texts can always be written.
pub fn render(document: &Value) -> Result<String, fmt::Error> {
    let mut page = HEAD.to_owned();
    for tag in document["tags"].as_array().into_iter().flatten() {
        let name = text(&tag["name"]);
        write!(page, "\n## {name}\n\n{}.\n", text(&tag["description"]))?;
        for (path, methods) in object(&document["paths"]) {
            for (method, operation) in object(methods) {
                if operation["tags"][0] == tag["name"] {
                    render_operation(&mut page, path, method, operation)?;
                }
            }
        }
    }
    page.push_str("\n## Types\n");
    for (name, schema) in object(&document["components"]["schemas"]) {
        render_type(&mut page, name, schema)?;
    }
    Ok(page)
}

fn render_operation(page: &mut String, path: &str, method: &str, operation: &Value) -> fmt::Result {
    write!(page, "\n### {}\n\n`{} {path}`\n", text(&operation["summary"]), method.to_uppercase())?;
    let description = text(&operation["description"]);
    if !description.is_empty() {
        write!(page, "\n{description}\n")?;
    }
    page.push_str("\n| | | |\n|---|---|---|\n");
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let required = if parameter["required"] == true { ", required" } else { "" };
        let (name, place, about) = (text(&parameter["name"]), text(&parameter["in"]), text(&parameter["description"]));
        writeln!(page, "| `{name}` | {place}{required} | {about} |")?;
    }
    for (content_type, body) in object(&operation["requestBody"]["content"]) {
        writeln!(page, "| body | `{content_type}` | {} |", reference(&body["schema"]))?;
    }
    // Failures are the same everywhere and stand at the beginning.
    for (status, response) in object(&operation["responses"]).iter().filter(|(status, _)| status.starts_with('2')) {
        let body = reference(&response["content"]["application/json"]["schema"]);
        writeln!(page, "| {status} | {body} | {} |", text(&response["description"]))?;
    }
    Ok(())
}

fn render_type(page: &mut String, name: &str, schema: &Value) -> fmt::Result {
    write!(page, "\n### {name}\n")?;
    if let Some(description) = schema["description"].as_str() {
        write!(page, "\n{}\n", one_line(description))?;
    }
    let values: Vec<String> = variants(schema).map(|value| format!("`{value}`")).collect();
    if !values.is_empty() {
        write!(page, "\nOne of {}.\n", values.join(", "))?;
    }
    let fields = object(&schema["properties"]);
    if fields.is_empty() {
        return Ok(());
    }
    page.push_str("\n| field | type | |\n|---|---|---|\n");
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for (field, schema) in fields {
        let needed = if required.contains(&field.as_str()) { ", required" } else { "" };
        writeln!(page, "| `{field}` | {}{needed} | {} |", kind(schema), one_line(text(&schema["description"])))?;
    }
    Ok(())
}

/// Values of an enum, written as a list or one by one with a description each.
fn variants(schema: &Value) -> impl Iterator<Item = &str> {
    let list = schema["enum"].as_array().into_iter().flatten();
    let described = schema["oneOf"].as_array().into_iter().flatten().map(|variant| &variant["const"]);
    list.chain(described).filter_map(Value::as_str)
}

fn kind(schema: &Value) -> String {
    if let Some(of_several) = schema["anyOf"].as_array().or_else(|| schema["oneOf"].as_array()) {
        let kinds: Vec<String> = of_several.iter().filter(|one| one["type"] != "null").map(kind).collect();
        return kinds.join(" or ");
    }
    let named = reference(schema);
    if !named.is_empty() {
        return named;
    }
    let base = match &schema["type"] {
        Value::Array(types) => types.iter().filter_map(Value::as_str).find(|one| *one != "null").unwrap_or("any"),
        other => other.as_str().unwrap_or("any"),
    };
    if base == "array" { format!("list of {}", kind(&schema["items"])) } else { base.to_owned() }
}

fn reference(schema: &Value) -> String {
    let name = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next());
    name.map(|name| format!("[{name}](#{})", name.to_lowercase().replace('.', ""))).unwrap_or_default()
}

fn object(value: &Value) -> &Map<String, Value> {
    static EMPTY: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
    value.as_object().unwrap_or(&EMPTY)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// A table's cell has one line and no bars.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}
