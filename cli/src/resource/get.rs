//! `plexica get KIND [NAME…]`

use clap::ValueEnum;
use kube::{Client, core::DynamicObject};
use serde::Deserialize;

use super::kind::{self, Kind};
use crate::{cluster, error::Error, table::columns};

/// What to show.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Kind, and names if not all are wanted: `tenants`, `tenant acme`, `tenant/acme`.
    #[arg(required = true)]
    targets: Vec<String>,
    /// How to show it.
    #[arg(short, long, value_enum, default_value_t = Output::Table)]
    output: Output,
    /// Namespace of namespaced resources.
    #[arg(short, long)]
    namespace: Option<String>,
    /// All namespaces.
    #[arg(short = 'A', long)]
    all_namespaces: bool,
    #[command(flatten)]
    cluster: cluster::Connection,
}

/// How to show resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Output {
    /// Columns, as the API server prints them.
    Table,
    /// Columns, with those for people who look closer.
    Wide,
    /// YAML documents.
    Yaml,
    /// One JSON value.
    Json,
    /// Names.
    Name,
}

/// The API server's own table (`meta.k8s.io/v1` Table).
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Table {
    column_definitions: Vec<Column>,
    #[serde(default)]
    rows: Vec<Row>,
}

#[derive(Debug, Deserialize)]
struct Column {
    name: String,
    #[serde(default)]
    priority: i32,
}

#[derive(Debug, Deserialize)]
struct Row {
    cells: Vec<serde_json::Value>,
    #[serde(default)]
    object: serde_json::Value,
}

/// Prints them.
pub async fn run(options: Options) -> Result<(), Error> {
    let (word, names) = kind::targets(&options.targets)?;
    let (client, default_namespace) = options.cluster.connect().await?;
    let kind = Kind::of_word(&client, &word).await?;
    let namespace = options.namespace.clone().unwrap_or(default_namespace);
    if matches!(options.output, Output::Table | Output::Wide) {
        return tables(&options, &client, &kind, &namespace, &names).await;
    }
    let objects = objects(&options, &client, &kind, &namespace, &names).await?;
    match options.output {
        Output::Name => {
            for object in &objects {
                println!("{}", kind.display(object.metadata.name.as_deref().unwrap_or("")));
            }
        }
        Output::Json => println!("{}", json(objects, names.len() == 1)?),
        _ => {
            for object in &objects {
                println!(
                    "---\n{}",
                    serde_saphyr::to_string(object).map_err(|error| Error::Output(error.to_string()))?.trim_end()
                );
            }
        }
    }
    Ok(())
}

fn json(mut objects: Vec<DynamicObject>, single: bool) -> Result<String, Error> {
    let value = match objects.pop() {
        Some(object) if single => serde_json::to_value(object),
        last => {
            objects.extend(last);
            Ok(serde_json::json!({"apiVersion": "v1", "kind": "List", "items": objects}))
        }
    };
    value.and_then(|value| serde_json::to_string_pretty(&value)).map_err(|error| Error::Output(error.to_string()))
}

async fn objects(
    options: &Options,
    client: &Client,
    kind: &Kind,
    namespace: &str,
    names: &[String],
) -> Result<Vec<DynamicObject>, Error> {
    let api = if options.all_namespaces {
        kube::Api::all_with(client.clone(), &kind.resource)
    } else {
        kind.api(client.clone(), namespace)
    };
    let mut objects = Vec::new();
    if names.is_empty() {
        objects = api.list(&kube::api::ListParams::default()).await?.items;
    }
    for name in names {
        objects.push(api.get(name).await?);
    }
    for object in &mut objects {
        // A list's items carry no type of their own, and managed fields are noise to a reader.
        object.types.get_or_insert_with(|| kube::core::TypeMeta {
            api_version: kind.resource.api_version.clone(),
            kind: kind.resource.kind.clone(),
        });
        object.metadata.managed_fields = None;
    }
    Ok(objects)
}

async fn tables(
    options: &Options,
    client: &Client,
    kind: &Kind,
    namespace: &str,
    names: &[String],
) -> Result<(), Error> {
    let base = if options.all_namespaces {
        kube::Api::<DynamicObject>::all_with(client.clone(), &kind.resource).resource_url().to_owned()
    } else {
        kind.api(client.clone(), namespace).resource_url().to_owned()
    };
    let urls = if names.is_empty() { vec![base] } else { names.iter().map(|name| format!("{base}/{name}")).collect() };
    let mut whole: Option<Table> = None;
    for url in urls {
        let request = http::Request::get(&url)
            .header(http::header::ACCEPT, "application/json;as=Table;v=v1;g=meta.k8s.io")
            .body(Vec::new())
            .map_err(|error| Error::Output(error.to_string()))?;
        let table: Table = client.request(request).await?;
        match &mut whole {
            Some(whole) => whole.rows.extend(table.rows),
            None => whole = Some(table),
        }
    }
    match whole {
        Some(table) if !table.rows.is_empty() => {
            print!("{}", layout(&table, options.output == Output::Wide, options.all_namespaces));
        }
        _ => eprintln!("No resources found."),
    }
    Ok(())
}

/// Columns three spaces apart, as kubectl prints them.
fn layout(table: &Table, wide: bool, namespaces: bool) -> String {
    let shown: Vec<usize> =
        (0..table.column_definitions.len()).filter(|&i| wide || table.column_definitions[i].priority == 0).collect();
    let mut lines: Vec<Vec<String>> = Vec::with_capacity(table.rows.len() + 1);
    let mut header: Vec<String> = shown.iter().map(|&i| table.column_definitions[i].name.to_uppercase()).collect();
    if namespaces {
        header.insert(0, "NAMESPACE".into());
    }
    lines.push(header);
    for row in &table.rows {
        let mut line: Vec<String> = shown.iter().map(|&i| cell(row.cells.get(i))).collect();
        if namespaces {
            line.insert(0, cell(row.object.pointer("/metadata/namespace")));
        }
        lines.push(line);
    }
    columns(&lines)
}

fn cell(value: Option<&serde_json::Value>) -> String {
    match value {
        None | Some(serde_json::Value::Null) => String::new(),
        Some(serde_json::Value::String(text)) => text.lines().next().unwrap_or("").to_owned(),
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn columns_line_up_and_wide_ones_are_asked_for() -> Result<(), serde_json::Error> {
        let table: Table = serde_json::from_value(json!({
            "columnDefinitions": [{"name": "Name"}, {"name": "Ready"}, {"name": "Message", "priority": 1}],
            "rows": [
                {"cells": ["acme", "True", "all parts are ready"]},
                {"cells": ["a-long-name", null, ""]},
            ],
        }))?;
        assert_eq!(layout(&table, false, false), "NAME          READY\nacme          True\na-long-name\n");
        assert!(layout(&table, true, false).contains("MESSAGE"));
        Ok(())
    }
}
