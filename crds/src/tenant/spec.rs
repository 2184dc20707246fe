//! What a person writes.

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{IdentitySpec, RotationSpec, TenantStatus};

/// What the tenant should be.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[kube(
    group = "plexica.io",
    version = "v1alpha1",
    kind = "Tenant",
    plural = "tenants",
    shortname = "tn",
    category = "plexica",
    status = "TenantStatus",
    derive = "PartialEq",
    doc = "A tenant of the platform: a Postgres schema, a Keycloak realm, an S3 bucket and a namespace of its own. Its name is its slug.",
    printcolumn(name = "Ready", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].status"#),
    printcolumn(name = "Phase", type_ = "string", json_path = ".status.phase"),
    printcolumn(name = "Reason", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].reason"#),
    printcolumn(name = "Plan", type_ = "string", json_path = ".spec.plan"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "In Force", type_ = "string", priority = "1", json_path = ".status.plan.name"),
    printcolumn(name = "Drifted", type_ = "string", priority = "1", json_path = r#".status.conditions[?(@.type=="Drifted")].status"#),
    printcolumn(name = "Message", type_ = "string", priority = "1", json_path = r#".status.conditions[?(@.type=="Ready")].message"#),
    validation = Rule::new("self.metadata.name.matches('^[a-z][a-z0-9]*(-[a-z0-9]+)*$') && size(self.metadata.name) <= 24")
        .message("metadata.name is the tenant's slug: at most 24 lower-case letters, digits and single dashes, starting with a letter, such as acme-corp"),
    validation = Rule::new("!self.metadata.name.matches('(^|-)plugin(-|$)')")
        .message("metadata.name must not have the word plugin between dashes: it joins tenant and plugin in schema names; write plugins or another word"),
    validation = Rule::new("!(self.metadata.name in ['core', 'plexica', 'platform', 'master', 'system'])")
        .message("metadata.name is reserved for the platform: choose another slug than core, plexica, platform, master or system"),
)]
#[serde(rename_all = "camelCase")]
pub struct TenantSpec {
    /// Name for people.
    #[schemars(length(min = 1, max = 120))]
    pub display_name: String,

    /// Name of a plan in the platform's configuration. The one before stays in force while this one
    /// cannot be.
    #[serde(default = "default_plan")]
    #[schemars(length(min = 1, max = 63))]
    pub plan: String,

    /// First user of the realm, with the role admin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub admin: Option<Admin>,

    /// Nobody gets in and nothing runs for the tenant, until this is false again; its data stays.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub suspend: bool,

    /// Host names whose pages may call this tenant's APIs from a browser (CORS), such as app.acme.test. At most
    /// 245 characters: Keycloak keeps each as a redirect URI of at most 255.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), inner(length(max = 245)))]
    #[x_kube(
        merge_strategy = ListMerge::Set,
        validation = Rule::new("self.all(d, d.matches('^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\\\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*(:[0-9]+)?$'))")
            .message("domains are host names without scheme or path: write app.acme.test, not https://app.acme.test/")
    )]
    pub domains: Vec<String>,

    /// Where the tenant's schemas live.
    #[serde(default)]
    pub database: DatabaseSpec,

    /// How the tenant's users sign in: settings of its realm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<IdentitySpec>,

    /// How often the tenant's credentials are replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotation: Option<RotationSpec>,

    /// What happens to the tenant's data when this resource is deleted.
    #[serde(default)]
    pub deletion_policy: DeletionPolicy,

    /// With deletionPolicy Delete: the data is removed without a backup of it first.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub skip_final_backup: bool,

    /// Whether retained parts of an earlier tenant of this name are taken back.
    #[serde(default)]
    pub adoption_policy: AdoptionPolicy,

    /// What happens when a part is changed behind the operator's back; holds for the tenant's installs
    /// too, unless they say otherwise.
    #[serde(default)]
    pub drift_policy: DriftPolicy,
}

fn default_plan() -> String {
    "standard".into()
}

/// The first user of a realm.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Admin {
    /// Address, which is also the user name; a password must be set at first sign-in.
    #[schemars(length(min = 3, max = 254))]
    #[x_kube(validation = Rule::new("self.matches('^[^@\\\\s]+@[^@\\\\s]+$')")
        .message("admin.email must be an address such as ada@acme.test"))]
    pub email: String,
    /// Given name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 120))]
    pub first_name: Option<String>,
    /// Family name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 120))]
    pub last_name: Option<String>,
}

/// Where the tenant's schemas live.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct DatabaseSpec {
    /// Name of a database in the platform's configuration; cannot be changed later.
    #[serde(default = "default_placement")]
    #[schemars(length(min = 1, max = 63))]
    #[x_kube(validation = Rule::new("self == oldSelf")
        .message("database.placement cannot be changed: make a new tenant with the other placement and move its data"))]
    pub placement: String,
}

fn default_placement() -> String {
    "default".into()
}

impl Default for DatabaseSpec {
    fn default() -> Self {
        Self { placement: default_placement() }
    }
}

/// What happens to data on deletion.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeletionPolicy {
    /// Data stays, marked as retained, and can be taken back by applying the same name.
    #[default]
    Retain,
    /// Data is removed for good.
    Delete,
}

/// Whether retained parts are taken back.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AdoptionPolicy {
    /// Parts that carry this installation's mark with the same name and another uid are taken back, but for
    /// what another cluster has in use.
    #[default]
    IfRetained,
    /// They are refused as a conflict.
    Never,
}

/// What happens when a part is no longer what the operator brought it to.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DriftPolicy {
    /// It is brought back, and an Event says what differed.
    #[default]
    Repair,
    /// It is left as it is, and the condition Drifted says what differs.
    Report,
}
