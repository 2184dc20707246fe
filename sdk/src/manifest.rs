//! The manifest, put together in code.

use plexica_contract::{
    manifest::{
        Api, Configuration, Events, Frontend, Provision, Reload, Requirement, Resources, Runtime, Translations,
    },
    name::{NameError, PluginId, PluginVersion, VersionError},
};
use schemars::JsonSchema;

use crate::{Declaration, Permission};

/// Why a manifest cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// The id is no plugin id.
    #[error("the plugin's id {0:?} {1}")]
    Id(String, NameError),
    /// The version is no plugin version.
    #[error("the plugin's version {0:?} {1}")]
    Version(String, VersionError),
    /// A permission belongs to somebody else.
    #[error("the permission {0:?} must be <plugin id>:<resource>:<action>, beginning with \"{1}:\"")]
    Permission(String, PluginId),
    /// An event belongs to somebody else.
    #[error("the event {0:?} must begin with \"{1}.\": a plugin publishes only its own")]
    Event(String, PluginId),
    /// One permission key with two meanings.
    #[error("the permission {0:?} is declared twice, differently")]
    DeclaredTwice(String),
}

/// What a plugin declares about itself. It becomes the `Plugin` resource.
///
/// ```
/// use plexica_sdk::Manifest;
/// let manifest = Manifest::new("hello", "0.1.0").name("Hello").image("registry.example/hello:0.1.0");
/// assert_eq!(manifest.build()?.resource_name(), "hello-0.1.0");
/// # Ok::<(), plexica_sdk::ManifestError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Manifest {
    id: String,
    version: String,
    name: Option<String>,
    description: Option<String>,
    runtime: Runtime,
    requires: Vec<Requirement>,
    provides: Vec<Provision>,
    api: Option<Api>,
    permissions: Vec<Declaration>,
    events: Events,
    configuration: Option<Configuration>,
    reload: Reload,
    frontend: Option<Frontend>,
    translations: Option<Translations>,
}

impl Manifest {
    /// For a plugin of this id and version; `env!("CARGO_PKG_VERSION")` is a good version.
    pub fn new(id: impl Into<String>, version: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            version: version.into(),
            name: None,
            description: None,
            runtime: Runtime { port: 8080, replicas: 1, ..Runtime::default() },
            requires: Vec::new(),
            provides: Vec::new(),
            api: None,
            permissions: Vec::new(),
            events: Events::default(),
            configuration: None,
            reload: Reload::default(),
            frontend: None,
            translations: None,
        }
    }

    /// Name for people; the id if there is none.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// What it does, in a sentence.
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// The container image to run.
    pub fn image(mut self, image: impl Into<String>) -> Self {
        self.runtime.image = Some(image.into());
        self
    }

    /// Program and arguments for the process runner of dev mode.
    pub fn command<T: Into<String>>(mut self, command: impl IntoIterator<Item = T>) -> Self {
        self.runtime.command = command.into_iter().map(Into::into).collect();
        self
    }

    /// The port it listens on inside its container, if not 8080.
    pub fn port(mut self, port: u16) -> Self {
        self.runtime.port = port.into();
        self
    }

    /// How many copies of a `Shared` workload run, if not one.
    pub fn replicas(mut self, replicas: u8) -> Self {
        self.runtime.replicas = replicas.into();
        self
    }

    /// What its container asks for and may use.
    pub fn resources(mut self, resources: Resources) -> Self {
        self.runtime.resources = Some(resources);
        self
    }

    /// Another plugin that this one needs, by id and semver requirement.
    pub fn requires(mut self, plugin: impl Into<String>, version: impl Into<String>) -> Self {
        let plugin = Some(plugin.into());
        self.requires.push(Requirement { plugin, version: version.into(), ..Requirement::default() });
        self
    }

    /// Another plugin that this one uses if it is there, and then in a version that fits.
    pub fn requires_optionally(mut self, plugin: impl Into<String>, version: impl Into<String>) -> Self {
        let plugin = Some(plugin.into());
        self.requires.push(Requirement { plugin, version: version.into(), optional: true, ..Requirement::default() });
        self
    }

    /// An interface that this one needs, whichever plugin provides it.
    pub fn requires_interface(mut self, interface: impl Into<String>, version: impl Into<String>) -> Self {
        let interface = Some(interface.into());
        self.requires.push(Requirement { interface, version: version.into(), ..Requirement::default() });
        self
    }

    /// An interface that this one provides, in a semantic version of the interface's own.
    pub fn provides(mut self, interface: impl Into<String>, version: impl Into<String>) -> Self {
        self.provides.push(Provision { interface: interface.into(), version: version.into() });
        self
    }

    /// A permission that no route asks for by itself; those of routes are added without this.
    pub fn permission<P: Permission>(self) -> Self {
        self.declare(P::DECLARATION)
    }

    /// An event it publishes: `<plugin id>.<entity>.<event>`.
    pub fn publishes(mut self, event: impl Into<String>) -> Self {
        self.events.publishes.push(event.into());
        self
    }

    /// An event it wants delivered, of any plugin or of the platform.
    pub fn subscribes(mut self, event: impl Into<String>) -> Self {
        self.events.subscribes.push(event.into());
        self
    }

    /// Its part of the console.
    pub fn frontend(mut self, frontend: Frontend) -> Self {
        self.frontend = Some(frontend);
        self
    }

    /// Its texts: namespaces of keys, and languages.
    pub fn translations(mut self, translations: Translations) -> Self {
        self.translations = Some(translations);
        self
    }

    /// What a tenant may configure, as a type: its JSON Schema is what an install is checked
    /// against, and [`Tenant::config`](crate::Tenant::config) reads it back.
    pub fn configuration<T: JsonSchema>(mut self) -> Self {
        let schema = schemars::generate::SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>();
        self.configuration = Some(Configuration { schema: schema.to_value(), reload: Reload::default() });
        self
    }

    /// That processes are to be started again for another configuration, one beside the other, since
    /// they read it when they start. [`Plugin::on_config`](crate::Plugin::on_config) decides it from
    /// case to case.
    pub fn restart_on_config(self) -> Self {
        self.reload(Reload::Restart)
    }

    pub(crate) fn reload(mut self, reload: Reload) -> Self {
        self.reload = reload;
        self
    }

    pub(crate) fn declare(mut self, declaration: Declaration) -> Self {
        if !self.permissions.contains(&declaration) {
            self.permissions.push(declaration);
        }
        self
    }

    pub(crate) fn openapi(mut self, path: &str) -> Self {
        self.api = Some(Api { openapi: Some(path.to_owned()) });
        self
    }

    /// The manifest as the platform takes it.
    ///
    /// # Errors
    /// [`ManifestError`] says which part it would not take.
    pub fn build(self) -> Result<plexica_contract::manifest::Manifest, ManifestError> {
        let id: PluginId = self.id.parse().map_err(|why| ManifestError::Id(self.id.clone(), why))?;
        let version: PluginVersion =
            self.version.parse().map_err(|why| ManifestError::Version(self.version.clone(), why))?;
        for (index, declaration) in self.permissions.iter().enumerate() {
            let key = declaration.key;
            if !is_permission_of(&id, key) {
                return Err(ManifestError::Permission(key.to_owned(), id));
            }
            if self.permissions.iter().take(index).any(|earlier| earlier.key == key) {
                return Err(ManifestError::DeclaredTwice(key.to_owned()));
            }
        }
        if let Some(event) = self.events.publishes.iter().find(|event| !event.starts_with(&format!("{id}."))) {
            return Err(ManifestError::Event(event.clone(), id));
        }
        Ok(plexica_contract::manifest::Manifest {
            display_name: self.name.unwrap_or_else(|| self.id.clone()),
            id,
            version,
            description: self.description,
            runtime: self.runtime,
            requires: self.requires,
            provides: self.provides,
            api: self.api,
            permissions: self.permissions.into_iter().map(Into::into).collect(),
            events: (self.events != Events::default()).then_some(self.events),
            migrations: Vec::new(),
            configuration: self
                .configuration
                .map(|configuration| Configuration { reload: self.reload, ..configuration }),
            frontend: self.frontend,
            translations: self.translations,
        })
    }
}

/// `<plugin id>:<resource>:<action>`, as the `Plugin` resource demands.
fn is_permission_of(id: &PluginId, key: &str) -> bool {
    let word = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_lowercase())
            && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    };
    let parts: Vec<&str> = key.split(':').collect();
    matches!(parts[..], [owner, resource, action] if owner == id.as_str() && word(resource) && word(action))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_permission_a_key_is() {
        let id: PluginId = "crm".parse().unwrap();
        for (key, ours) in [
            ("crm:contacts:read", true),
            ("crm:deal-stages:write", true),
            ("crm:contacts", false),
            ("crm:contacts:read:all", false),
            ("files:contacts:read", false),
            ("crm:Contacts:read", false),
            ("crm::read", false),
            ("crm:contacts:*", false),
        ] {
            assert_eq!(is_permission_of(&id, key), ours, "{key}");
        }
    }

    #[test]
    fn every_part_can_be_said() {
        let frontend =
            Frontend { remote_entry: "/remote.js".into(), route_prefix: "/crm".into(), ..Frontend::default() };
        let translations = Translations { namespaces: vec!["crm".into()], locales: vec!["en".into(), "de".into()] };
        let manifest = Manifest::new("crm", "1.0.0")
            .port(9000)
            .replicas(3)
            .requires("files", "^1")
            .requires_optionally("mail", ">=2")
            .requires_interface("search.v1", "^1.2")
            .provides("contacts.v1", "1.0.0")
            .subscribes("files.file.deleted")
            .frontend(frontend.clone())
            .translations(translations.clone())
            .build()
            .unwrap();
        assert_eq!((manifest.runtime.port, manifest.runtime.replicas), (9000, 3));
        let needed = |one: &Requirement| (one.plugin.clone().or(one.interface.clone()).unwrap(), one.optional);
        let requires: Vec<_> = manifest.requires.iter().map(needed).collect();
        assert_eq!(requires, [("files", false), ("mail", true), ("search.v1", false)].map(|(a, b)| (a.to_owned(), b)));
        assert_eq!(manifest.provides[0].interface, "contacts.v1");
        assert_eq!(manifest.events.unwrap().subscribes, ["files.file.deleted"]);
        assert_eq!((manifest.frontend, manifest.translations), (Some(frontend), Some(translations)));
    }

    #[test]
    fn what_is_refused() {
        const HERS: Declaration = Declaration { key: "files:a:b", name: "", default_roles: &[] };
        const ONE: Declaration = Declaration { key: "crm:a:b", name: "One", default_roles: &[] };
        const OTHER: Declaration = Declaration { key: "crm:a:b", name: "Other", default_roles: &[] };
        let crm = || Manifest::new("crm", "1.0.0");
        assert!(crm().declare(ONE).declare(ONE).build().is_ok());
        assert!(matches!(Manifest::new("CRM", "1.0.0").build(), Err(ManifestError::Id(..))));
        assert!(matches!(Manifest::new("crm", "1.0").build(), Err(ManifestError::Version(..))));
        assert!(matches!(crm().declare(HERS).build(), Err(ManifestError::Permission(..))));
        assert!(matches!(crm().declare(ONE).declare(OTHER).build(), Err(ManifestError::DeclaredTwice(..))));
        assert!(matches!(crm().publishes("core.user.deleted").build(), Err(ManifestError::Event(..))));
    }
}
