//! The pure core: what the server does with one object, without storage and HTTP.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use plexica_standalone::apply::{self, ApplyError, PatchError};
use plexica_standalone::field_error::FieldError;
use plexica_standalone::kind::Kind;
use plexica_standalone::manager::{Manager, Operation};
use plexica_standalone::schema::{CompiledSchema, duplicate};
use serde_json::{Value, json};

use super::normal::normal;
use super::{Case, Resource, Step, Verb, complete};

/// The widget of the golden cases.
pub fn widget() -> Kind {
    let crd: CustomResourceDefinition = serde_json::from_str(include_str!("../golden/widgets.crd.json")).unwrap();
    Kind::from_crd(&crd).remove(0)
}

/// The kinds of the golden cases.
pub fn kinds() -> Vec<(Resource, Kind)> {
    vec![(Resource::Widget, widget())]
}

/// Answers each step of a case.
pub fn answers(schema: &CompiledSchema, case: &Case, name: &str) -> Vec<Value> {
    let mut server = Server { schema, resource: case.resource, object: None };
    case.steps
        .iter()
        .map(|step| {
            let (code, body) = match server.answer(step, name) {
                Ok(answer) => answer,
                Err(status) => (status["code"].as_u64().unwrap() as u16, status),
            };
            normal(code, &body, name)
        })
        .collect()
}

struct Server<'a> {
    schema: &'a CompiledSchema,
    resource: Resource,
    object: Option<Value>,
}

fn status(code: u16, reason: &str, message: &str) -> Value {
    json!({"kind": "Status", "code": code, "reason": if reason.is_empty() { Value::Null } else { json!(reason) }, "message": message})
}

impl Server<'_> {
    fn kind(&self) -> &Kind {
        self.schema.kind()
    }

    fn manager(&self, step: &Step) -> Manager {
        let applies = step.verb == Verb::Apply;
        Manager {
            name: step.manager.to_owned(),
            operation: if applies { Operation::Apply } else { Operation::Update },
            api_version: self.kind().api_version(),
            subresource: step.status.then(|| "status".to_owned()),
            // The recorded requests of one case were made within a second.
            time: "2026-01-01T00:00:00Z".to_owned(),
        }
    }

    fn invalid(&self, object: &Value, errors: &[FieldError]) -> Value {
        let mut messages: Vec<String> = Vec::new();
        for error in errors {
            if !messages.contains(&error.to_string()) {
                messages.push(error.to_string());
            }
        }
        let summary = match messages.as_slice() {
            [only] => only.clone(),
            many => format!("[{}]", many.join(", ")),
        };
        let causes: Vec<Value> = errors
            .iter()
            .map(|error| json!({"reason": error.cause.reason(), "message": error.message, "field": error.field}))
            .collect();
        let (found, name) = (object["kind"].as_str().unwrap(), object["metadata"]["name"].as_str().unwrap());
        let kind = Kind { kind: found.to_owned(), ..self.kind().clone() };
        let message = format!("{} {name:?} is invalid: {summary}", kind.group_kind());
        let mut status = status(422, "Invalid", &message);
        status["details"] = json!({"causes": causes});
        status
    }

    fn bad_request(&self, error: &str) -> Value {
        let kind = self.kind();
        status(
            400,
            "BadRequest",
            &format!("{} in version {:?} cannot be handled as a {}: {error}", kind.kind, kind.version, kind.kind),
        )
    }

    /// Reads an object as the server reads what it is sent.
    fn decode(&self, mut object: Value, step: &Step) -> Result<Value, Value> {
        let doubled = duplicate::fields(object.to_string().as_bytes());
        let unknown = self.schema.prune(&mut object).map_err(|error| self.bad_request(&error))?;
        let complaints: Vec<String> = doubled
            .iter()
            .map(|path| format!("duplicate field {path:?}"))
            .chain(unknown.iter().map(|path| format!("unknown field {path:?}")))
            .collect();
        if step.strict && !complaints.is_empty() {
            let error = format!("strict decoding error: {}", complaints.join(", "));
            return Err(self.bad_request(&error));
        }
        self.schema.default(&mut object);
        Ok(object)
    }

    fn answer(&mut self, step: &Step, name: &str) -> Result<(u16, Value), Value> {
        let mut body = complete(self.resource, name, step);
        if body["metadata"].is_object() && !matches!(step.verb, Verb::Json | Verb::Apply) {
            if self.resource.namespaced() {
                body["metadata"]["namespace"] = json!("default");
            } else {
                body["metadata"].as_object_mut().unwrap().remove("namespace");
            }
        }
        let Some(live) = self.object.clone() else {
            return self.create(step, body, name);
        };
        let manager = self.manager(step);
        let mut next = match step.verb {
            Verb::Create => {
                let resource = self.kind().resource();
                let message = format!("{resource} {name:?} already exists");
                return Err(status(409, "AlreadyExists", &message));
            }
            Verb::Apply => self.apply(&live, &body, &manager, step.force)?,
            Verb::Replace => {
                for field in ["uid", "creationTimestamp", "resourceVersion"] {
                    body["metadata"][field] = live["metadata"][field].clone();
                }
                self.track(step, &live, body)?
            }
            Verb::Merge => {
                let patched = apply::merge_patch(&live, &body).map_err(|error| unfit(&error))?;
                self.track(step, &live, patched)?
            }
            Verb::Json => {
                let patched = apply::json_patch(&live, &body).map_err(|error| unfit(&error))?;
                self.track(step, &live, patched)?
            }
            Verb::Strategic => {
                let patched = apply::strategic_merge(self.kind(), &live, &body).map_err(|error| unfit(&error))?;
                self.track(step, &live, patched)?
            }
        };
        let named = next["metadata"]["name"].as_str().unwrap_or("");
        if named != name {
            let message = format!("the name of the object ({named}) does not match the name on the URL ({name})");
            return Err(status(400, "BadRequest", &message));
        }
        if next["metadata"]["resourceVersion"] != live["metadata"]["resourceVersion"] {
            let resource = self.kind().resource();
            let message = format!(
                "Operation cannot be fulfilled on {resource} {name:?}: the object has been modified; please apply your changes to the latest version and try again"
            );
            return Err(status(409, "Conflict", &message));
        }
        self.keep_other_part(step, &live, &mut next);
        apply::settle_times(&live, &mut next);
        let errors = if step.status {
            self.schema.validate_status(&next, &live)
        } else {
            self.schema.validate_update(&next, &live)
        };
        if !errors.is_empty() {
            return Err(self.invalid(&next, &errors));
        }
        self.object = Some(next.clone());
        Ok((200, next))
    }

    fn apply(&self, live: &Value, body: &Value, manager: &Manager, force: bool) -> Result<Value, Value> {
        let mut merged = apply::server_side_apply(self.kind(), live, body, manager, force).map_err(refused)?;
        self.schema.default(&mut merged);
        Ok(merged)
    }

    fn track(&self, step: &Step, live: &Value, next: Value) -> Result<Value, Value> {
        let mut next = self.decode(next, step)?;
        apply::track_update(self.kind(), Some(live), &mut next, &self.manager(step));
        Ok(next)
    }

    /// The status is written at its own place only, and nothing else is written there.
    fn keep_other_part(&self, step: &Step, live: &Value, next: &mut Value) {
        if step.status {
            let mut kept = live.clone();
            kept["metadata"]["managedFields"] = next["metadata"]["managedFields"].clone();
            let written = next.as_object_mut().unwrap().remove("status");
            let map = kept.as_object_mut().unwrap();
            map.remove("status");
            map.extend(written.map(|status| ("status".to_owned(), status)));
            *next = kept;
        } else if self.kind().status_subresource {
            let map = next.as_object_mut().unwrap();
            map.remove("status");
            if let Some(status) = live.get("status") {
                map.insert("status".to_owned(), status.clone());
            }
        }
    }

    fn create(&mut self, step: &Step, body: Value, name: &str) -> Result<(u16, Value), Value> {
        let manager = self.manager(step);
        let mut object = match step.verb {
            Verb::Create => self.decode(body, step)?,
            Verb::Apply => {
                let mut live = json!({
                    "apiVersion": self.kind().api_version(),
                    "kind": self.kind().kind,
                    "metadata": {"name": name},
                });
                if self.resource.namespaced() {
                    live["metadata"]["namespace"] = json!("default");
                }
                self.apply(&live, &body, &manager, step.force)?
            }
            _ => {
                let message = format!("{} {name:?} not found", self.kind().resource());
                return Err(status(404, "NotFound", &message));
            }
        };
        if self.kind().status_subresource {
            object.as_object_mut().unwrap().remove("status");
        }
        object["metadata"]["uid"] = json!("00000000-0000-0000-0000-000000000000");
        object["metadata"]["creationTimestamp"] = json!("2026-01-01T00:00:00Z");
        if step.verb == Verb::Create {
            apply::track_update(self.kind(), None, &mut object, &manager);
        }
        let errors = self.schema.validate_create(&object);
        if !errors.is_empty() {
            return Err(self.invalid(&object, &errors));
        }
        object["metadata"]["resourceVersion"] = json!("7");
        self.object = Some(object.clone());
        Ok((201, object))
    }
}

fn refused(error: ApplyError) -> Value {
    match error {
        ApplyError::Conflict { message, causes } => {
            let mut status = status(409, "Conflict", &message);
            status["details"] = json!({"causes": causes});
            status
        }
        ApplyError::BadRequest(message) => status(400, "BadRequest", &message),
        ApplyError::Schema(message) => status(500, "", &message),
    }
}

fn unfit(error: &PatchError) -> Value {
    match error {
        PatchError::BadRequest(message) => status(400, "BadRequest", message),
        PatchError::Unprocessable(_) => status(422, "Invalid", &error.to_string()),
        PatchError::Failed(message) => status(500, "", message),
        PatchError::TooLarge(_) => status(413, "RequestEntityTooLarge", &error.to_string()),
    }
}
