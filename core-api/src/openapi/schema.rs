//! Schemas that come from the resources' own types.

use plexica_crds::{
    OperationStatus, PluginInstallSpec, PluginInstallStatus, PluginSpec, PluginStatus, TenantSpec, TenantStatus,
};
use schemars::{SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value};
use utoipa::{
    ToSchema,
    openapi::{Ref, RefOr, Schema},
};

/// Makes schemas whose parts stand beside utoipa's.
fn generator() -> SchemaGenerator {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    settings.into_generator()
}

macro_rules! from_resources {
    ($($function:ident $type:ty, $name:literal;)*) => {
        $(
            #[doc = concat!("A reference to ", $name, ".")]
            pub fn $function() -> RefOr<Schema> {
                RefOr::Ref(Ref::from_schema_name($name))
            }
        )*

        /// Makes all of them, and all they refer to. The order decides which of two types of one
        /// name gets a number.
        pub fn definitions() -> Map<String, Value> {
            let mut generator = generator();
            // Types with CEL rules give themselves where others give a reference.
            let own = [$(($name, generator.subschema_for::<$type>())),*];
            let mut definitions = generator.take_definitions(true);
            let own = own.into_iter().filter(|(_, schema)| schema.get("$ref").is_none());
            definitions.extend(own.map(|(name, schema)| (name.to_owned(), schema.to_value())));
            definitions
        }
    };
}

from_resources! {
    tenant_spec TenantSpec, "TenantSpec";
    tenant_status TenantStatus, "TenantStatus";
    plugin_spec PluginSpec, "PluginSpec";
    plugin_status PluginStatus, "PluginStatus";
    install_spec PluginInstallSpec, "PluginInstallSpec";
    install_status PluginInstallStatus, "PluginInstallStatus";
    plugin_reference plexica_crds::plugin_install::PluginReference, "PluginReference";
    isolation plexica_crds::plugin_install::Isolation, "Isolation";
    deletion_policy plexica_crds::tenant::DeletionPolicy, "DeletionPolicy";
    operation OperationStatus, "OperationStatus";
}

/// A merge patch of a tenant.
#[derive(ToSchema)]
#[allow(dead_code, reason = "describes a body that is handed on as it came")]
pub struct TenantPatch {
    /// Fields of `TenantSpec` to change.
    #[schema(value_type = Object)]
    spec: (),
}

/// A merge patch of an install.
#[derive(ToSchema)]
#[allow(dead_code, reason = "describes a body that is handed on as it came")]
pub struct InstallPatch {
    /// Fields of `PluginInstallSpec` to change.
    #[schema(value_type = Object)]
    spec: (),
}
