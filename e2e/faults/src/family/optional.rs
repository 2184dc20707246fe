//! What a recorded life did and another need not do, each with the reason. All else has to come again, so that it can
//! be disturbed.

use crate::proxy::{At, Failing, Shape, System};

/// Why a write that was recorded need not come in another life, if it is one of those.
pub fn write(at: &At) -> Option<&'static str> {
    let At::Like(shape, nth) = at else { return None };
    let of_kind = |kind: &str| told(shape).is_some_and(|plural| plural == kind);
    if of_kind("plugins") {
        return Some(
            "a plugin's status counts its installs once a second at most: what changes in between is told by one",
        );
    }
    if *nth == 0 {
        return None;
    }
    if of_kind("tenants") || of_kind("plugininstalls") {
        return Some("a status tells all that has become since the one before: how many there are is a matter of time");
    }
    if is_of_an_entry("PATCH", shape) {
        return Some("an entry's finalizer is written again where it was written to meanwhile, which is chance");
    }
    records_an_operation(shape).then_some(
        "what an operation has come to is recorded at the next look: what it was in between is so at times alone",
    )
}

/// Why a call that was recorded need not be made in another life, if it is one of those.
pub fn call(Failing { call, writes, nth, .. }: &Failing) -> Option<&'static str> {
    if *nth > 0 && !writes {
        return Some("the last of several that read alike: how often something is looked at is a matter of time");
    }
    if !writes && is_of_an_entry("GET", call) {
        return Some("an entry is looked at once a second at most when its installs change: in which step is chance");
    }
    if asks_for_a_token(call) {
        return Some("a token is asked for when the one before is about to end: in which step is chance");
    }
    write(&At::Like(call.clone(), *nth))
}

/// Whether the call signs the operator in.
fn asks_for_a_token(Shape { system, what }: &Shape) -> bool {
    *system == System::Keycloak && what.starts_with("POST /realms/") && what.ends_with("/protocol/openid-connect/token")
}

/// Whether the write is one of the operator's history: an operation, or what makes room for one.
fn records_an_operation(Shape { system, what }: &Shape) -> bool {
    *system == System::Postgres
        && (what.contains("INSERT INTO core.operation AS known") || what.starts_with("DELETE FROM core.operation "))
}

/// Whether the call is one by that method of an entry itself, and not of its status.
fn is_of_an_entry(method: &str, Shape { system, what }: &Shape) -> bool {
    let path = what.strip_prefix(method).filter(|_| *system == System::Kubernetes);
    path.is_some_and(|path| path.starts_with(" /apis/plexica.io/") && path.ends_with("/plugins/*"))
}

/// Resources of which kind a write of a status is about.
fn told(Shape { system, what }: &Shape) -> Option<&str> {
    let path = what.strip_prefix("PATCH /apis/plexica.io/").filter(|_| *system == System::Kubernetes)?;
    path.strip_suffix("/*/status")?.rsplit('/').next()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proxy::{Call, Fault};
    use std::time::Duration;

    #[test]
    fn statuses_and_records_after_the_first_and_those_of_plugins_may_be_fewer() {
        for (system, what, first, second) in [
            (System::Kubernetes, "PATCH /apis/plexica.io/v1alpha1/plugins/p1-8-1.0.0/status", true, true),
            (System::Kubernetes, "PATCH /apis/plexica.io/v1alpha1/tenants/t1-8/status", false, true),
            (
                System::Kubernetes,
                "PATCH /apis/plexica.io/v1alpha1/namespaces/f1-8/plugininstalls/t1-8/status",
                false,
                true,
            ),
            (System::Kubernetes, "PATCH /apis/plexica.io/v1alpha1/tenants/t1-8", false, false),
            (System::Kubernetes, "PATCH /api/v1/namespaces/t1-8/status", false, false),
            (System::Keycloak, "PATCH /apis/plexica.io/v1alpha1/plugins/p1-8-1.0.0/status", false, false),
            (System::Postgres, "WITH x AS (y) INSERT INTO core.operation AS known (id) VALUES ($1)", false, true),
            (System::Postgres, "DELETE FROM core.operation WHERE id IN ( SELECT id )", false, true),
            (System::Kubernetes, "PATCH /apis/plexica.io/v1alpha1/plugins/p1-8-1.0.0", false, true),
            (System::Postgres, "INSERT INTO core.ownership (system) VALUES ($1)", false, false),
            (System::S3, "INSERT INTO core.operation AS known (id) VALUES ($1)", false, false),
        ] {
            let shape = Call { system, what: what.into(), writes: true }.shape();
            let may = |nth| write(&At::Like(shape.clone(), nth)).is_some();
            assert_eq!((may(0), may(1)), (first, second), "{what}");
            let called = |writes, nth| {
                let shape = shape.clone();
                call(&Failing { call: shape, writes, nth, fault: Fault::Delay, lasting: Duration::ZERO }).is_some()
            };
            assert_eq!((called(true, 0), called(true, 1)), (first, second), "{what}");
            assert_eq!((called(false, 0), called(false, 1)), (first, true), "{what}");
        }
        assert_eq!(write(&At::Any(7)), None, "whatever it is");
    }

    #[test]
    fn a_token_is_asked_for_whenever_one_ends() {
        for (system, what, may) in [
            (System::Keycloak, "POST /realms/master/protocol/openid-connect/token", true),
            (System::Keycloak, "POST /admin/realms", false),
            (System::Kubernetes, "POST /realms/master/protocol/openid-connect/token", false),
        ] {
            let shape = Call { system, what: what.into(), writes: false }.shape();
            let failing = Failing { call: shape, writes: false, nth: 0, fault: Fault::Delay, lasting: Duration::ZERO };
            assert_eq!(call(&failing).is_some(), may, "{what}");
        }
    }
}
