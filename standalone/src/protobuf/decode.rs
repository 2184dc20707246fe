//! Reading the wire format, by a table of fields.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

/// What a field holds.
#[derive(Clone, Copy)]
pub(super) enum Holds {
    Text,
    Texts,
    Flag,
    /// A number that is left out when it is zero.
    Number,
    /// A number that is there even when it is zero.
    OptionalNumber,
    /// Base64 in JSON.
    BytesMap,
    TextMap,
    /// Seconds and nanoseconds, written with whole seconds.
    Time,
    /// The same, written with microseconds.
    MicroTime,
    /// JSON inside a message of one field.
    Json,
    Message(&'static [Field]),
    Messages(&'static [Field]),
}

/// A field: its number, its JSON name, what it holds.
pub(super) type Field = (u32, &'static str, Holds);

/// A value on the wire.
pub(super) enum Wire<'a> {
    Varint(u64),
    Bytes(&'a [u8]),
    Other,
}

/// Reads fields one after the other.
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The next field, `None` at the end.
    pub(super) fn field(&mut self) -> Result<Option<(u32, Wire<'a>)>, String> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let key = self.varint()?;
        let number = u32::try_from(key >> 3).map_err(|_| "illegal tag".to_owned())?;
        let value = match key & 7 {
            0 => Wire::Varint(self.varint()?),
            1 => {
                self.take(8)?;
                Wire::Other
            }
            2 => {
                let length = self.varint()?;
                let length = usize::try_from(length).map_err(|_| truncated())?;
                Wire::Bytes(self.take(length)?)
            }
            5 => {
                self.take(4)?;
                Wire::Other
            }
            _ => return Err("illegal wire type".into()),
        };
        Ok(Some((number, value)))
    }

    fn varint(&mut self) -> Result<u64, String> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = *self.take(1)?.first().ok_or_else(truncated)?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err("integer overflow".into())
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], String> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or_else(truncated)?;
        self.0 = rest;
        Ok(taken)
    }
}

fn truncated() -> String {
    "unexpected EOF".into()
}

pub(super) fn text(bytes: &[u8]) -> Result<String, String> {
    String::from_utf8(bytes.to_vec()).map_err(|_| "invalid UTF-8".into())
}

/// A message as the JSON object it stands for. Go writes empty texts, too; JSON leaves them out.
pub(super) fn message(fields: &[Field], bytes: &[u8]) -> Result<Value, String> {
    let mut object = Map::new();
    let mut reader = Reader::new(bytes);
    while let Some((number, wire)) = reader.field()? {
        let Some((_, name, holds)) = fields.iter().find(|(known, ..)| *known == number) else {
            continue;
        };
        add(&mut object, name, *holds, &wire)?;
    }
    Ok(Value::Object(object))
}

fn add(object: &mut Map<String, Value>, name: &str, holds: Holds, wire: &Wire<'_>) -> Result<(), String> {
    let single = match (holds, wire) {
        (Holds::Flag, Wire::Varint(value)) => Some(Value::Bool(*value != 0)),
        (Holds::Number, Wire::Varint(0)) => None,
        (Holds::Number | Holds::OptionalNumber, Wire::Varint(value)) => Some(Value::from(value.cast_signed())),
        (Holds::Text, Wire::Bytes(bytes)) => {
            let text = text(bytes)?;
            (!text.is_empty()).then(|| text.into())
        }
        (Holds::Time, Wire::Bytes(bytes)) => time(bytes, false)?,
        (Holds::MicroTime, Wire::Bytes(bytes)) => time(bytes, true)?,
        (Holds::Message(fields), Wire::Bytes(bytes)) => Some(message(fields, bytes)?),
        (Holds::Json, Wire::Bytes(bytes)) => inner_json(bytes)?,
        (Holds::Texts, Wire::Bytes(bytes)) => return push(object, name, text(bytes)?.into()),
        (Holds::Messages(fields), Wire::Bytes(bytes)) => {
            return push(object, name, message(fields, bytes)?);
        }
        (Holds::TextMap | Holds::BytesMap, Wire::Bytes(bytes)) => {
            let (key, value) = entry(bytes, matches!(holds, Holds::BytesMap))?;
            let map = object.entry(name).or_insert_with(|| Map::new().into());
            if let Some(map) = map.as_object_mut() {
                map.insert(key, value.into());
            }
            None
        }
        _ => return Err(format!("wrong wire type of {name}")),
    };
    if let Some(value) = single {
        object.insert(name.to_owned(), value);
    }
    Ok(())
}

fn push(object: &mut Map<String, Value>, name: &str, value: Value) -> Result<(), String> {
    let list = object.entry(name).or_insert_with(|| Value::Array(Vec::new()));
    let list = list.as_array_mut().ok_or_else(|| format!("{name} is not a list"))?;
    list.push(value);
    Ok(())
}

fn entry(bytes: &[u8], encoded: bool) -> Result<(String, String), String> {
    let (mut key, mut value) = (String::new(), String::new());
    let mut reader = Reader::new(bytes);
    while let Some((number, wire)) = reader.field()? {
        match (number, wire) {
            (1, Wire::Bytes(bytes)) => key = text(bytes)?,
            (2, Wire::Bytes(bytes)) if encoded => value = STANDARD.encode(bytes),
            (2, Wire::Bytes(bytes)) => value = text(bytes)?,
            _ => {}
        }
    }
    Ok((key, value))
}

/// A time; the zero time is an empty message and no value.
fn time(bytes: &[u8], micro: bool) -> Result<Option<Value>, String> {
    let (mut seconds, mut nanos) = (None, 0_i64);
    let mut reader = Reader::new(bytes);
    while let Some((number, wire)) = reader.field()? {
        match (number, wire) {
            (1, Wire::Varint(value)) => seconds = Some(value.cast_signed()),
            (2, Wire::Varint(value)) => nanos = value.cast_signed(),
            _ => {}
        }
    }
    let Some(seconds) = seconds else { return Ok(None) };
    let nanos = i32::try_from(nanos).map_err(|_| "time out of range".to_owned())?;
    let time = jiff::Timestamp::new(seconds, nanos).map_err(|_| "time out of range".to_owned())?;
    let form = if micro { "%Y-%m-%dT%H:%M:%S%.6fZ" } else { "%Y-%m-%dT%H:%M:%SZ" };
    Ok(Some(time.strftime(form).to_string().into()))
}

fn inner_json(bytes: &[u8]) -> Result<Option<Value>, String> {
    let mut reader = Reader::new(bytes);
    while let Some((number, wire)) = reader.field()? {
        if let (1, Wire::Bytes(bytes)) = (number, wire) {
            return serde_json::from_slice(bytes).map(Some).map_err(|error| error.to_string());
        }
    }
    Ok(None)
}
