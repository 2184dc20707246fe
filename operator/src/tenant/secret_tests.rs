use super::*;
use crate::{fixture, tenant::validate::validate};

static FIRST: Turn = Turn { generation: 1, requests: BTreeSet::new(), previous_until: None };

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(minute * 60).unwrap()
}

fn keys(expires_at: Option<Timestamp>) -> Keys<'static> {
    Keys {
        endpoint: "http://s3.test",
        region: "us-east-1",
        access_key_id: "id",
        secret_access_key: "secret",
        session_token: "",
        issued_at: at(0),
        expires_at,
        turn: &FIRST,
    }
}

/// As the server has it after it was applied.
fn applied(valid: &Valid, keys: &Keys<'_>) -> Secret {
    let mut secret = storage(valid, keys);
    object::sign(&mut secret, &valid.mark).unwrap();
    secret
}

#[test]
fn keys_are_renewed_when_two_thirds_are_over() {
    let valid = validate(&fixture::tenant("acme"), &fixture::settings()).unwrap();
    let good = applied(&valid, &keys(Some(at(60))));
    let check = |secret: Option<&Secret>, now| validity(&valid, "http://s3.test", "us-east-1", secret, now);
    let kept = Validity::Keep { expires_at: Some(at(60)), renew_at: Some(at(40)) };
    for (now, expected) in
        [(0, kept.clone()), (39, kept), (40, Validity::Renew), (60, Validity::Renew), (999, Validity::Renew)]
    {
        assert_eq!(check(Some(&good), at(now)), expected, "{now}");
    }
    let forever = applied(&valid, &keys(None));
    assert_eq!(check(Some(&forever), at(999)), Validity::Keep { expires_at: None, renew_at: None });
    let missing = Changes::from_iter(["applied Secret tenant-acme/plexica-storage"]);
    assert_eq!(check(None, at(0)), Validity::Unfit(missing));
    // Others are made when somebody asks, once; what does not end comes from elsewhere.
    let asked = {
        let mut valid = valid.clone();
        valid.rotation.requests.insert("now".into());
        valid
    };
    let ask = |secret: &Secret| validity(&asked, "http://s3.test", "us-east-1", Some(secret), at(0));
    assert_eq!((ask(&good), ask(&forever)), (Validity::Renew, check(Some(&forever), at(999))));
    let turn = Turn::after(Some(&good), &asked.rotation.requests);
    assert_eq!((turn.generation, turn.previous_until), (2, Some(at(60))));
    let second = applied(&asked, &Keys { issued_at: at(1), turn: &turn, ..keys(Some(at(61))) });
    assert!(matches!(ask(&second), Validity::Keep { .. }));
    assert_eq!(Turn::of(&second), turn);
    let told = |now| storage_status(&second, at(now)).unwrap().previous_until;
    assert_eq!((told(59), told(60)), (Some(Time(at(60))), None));
    assert_eq!(storage_status(&forever, at(0)), None);
    // Somebody else's is refused when it is written.
    let mut theirs = good;
    theirs.metadata.labels = None;
    assert_eq!(check(Some(&theirs), at(0)), Validity::Renew);
}

#[test]
fn keys_that_are_not_those_that_were_written_are_unfit() {
    let valid = validate(&fixture::tenant("acme"), &fixture::settings()).unwrap();
    let good = applied(&valid, &keys(Some(at(60))));
    let changed = |change: fn(&mut Secret)| {
        let mut secret = good.clone();
        change(&mut secret);
        secret
    };
    for (endpoint, region, secret, named) in [
        ("http://elsewhere.test", "us-east-1", good.clone(), "(data.endpoint)"),
        ("http://s3.test", "eu-central-1", good.clone(), "(data.region)"),
        (
            "http://s3.test",
            "us-east-1",
            changed(|secret| {
                secret.data.as_mut().unwrap().remove("secret-access-key");
            }),
            "(data.secret-access-key)",
        ),
        (
            "http://s3.test",
            "us-east-1",
            changed(|secret| {
                secret.data.as_mut().unwrap().insert("access-key-id".into(), ByteString(b"mine".to_vec()));
            }),
            "(other content than was applied)",
        ),
        (
            "http://s3.test",
            "us-east-1",
            changed(|secret| {
                secret.metadata.annotations.as_mut().unwrap().insert(EXPIRES_AT.into(), "soon".into());
            }),
            "(other content than was applied)",
        ),
        (
            "http://s3.test",
            "us-east-1",
            changed(|secret| {
                secret.metadata.labels.as_mut().unwrap().remove(label::TENANT);
            }),
            "(metadata.labels[plexica.io/tenant])",
        ),
    ] {
        let found = validity(&valid, endpoint, region, Some(&secret), at(0));
        let Validity::Unfit(changes) = found else { panic!("{found:?}") };
        assert_eq!(changes.to_string(), format!("applied Secret tenant-acme/plexica-storage {named}"));
    }
}

#[test]
fn whichever_the_keys_are_the_secret_is_known_by_what_they_are_for() {
    let valid = validate(&fixture::tenant("acme"), &fixture::settings()).unwrap();
    let digest = storage_digest(&valid, "http://s3.test", "us-east-1");
    assert_eq!(digest, storage_digest(&valid, "http://s3.test", "us-east-1"));
    let moved = Valid { bucket: "other".into(), ..valid.clone() };
    for other in [
        storage_digest(&valid, "http://elsewhere.test", "us-east-1"),
        storage_digest(&valid, "http://s3.test", "eu-central-1"),
        storage_digest(&moved, "http://s3.test", "us-east-1"),
    ] {
        assert_ne!(digest, other);
    }
}
