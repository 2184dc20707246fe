//! `plexica wait KIND/NAME --for condition=Ready`

use std::time::Duration;

use kube::{core::DynamicObject, runtime::wait::await_condition};

use super::kind::{self, Kind};
use crate::{cluster, error::Error};

/// What to wait for.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Kind and names: `tenant acme` or `tenant/acme`.
    #[arg(required = true)]
    targets: Vec<String>,
    /// `condition=TYPE[=STATUS]`, `delete` or `create`.
    #[arg(long = "for", default_value = "condition=Ready")]
    until: Until,
    /// Seconds to wait for each.
    #[arg(long, default_value_t = 60)]
    timeout: u64,
    /// Namespace of namespaced resources.
    #[arg(short, long)]
    namespace: Option<String>,
    #[command(flatten)]
    cluster: cluster::Connection,
}

/// What is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Until {
    Condition { kind: String, status: String },
    Gone,
    There,
}

impl std::str::FromStr for Until {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "delete" => return Ok(Self::Gone),
            "create" => return Ok(Self::There),
            _ => {}
        }
        let condition = text.strip_prefix("condition=").filter(|rest| !rest.is_empty());
        let condition = condition.ok_or("write condition=Ready, condition=Ready=False, delete or create")?;
        let (kind, status) = condition.split_once('=').unwrap_or((condition, "True"));
        Ok(Self::Condition { kind: kind.to_owned(), status: status.to_owned() })
    }
}

impl Until {
    fn holds(&self, object: Option<&DynamicObject>) -> bool {
        match (self, object) {
            (Self::Gone, object) => object.is_none(),
            (Self::There, object) => object.is_some(),
            (Self::Condition { .. }, None) => false,
            (Self::Condition { kind, status }, Some(object)) => holds(object, kind, status),
        }
    }

    fn describe(&self) -> String {
        match self {
            Self::Gone => "gone".into(),
            Self::There => "there".into(),
            Self::Condition { kind, status } if status == "True" => kind.clone(),
            Self::Condition { kind, status } => format!("{kind}={status}"),
        }
    }
}

/// A condition counts only for the spec it was reported for: the old Ready of a changed resource
/// does not end the wait.
fn holds(object: &DynamicObject, kind: &str, status: &str) -> bool {
    let generation = object.metadata.generation;
    let conditions = object.data.pointer("/status/conditions").and_then(serde_json::Value::as_array);
    conditions.into_iter().flatten().any(|condition| {
        let observed = condition.get("observedGeneration").and_then(serde_json::Value::as_i64);
        condition["type"].as_str().is_some_and(|t| t.eq_ignore_ascii_case(kind))
            && condition["status"].as_str().is_some_and(|s| s.eq_ignore_ascii_case(status))
            && (observed.is_none() || generation.is_none() || observed >= generation)
    })
}

/// Waits for each in turn.
pub async fn run(options: Options) -> Result<(), Error> {
    let (word, names) = kind::targets(&options.targets)?;
    if names.is_empty() {
        return Err(Error::NoTarget);
    }
    let (client, default_namespace) = options.cluster.connect().await?;
    let kind = Kind::of_word(&client, &word).await?;
    let namespace = options.namespace.unwrap_or(default_namespace);
    for name in names {
        let api = kind.api(client.clone(), &namespace);
        let until = options.until.clone();
        let condition = |object: Option<&DynamicObject>| until.holds(object);
        let display = kind.display(&name);
        match tokio::time::timeout(Duration::from_secs(options.timeout), await_condition(api, &name, condition)).await {
            Ok(Ok(_)) => println!("{display} is {}", options.until.describe()),
            Ok(Err(error)) => return Err(Error::Watch(error.to_string())),
            Err(_) => return Err(Error::TimedOut { target: display, what: options.until.describe() }),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn tenant(generation: i64, observed: i64, status: &str) -> DynamicObject {
        let conditions = json!([{"type": "Ready", "status": status, "observedGeneration": observed}]);
        let value =
            json!({"metadata": {"name": "acme", "generation": generation}, "status": {"conditions": conditions}});
        serde_json::from_value(value).unwrap_or_else(|_| DynamicObject {
            types: None,
            metadata: kube::core::ObjectMeta::default(),
            data: json!({}),
        })
    }

    #[test]
    fn what_is_waited_for() {
        assert_eq!("delete".parse(), Ok(Until::Gone));
        assert_eq!(
            "condition=Ready=False".parse(),
            Ok(Until::Condition { kind: "Ready".into(), status: "False".into() })
        );
        assert!("condition=".parse::<Until>().is_err());
        assert!("ready".parse::<Until>().is_err());
    }

    #[test]
    fn an_old_condition_does_not_count() {
        let ready: Until = Until::Condition { kind: "ready".into(), status: "True".into() };
        assert!(ready.holds(Some(&tenant(2, 2, "True"))));
        assert!(!ready.holds(Some(&tenant(2, 1, "True"))));
        assert!(!ready.holds(Some(&tenant(2, 2, "False"))));
        assert!(!ready.holds(None));
        assert!(Until::Gone.holds(None));
    }
}
