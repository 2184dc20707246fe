//! What the files say, as the API server would store it.

use std::sync::Arc;

use k8s_openapi::{apimachinery::pkg::apis::meta::v1::Time, jiff::Timestamp};
use kube::{
    Client, ResourceExt,
    api::{Patch, PatchParams},
    core::DynamicObject,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::{
    error::Error,
    resource::{apply::FIELD_MANAGER, kind},
    state::State,
};

/// The state there would be, and what of it is in the files.
#[derive(Debug, Default)]
pub struct Wanted {
    pub after: State,
    pub named: Vec<Named>,
}

/// A resource of the files.
#[derive(Clone, Debug)]
pub struct Named {
    pub kind: String,
    pub namespace: Option<String>,
    pub name: String,
    /// What it said before, if it was there.
    pub before: Option<Value>,
    /// What it says after, or why the API server refuses it.
    pub after: Result<Value, String>,
}

impl Named {
    /// `plugininstall/tenant-acme/crm`.
    pub fn display(&self) -> String {
        let parts = [Some(self.kind.to_lowercase()), self.namespace.clone(), Some(self.name.clone())];
        parts.into_iter().flatten().collect::<Vec<_>>().join("/")
    }
}

/// Applies all of them dry, and puts them into the state.
pub async fn wanted(
    client: &Client,
    objects: Vec<DynamicObject>,
    fallback: &str,
    before: &State,
) -> Result<Wanted, Error> {
    let mut wanted = Wanted { after: before.clone(), named: Vec::new() };
    for mut object in objects {
        let kind = kind::Kind::of_object(client, &object).await?;
        let namespace = object.namespace().unwrap_or_else(|| fallback.to_owned());
        let name = object.name_any();
        let api = kind.api(client.clone(), &namespace);
        let params = PatchParams::apply(FIELD_MANAGER).force().validation_strict().dry_run();
        let earlier = api.get_opt(&name).await?;
        let own = kind.resource.group == plexica_crds::GROUP;
        let applied = match api.patch(&name, &params, &Patch::Apply(&object)).await {
            Ok(applied) => Ok(applied),
            // Its namespace comes with its tenant: then the schema's defaults are the types' own.
            Err(kube::Error::Api(status)) if status.code == 404 && kind.is_namespaced() => {
                object.metadata.namespace = Some(namespace.clone());
                Ok(object)
            }
            Err(kube::Error::Api(status)) => Err(status.message.clone()),
            Err(error) => return Err(error.into()),
        };
        if let (Ok(applied), true) = (&applied, own) {
            put(&mut wanted.after, applied, earlier.as_ref())?;
        }
        wanted.named.push(Named {
            kind: kind.resource.kind.clone(),
            namespace: kind.is_namespaced().then_some(namespace),
            name,
            before: earlier.as_ref().map(said),
            after: applied.as_ref().map(said).map_err(Clone::clone),
        });
    }
    Ok(wanted)
}

/// What people say of a resource: all but its status and what the API server adds.
fn said(object: &DynamicObject) -> Value {
    let mut said = object.data.clone();
    if let Some(said) = said.as_object_mut() {
        said.remove("status");
    }
    said["labels"] = json!(object.labels());
    said["annotations"] = json!(object.annotations());
    said
}

fn put(state: &mut State, applied: &DynamicObject, earlier: Option<&DynamicObject>) -> Result<(), Error> {
    let mut applied = applied.clone();
    // As young as can be: an older install of the same plugin is in force.
    applied.metadata.creation_timestamp.get_or_insert_with(|| Time(Timestamp::now()));
    // A dry run answers with the status that there is; what is not there has none.
    if let Some(status) = earlier.and_then(|earlier| earlier.data.get("status")) {
        applied.data["status"] = status.clone();
    }
    match applied.types.as_ref().map(|types| types.kind.as_str()) {
        Some("Tenant") => replace(&mut state.tenants, typed(&applied)?),
        Some("Plugin") => replace(&mut state.plugins, typed(&applied)?),
        Some("PluginInstall") => replace(&mut state.installs, typed(&applied)?),
        _ => {}
    }
    Ok(())
}

fn typed<K: DeserializeOwned>(object: &DynamicObject) -> Result<K, Error> {
    let value = serde_json::to_value(object).map_err(|error| Error::Output(error.to_string()))?;
    serde_json::from_value(value)
        .map_err(|error| Error::Malformed { file: object.name_any(), reason: error.to_string() })
}

fn replace<K: ResourceExt>(list: &mut Vec<Arc<K>>, object: K) {
    list.retain(|one| (one.namespace(), one.name_any()) != (object.namespace(), object.name_any()));
    list.push(Arc::new(object));
}
