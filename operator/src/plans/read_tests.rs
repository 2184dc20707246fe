use super::*;

const ALL: &str = "
free:
standard: {}
gold:
  quotas: { plugins: 5, users: 100, databaseBytes: 10Gi, storageBytes: 1000000 }
  features: [sso, crm.export]
  resources:
    requests: { cpu: 2, memory: 4Gi }
    limits: { cpu: 1.5, memory: 8Gi }
    container: { requests: { cpu: 50m }, limits: { memory: 256Mi } }
  rateLimits: { requestsPerSecond: 50, burst: 100 }
";

#[test]
fn a_plan_of_every_field_and_two_of_none() {
    let plans = read(ALL).unwrap();
    for name in ["free", "standard"] {
        assert_eq!(plans.get(name).unwrap().limits, PlanLimits::default(), "{name}");
    }
    let gold = plans.get("gold").unwrap().limits;
    let value = serde_json::to_value(&gold).unwrap();
    assert_eq!(
        value,
        serde_json::json!({
            "quotas": { "plugins": 5, "users": 100, "databaseBytes": "10Gi", "storageBytes": "1000000" },
            "features": ["sso", "crm.export"],
            "resources": {
                "requests": { "cpu": "2", "memory": "4Gi" },
                "limits": { "cpu": "1.5", "memory": "8Gi" },
                "container": { "requests": { "cpu": "50m" }, "limits": { "memory": "256Mi" } },
            },
            "rateLimits": { "requestsPerSecond": 50, "burst": 100 },
        })
    );
    // As it comes back from a status.
    assert_eq!(serde_json::from_value::<PlanLimits>(value).unwrap(), gold);
}

/// Helm writes large numbers so.
#[test]
fn a_number_with_an_exponent_is_an_amount() {
    let gold =
        read("gold: { quotas: { databaseBytes: 1e+12, storageBytes: 1500000000 } }").unwrap().get("gold").unwrap();
    let amounts = [gold.limits.quotas.database_bytes, gold.limits.quotas.storage_bytes].map(|amount| amount.unwrap().0);
    assert_eq!(amounts, ["1000000000000", "1500000000"]);
}

#[test]
fn what_is_refused_and_what_is_said() {
    for (text, said) in [
        ("", "names no plan"),
        ("{}", "names no plan"),
        ("- gold", "no YAML of"),
        ("gold: {", "no YAML of"),
        ("gold: {}\ngold: {}", "no YAML of"),
        ("gold: much", "plan \"gold\": "),
        ("gold: { quota: {} }", "plan \"gold\": there is no field quota."),
        ("gold: { quotas: { user: 5 } }", "there is no field quotas.user."),
        ("gold: { rateLimits: { requestsPerSecond: 5, bursts: 1 } }", "there is no field rateLimits.bursts."),
        ("gold: { resources: { container: { limit: {} } } }", "there is no field resources.container.limit."),
        ("gold: { quotas: { users: many } }", "quotas.users: "),
        ("gold: { quotas: { users: -1 } }", "quotas.users must be 0 or more"),
        ("gold: { quotas: { plugins: -1 } }", "quotas.plugins must be 0 or more"),
        ("gold: { quotas: { databaseBytes: 10GB } }", "quotas.databaseBytes \"10GB\" is no amount of bytes"),
        ("gold: { quotas: { storageBytes: -5 } }", "quotas.storageBytes \"-5\" is no amount"),
        ("gold: { features: [SSO] }", "the feature \"SSO\" is no word"),
        ("gold: { features: [''] }", "the feature \"\" is no word"),
        ("gold: { features: [sso, sso] }", "is there twice"),
        ("gold: { resources: { requests: { gpu: 1 } } }", "cpu and memory, not of gpu"),
        ("gold: { resources: { limits: { cpu: lots } } }", "resources.limits.cpu \"lots\" is no amount"),
        ("gold: { resources: { limits: { cpu: 0 } } }", "resources.limits.cpu \"0\" is no amount"),
        (
            "gold: { resources: { limits: { cpu: 1 }, container: { limits: { cpu: 2 } } } }",
            "resources.container.limits.cpu must not be more than resources.limits.cpu",
        ),
        (
            "gold: { resources: { requests: { cpu: 1 }, container: { requests: { cpu: 1001m } } } }",
            "resources.container.requests.cpu must not be more than resources.requests.cpu",
        ),
        (
            "gold: { resources: { container: { requests: { cpu: 2 }, limits: { cpu: 1 } } } }",
            "resources.container.requests.cpu must not be more than its limit",
        ),
        ("gold: { rateLimits: {} }", "requestsPerSecond"),
        ("gold: { rateLimits: { requestsPerSecond: 0 } }", "rateLimits.requestsPerSecond must be 1 or more"),
        ("gold: { rateLimits: { requestsPerSecond: 1, burst: 0 } }", "rateLimits.burst must be 1 or more"),
        ("'': {}", "1 to 63 characters"),
    ] {
        let error = read(text).expect_err(text).to_string();
        assert!(error.contains(said), "{text}: {error}");
    }
    assert!(read(&format!("{}: {{}}", "p".repeat(63))).is_ok());
    assert!(read(&format!("{}: {{}}", "p".repeat(64))).is_err());
}
