//! What a plan allows. The platform's configuration defines plans; a tenant's status holds the one in
//! force.

use std::{collections::BTreeMap, fmt};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};

/// The plan in force for a tenant.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct PlanStatus {
    /// Its name in the platform's configuration.
    pub name: String,
    /// Of what it allows: changes whenever that does.
    pub digest: String,
    /// What it allows.
    #[serde(default)]
    pub limits: PlanLimits,
    /// Since when it has been in force as it is.
    pub since: Time,
}

/// What a plan allows. What it does not name is not limited.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct PlanLimits {
    /// How much there may be.
    #[serde(default, skip_serializing_if = "is_default")]
    pub quotas: Quotas,
    /// Words that plugins switch something on by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<String>,
    /// What may run in the tenant's own namespace.
    #[serde(default, skip_serializing_if = "is_default")]
    pub resources: PlanResources,
    /// How fast requests may come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_limits: Option<RateLimits>,
}

/// How much there may be.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Quotas {
    /// Installed plugins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub plugins: Option<i32>,
    /// Users of the realm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub users: Option<i32>,
    /// Size of the tenant's schema and of its plugins', with indexes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database_bytes: Option<Quantity>,
    /// Size of the objects in the bucket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage_bytes: Option<Quantity>,
}

/// What may run in the tenant's own namespace.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct PlanResources {
    /// The most that all containers together may request.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub requests: Amounts,
    /// The most that the limits of all containers together may be.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub limits: Amounts,
    /// What holds for a container that does not say it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub container: ContainerDefaults,
}

impl PlanResources {
    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        is_default(self)
    }
}

/// What holds for a container that does not say it.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ContainerDefaults {
    /// Its requests.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub requests: Amounts,
    /// Its limits.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub limits: Amounts,
}

/// Amounts by resource: `cpu`, `memory`.
pub type Amounts = BTreeMap<String, Quantity>;

/// How fast requests may come.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct RateLimits {
    /// Requests per second, of all the tenant's users together.
    #[schemars(range(min = 1))]
    pub requests_per_second: i32,
    /// How many may come at once after a pause; as many as in a second if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub burst: Option<i32>,
}

/// An amount as Kubernetes writes it, such as `10Gi` or `500m`.
#[derive(Serialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(transparent)]
pub struct Quantity(pub String);

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Also from a number, as people write `cpu: 2`.
impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Quantity;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a quantity such as 10Gi")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Quantity, E> {
                Ok(Quantity(text.to_owned()))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Quantity, E> {
                Ok(Quantity(number.to_string()))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Quantity, E> {
                Ok(Quantity(number.to_string()))
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Quantity, E> {
                Ok(Quantity(number.to_string()))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
