use super::*;
use crate::{
    fixture,
    tenant::{secret, validate::validate},
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use plexica_backends::{object, ownership::Mark};
use plexica_crds::tenant::DriftPolicy;
use proptest::prelude::*;
use std::collections::BTreeMap;

fn valid() -> Valid {
    validate(&fixture::tenant("acme"), &fixture::settings()).unwrap()
}

fn unreadable(part: &str) -> Problem {
    Problem::new(Reason::BackendUnavailable, format!("{part} does not answer"))
}

/// What was seen of a tenant that has nothing yet, where the parts in the list could not be read.
fn nothing_but(out: &[&str]) -> Observed {
    fn part<T>(out: &[&str], name: &str, seen: T) -> Part<T> {
        if out.contains(&name) { Err(unreadable(name)) } else { Ok(seen) }
    }
    Observed {
        database: part(out, "database", postgres::Observed::absent()),
        identity: part(out, "identity", keycloak::Observed::Absent),
        credentials: part(out, "credentials", Credentials::default()),
        storage: part(out, "storage", bucket::Observed::absent()),
        namespace: part(out, "namespace", None),
        secrets: part(out, "secrets", Secrets::default()),
        quota: quota::Observed::unlimited(),
    }
}

fn planned(observed: Observed) -> Plan {
    planned_by(observed, DriftPolicy::Repair, &BTreeMap::new())
}

fn planned_by(observed: Observed, policy: DriftPolicy, applied: &BTreeMap<String, String>) -> Plan {
    let record = Record::new(policy, Some(applied));
    plan(&valid(), observed, &fixture::settings(), &record, Timestamp::UNIX_EPOCH)
}

fn namespace(going: bool) -> Namespace {
    let mut namespace = wanted(&valid().slug, "tenant-acme");
    namespace.metadata.deletion_timestamp = going.then_some(Time(Timestamp::UNIX_EPOCH));
    namespace
}

proptest! {
    /// Whichever parts could not be read: those are left alone and say why, all others are planned.
    #[test]
    fn each_part_stands_for_itself(
        out in proptest::sample::subsequence(vec!["database", "identity", "credentials", "storage", "namespace", "secrets"], 0..=6),
    ) {
        let Plan { database, identity, sign_in, storage, keys, namespace, quota: _ } = planned(nothing_but(&out));
        let problem = |part: &str| out.contains(&part).then(|| unreadable(part));
        prop_assert_eq!(database.as_ref().err().cloned(), problem("database"));
        prop_assert_eq!(identity.as_ref().err().cloned(), problem("identity"));
        // The realm is made with what is known.
        prop_assert_eq!(sign_in.err(), problem("credentials"));
        prop_assert_eq!(storage.as_ref().err().cloned(), problem("storage"));
        // Secrets are in the namespace.
        prop_assert_eq!(namespace.as_ref().err().cloned(), problem("namespace").or(problem("secrets")));

        let valid = valid();
        if let Ok(Ensure { desired, seen, .. }) = database {
            prop_assert_eq!((desired.name(), &desired.mark), ("tenant_acme".to_owned(), &valid.mark));
            prop_assert_eq!(seen, postgres::Observed::absent());
        }
        if let Ok(Ensure { desired, seen, .. }) = identity {
            prop_assert_eq!((&desired.realm, &desired.owner), (&valid.realm, &valid.mark));
            prop_assert_eq!(seen, keycloak::Observed::Absent);
        }
        // Keys that could not be read may be no good any more.
        prop_assert!(matches!(keys.validity, Validity::Unfit(_)));
        if let Ok(Ensure { desired, seen, .. }) = storage {
            prop_assert_eq!((&desired.bucket, &desired.mark), (&valid.bucket, &valid.mark));
            prop_assert_eq!(seen, bucket::Observed::absent());
        }
        if let Ok(Ensure { desired, seen: (seen, secrets), .. }) = namespace {
            prop_assert_eq!(desired.metadata.name, Some(valid.namespace));
            prop_assert!(seen.is_none() && secrets.identity.is_none() && secrets.storage.is_none());
        }
    }
}

#[test]
fn a_namespace_that_goes_is_waited_for_and_the_rest_is_not() {
    for (out, reason) in [
        (&[][..], Reason::Pending),
        // Whatever could not be read in it goes with it.
        (&["secrets"], Reason::Pending),
        (&["namespace"], Reason::BackendUnavailable),
    ] {
        let mut observed = nothing_but(out);
        observed.namespace = observed.namespace.map(|_| Some(namespace(true)));
        let Plan { database, identity, storage, namespace, .. } = planned(observed);
        assert_eq!(namespace.unwrap_err().reason, reason, "{out:?}");
        assert!(database.is_ok() && identity.is_ok() && storage.is_ok(), "{out:?}");
    }
    let mut observed = nothing_but(&[]);
    observed.namespace = Ok(Some(namespace(false)));
    assert_eq!(planned(observed).namespace.unwrap().seen.0, Some(namespace(false)));
}

#[test]
fn good_keys_are_kept_wherever_else_something_is_wrong() {
    let turn = secret::Turn::default();
    let keys = secret::Keys {
        turn: &turn,
        endpoint: "http://s3.test",
        region: "us-east-1",
        access_key_id: "id",
        secret_access_key: "secret",
        session_token: "",
        issued_at: Timestamp::UNIX_EPOCH,
        expires_at: None,
    };
    let keep = Validity::Keep { expires_at: None, renew_at: None };
    let own = valid().mark;
    let earlier = Mark { uid: "earlier".into(), ..own.clone() };
    for (out, mark, good) in [
        (&[][..], &own, true),
        (&["database", "identity", "namespace"], &own, true),
        (&["secrets"], &own, false),
        // What is taken back is written anew, and loses its mark of before.
        (&[], &earlier, false),
    ] {
        let mut observed = nothing_but(out);
        let mut held = secret::storage(&valid(), &keys);
        object::sign(&mut held, mark).unwrap();
        observed.secrets = observed.secrets.map(|_| Secrets { identity: None, storage: Some(held) });
        assert_eq!(planned(observed).keys.validity == keep, good, "{out:?}");
    }
    let mut retained = secret::storage(&valid(), &keys);
    object::sign(&mut retained, &own).unwrap();
    object::stamp(&mut retained.metadata, &own.retained(Timestamp::UNIX_EPOCH));
    let mut observed = nothing_but(&[]);
    observed.secrets = observed.secrets.map(|_| Secrets { identity: None, storage: Some(retained) });
    assert_ne!(planned(observed).keys.validity, keep);
}

#[test]
fn only_parts_that_are_to_be_something_else_are_changing() {
    let all = ["database", "identity", "storage", "namespace", "identity-secret"];
    let first = planned(nothing_but(&[]));
    assert_eq!(first.changing(), all);
    let Plan { database, identity, sign_in: _, storage, keys, namespace, quota: _ } = first;
    let aims = [database.unwrap().aim, identity.unwrap().aim, storage.unwrap().aim, keys.aim, namespace.unwrap().aim];
    let brought: BTreeMap<String, String> =
        aims.into_iter().map(|aim| (aim.part.to_owned(), aim.digest.unwrap())).collect();
    for policy in [DriftPolicy::Repair, DriftPolicy::Report] {
        assert_eq!(planned_by(nothing_but(&[]), policy, &brought).changing(), [""; 0]);
        for (part, changing) in [
            ("database", &["database"][..]),
            ("identity", &["identity", "identity-secret"]),
            ("storage", &["storage"]),
            ("storage-secret", &[]),
            ("namespace", &["namespace"]),
        ] {
            let mut other = brought.clone();
            other.insert(part.into(), "of another spec".into());
            assert_eq!(planned_by(nothing_but(&[]), policy, &other).changing(), changing);
        }
    }
}
