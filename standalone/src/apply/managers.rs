//! `metadata.managedFields`: who owns what.

use serde_json::{Map, Value, json};

use super::set::Set;
use super::wire;
use crate::manager::{Manager, Operation};
use crate::schema::text::go_json;

/// One entry of `managedFields`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) manager: String,
    pub(crate) applied: bool,
    pub(crate) api_version: String,
    pub(crate) subresource: String,
    pub(crate) time: Option<String>,
    pub(crate) fields: Set,
}

impl Entry {
    /// An entry that owns nothing yet.
    pub(crate) fn of(manager: &Manager) -> Self {
        let name = if manager.name.is_empty() { "unknown" } else { &manager.name };
        Self {
            manager: name.to_owned(),
            applied: manager.operation == Operation::Apply,
            api_version: manager.api_version.clone(),
            subresource: manager.subresource.clone().unwrap_or_default(),
            time: None,
            fields: Set::default(),
        }
    }

    /// Whether two entries are of one manager. One who applies is the same in any version.
    pub(crate) fn same_manager(&self, other: &Self) -> bool {
        self.manager == other.manager
            && self.applied == other.applied
            && self.subresource == other.subresource
            && (self.applied || self.api_version == other.api_version)
    }

    /// What entries are sorted by in conflicts.
    pub(crate) fn identifier(&self) -> String {
        let mut parts = vec![
            format!("\"manager\":{}", go_json(&json!(self.manager))),
            format!("\"operation\":\"{}\"", self.operation()),
        ];
        if !self.applied {
            parts.push(format!("\"apiVersion\":{}", go_json(&json!(self.api_version))));
        }
        if !self.subresource.is_empty() {
            parts.push(format!("\"subresource\":{}", go_json(&json!(self.subresource))));
        }
        format!("{{{}}}", parts.join(","))
    }

    fn operation(&self) -> &'static str {
        if self.applied { "Apply" } else { "Update" }
    }
}

/// The entries of an object.
#[derive(Debug, Clone, Default)]
pub(crate) struct Managers(pub(crate) Vec<Entry>);

impl Managers {
    /// Reads the entries of an object.
    pub(crate) fn read(object: &Value) -> Result<Self, String> {
        let list = object["metadata"]["managedFields"].as_array();
        let mut managers = Self::default();
        for (i, entry) in list.into_iter().flatten().enumerate() {
            let read = read_entry(entry, i)?;
            match managers.0.iter_mut().find(|known| known.same_manager(&read)) {
                Some(known) => *known = read,
                None => managers.0.push(read),
            }
        }
        Ok(managers)
    }

    /// Writes the entries into an object, sorted as the API server sorts them.
    pub(crate) fn write(mut self, object: &mut Value) {
        let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) else {
            return;
        };
        if self.0.is_empty() {
            metadata.remove("managedFields");
            return;
        }
        self.0.sort_by(|one, other| {
            let rank = |entry: &Entry| {
                (
                    entry.operation(),
                    entry.time.clone().unwrap_or_default(),
                    entry.manager.clone(),
                    entry.api_version.clone(),
                    entry.subresource.clone(),
                )
            };
            rank(one).cmp(&rank(other))
        });
        let entries = self.0.iter().map(write_entry).collect();
        metadata.insert("managedFields".to_owned(), Value::Array(entries));
    }

    /// The entry of a manager.
    pub(crate) fn find(&self, like: &Entry) -> Option<&Entry> {
        self.0.iter().find(|entry| entry.same_manager(like))
    }

    /// Replaces or adds the entry of a manager; one that owns nothing goes.
    pub(crate) fn put(&mut self, entry: Entry) {
        self.0.retain(|known| !known.same_manager(&entry));
        if !entry.fields.is_empty() {
            self.0.push(entry);
        }
    }

    /// Removes entries that own nothing.
    pub(crate) fn drop_empty(&mut self) {
        self.0.retain(|entry| !entry.fields.is_empty());
    }
}

fn read_entry(entry: &Value, at: usize) -> Result<Entry, String> {
    let text = |field: &str| entry[field].as_str().unwrap_or("").to_owned();
    let applied = match text("operation").as_str() {
        "Apply" => true,
        "Update" => false,
        _ => return Err("operation must be `Apply` or `Update`".to_owned()),
    };
    if text("apiVersion").is_empty() {
        return Err("apiVersion must not be empty".to_owned());
    }
    match text("fieldsType").as_str() {
        "FieldsV1" => {}
        "" => return Err(format!("missing fieldsType in managed fields entry {at}")),
        other => {
            return Err(format!("invalid fieldsType \"{other}\" in managed fields entry {at}"));
        }
    }
    let fields = match &entry["fieldsV1"] {
        Value::Null => Set::default(),
        fields => wire::read(fields)?,
    };
    Ok(Entry {
        manager: text("manager"),
        applied,
        api_version: text("apiVersion"),
        subresource: text("subresource"),
        time: entry["time"].as_str().map(str::to_owned),
        fields,
    })
}

fn write_entry(entry: &Entry) -> Value {
    let mut out = Map::new();
    let mut put = |name: &str, value: &str| {
        if !value.is_empty() {
            out.insert(name.to_owned(), value.into());
        }
    };
    put("apiVersion", &entry.api_version);
    put("fieldsType", "FieldsV1");
    put("manager", &entry.manager);
    put("operation", entry.operation());
    put("subresource", &entry.subresource);
    put("time", entry.time.as_deref().unwrap_or(""));
    out.insert("fieldsV1".to_owned(), wire::write(&entry.fields));
    Value::Object(out)
}
