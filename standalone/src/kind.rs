//! What the server knows about one served kind; everything generic is driven by it.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{CustomResourceDefinition, JSONSchemaProps};

/// One served kind in one version.
#[derive(Clone, Debug, Default)]
pub struct Kind {
    /// API group, empty for the core group.
    pub group: String,
    /// Version inside the group.
    pub version: String,
    /// Resource name as in the path, for example `tenants`.
    pub plural: String,
    /// Singular form, as kubectl accepts it.
    pub singular: String,
    /// Kind as in `kind:`.
    pub kind: String,
    /// Kind of lists.
    pub list_kind: String,
    /// Short names, for example `tn`.
    pub short_names: Vec<String>,
    /// Categories, for example `all`.
    pub categories: Vec<String>,
    /// Whether objects live in a namespace.
    pub namespaced: bool,
    /// Structural schema of the whole object (`metadata` left open, as in a CRD).
    /// Built-in kinds have one too, with references resolved.
    pub schema: Option<JSONSchemaProps>,
    /// Whether `/status` is a subresource (and so left out of ordinary writes).
    pub status_subresource: bool,
    /// Printer columns after `Name`; empty means `Age` alone, as for CRDs without any.
    pub columns: Vec<Column>,
    /// What may be selected by field, beside name and namespace: the field, and the JSON pointer to it
    /// (`selectableFields` of a CRD, KEP-4358). Those of built-in kinds are in [`crate::builtin`].
    pub selectable_fields: Vec<(String, String)>,
    /// Whether it comes from a custom resource definition (else built in).
    pub custom: bool,
}

/// One printer column (`additionalPrinterColumns` of a CRD).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Column {
    /// Heading.
    pub name: String,
    /// `string`, `integer`, `number`, `boolean` or `date`.
    pub type_: String,
    /// OpenAPI format, often empty.
    pub format: String,
    /// What it means.
    pub description: String,
    /// 0 is always shown; above 0 only with `-o wide`.
    pub priority: i32,
    /// Simple `JSONPath`, for example `.status.phase`.
    pub json_path: String,
}

impl Kind {
    /// `v1` or `plexica.io/v1alpha1`.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }

    /// `tenants.plexica.io`, or just the plural in the core group: how messages name a resource.
    pub fn resource(&self) -> String {
        qualified(&self.plural, &self.group)
    }

    /// `Tenant.plexica.io`, or just the kind in the core group: how messages name a kind.
    pub fn group_kind(&self) -> String {
        qualified(&self.kind, &self.group)
    }

    /// The served versions of a custom resource definition, one kind each.
    pub fn from_crd(crd: &CustomResourceDefinition) -> Vec<Kind> {
        let spec = &crd.spec;
        let names = &spec.names;
        spec.versions
            .iter()
            .filter(|version| version.served)
            .map(|version| Kind {
                group: spec.group.clone(),
                version: version.name.clone(),
                plural: names.plural.clone(),
                singular: names.singular.clone().unwrap_or_else(|| names.kind.to_lowercase()),
                kind: names.kind.clone(),
                list_kind: names.list_kind.clone().unwrap_or_else(|| format!("{}List", names.kind)),
                short_names: names.short_names.clone().unwrap_or_default(),
                categories: names.categories.clone().unwrap_or_default(),
                namespaced: spec.scope == "Namespaced",
                schema: version.schema.as_ref().and_then(|schema| schema.open_api_v3_schema.clone()),
                status_subresource: version
                    .subresources
                    .as_ref()
                    .is_some_and(|subresources| subresources.status.is_some()),
                columns: version
                    .additional_printer_columns
                    .iter()
                    .flatten()
                    .map(|column| Column {
                        name: column.name.clone(),
                        type_: column.type_.clone(),
                        format: column.format.clone().unwrap_or_default(),
                        description: column.description.clone().unwrap_or_default(),
                        priority: column.priority.unwrap_or_default(),
                        json_path: column.json_path.clone(),
                    })
                    .collect(),
                selectable_fields: version
                    .selectable_fields
                    .iter()
                    .flatten()
                    .map(|field| {
                        let path = &field.json_path;
                        (path.trim_start_matches('.').to_owned(), path.replace('.', "/"))
                    })
                    .collect(),
                custom: true,
            })
            .collect()
    }
}

fn qualified(name: &str, group: &str) -> String {
    if group.is_empty() { name.to_owned() } else { format!("{name}.{group}") }
}
