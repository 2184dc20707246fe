//! The bucket's policy: pure.

use serde_json::{Value, json};

/// Names our statement, so that it is found again among others'.
const SID: &str = "PlexicaEncryptedOnly";

/// The policy with our statement, if it is not there yet. Statements of others stay.
pub(super) fn missing(current: Option<&Value>, bucket: &str) -> Option<Value> {
    let statements = match current.and_then(|policy| policy.get("Statement")) {
        Some(Value::Array(statements)) => statements.clone(),
        Some(statement) => vec![statement.clone()],
        None => Vec::new(),
    };
    let is_ours = |statement: &Value| statement.get("Sid").and_then(Value::as_str) == Some(SID);
    if statements.iter().any(|statement| is_ours(statement) && denies_plain(statement, bucket)) {
        return None;
    }
    let ours = json!({
        "Sid": SID,
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": places(bucket),
        "Condition": { "Bool": { "aws:SecureTransport": "false" } }
    });
    let others = statements.into_iter().filter(|statement| !is_ours(statement));
    Some(json!({ "Version": "2012-10-17", "Statement": others.chain([ours]).collect::<Vec<_>>() }))
}

/// Stores write single values as lists and the like; what matters is what it denies, to whom and where.
fn denies_plain(statement: &Value, bucket: &str) -> bool {
    let has = |value: &Value, wanted: &str| {
        value == wanted || value.as_array().is_some_and(|list| list.iter().any(|item| item == wanted))
    };
    let everybody = has(&statement["Principal"], "*") || has(&statement["Principal"]["AWS"], "*");
    statement["Effect"] == "Deny"
        && everybody
        && has(&statement["Action"], "s3:*")
        && places(bucket).iter().all(|place| has(&statement["Resource"], place))
        && has(&statement["Condition"]["Bool"]["aws:SecureTransport"], "false")
}

/// The bucket and what is in it.
fn places(bucket: &str) -> [String; 2] {
    [format!("arn:aws:s3:::{bucket}"), format!("arn:aws:s3:::{bucket}/*")]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ours_is_added_once_and_others_stay() {
        let first = missing(None, "tenant-acme").unwrap();
        assert_eq!(first["Statement"][0]["Resource"][1], "arn:aws:s3:::tenant-acme/*");
        assert_eq!(missing(Some(&first), "tenant-acme"), None);

        let theirs = json!({ "Version": "2012-10-17", "Statement": { "Sid": "Audit", "Effect": "Allow" } });
        let both = missing(Some(&theirs), "tenant-acme").unwrap();
        assert_eq!(both["Statement"][0]["Sid"], "Audit");
        assert_eq!(both["Statement"][1]["Sid"], SID);
        assert_eq!(missing(Some(&both), "tenant-acme"), None);
    }

    #[test]
    fn a_list_is_as_good_as_a_value_and_a_blunted_one_is_replaced() {
        let mut policy = missing(None, "tenant-acme").unwrap();
        policy["Statement"][0]["Condition"]["Bool"]["aws:SecureTransport"] = json!(["false"]);
        assert_eq!(missing(Some(&policy), "tenant-acme"), None);
        policy["Statement"][0]["Principal"] = json!({ "AWS": ["*"] });
        policy["Statement"][0]["Action"] = json!(["s3:*"]);
        assert_eq!(missing(Some(&policy), "tenant-acme"), None);
        for (field, blunted) in [
            ("Effect", json!("Allow")),
            ("Principal", json!({ "AWS": "arn:aws:iam::1:root" })),
            ("Action", json!(["s3:PutObject"])),
            ("Resource", json!(["arn:aws:s3:::tenant-acme"])),
            ("Condition", json!({ "Bool": { "aws:SecureTransport": "true" } })),
        ] {
            let mut policy = policy.clone();
            policy["Statement"][0][field] = blunted;
            let mended = missing(Some(&policy), "tenant-acme").unwrap();
            assert_eq!(mended["Statement"].as_array().unwrap().len(), 1, "{field}");
            assert_eq!(missing(Some(&mended), "tenant-acme"), None);
        }
    }
}
