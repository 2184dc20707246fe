//! Two at once, killed half-way, foreign objects, a database that does not answer.

use std::time::Duration;

use plexica_backends::ownership::{Found, Mark};
use plexica_backends::postgres::{Placement, Provisioner, core, login, plugin, tenant};
use plexica_backends::{Kind, Retired, Secret};
use plexica_contract::name::{Slot, Slug};
use plexica_crds::tenant::AdoptionPolicy;
use plexica_crds::tenant::DeletionPolicy::{Delete, Retain};
use plexica_testkit::wait_for;
use sqlx::{AssertSqlSafe, Connection, Executor};

use crate::on_postgres;
use crate::world::{INSTALLATION, World, scalar};

on_postgres! {
    two_at_once_make_one_of_each
    many_at_once_do_not_disturb_each_other
    whoever_is_killed_half_way_leaves_nothing_half
    foreign_objects_are_not_touched
    an_earlier_owners_are_taken_back_only_if_allowed
    a_lost_part_is_made_again
    failures_have_their_kind
}

async fn two_at_once_make_one_of_each(world: World) {
    let (desired, provisioner) = (world.tenant("1"), &world.provisioner);
    let observed = tenant::observe(provisioner, &desired).await.unwrap();
    let ensure = || tenant::ensure(provisioner, &desired, &observed);
    let (one, two) = tokio::join!(ensure(), ensure());
    let (one, two) = (one.unwrap(), two.unwrap());
    assert!(one.is_empty() != two.is_empty(), "one of them did everything: {one} | {two}");

    let desired = world.install(&world.tenant, "1");
    let observed = plugin::observe(provisioner, &desired).await.unwrap();
    let ensure = || plugin::ensure(provisioner, &desired, &observed);
    let (one, two) = tokio::join!(ensure(), ensure());
    assert!(one.unwrap().is_empty() != two.unwrap().is_empty());

    let desired = world.shared_login(&[&world.tenant]);
    let observed = login::observe(provisioner, &desired).await.unwrap();
    let ensure = || login::ensure(provisioner, &desired, &observed);
    let (one, two) = tokio::join!(ensure(), ensure());
    assert!(one.unwrap().is_empty() != two.unwrap().is_empty());

    let desired = world.tenant("1");
    let retire = || tenant::retire(provisioner, &desired, Delete);
    let (one, two) = tokio::join!(retire(), retire());
    let mut both = [one.unwrap(), two.unwrap()];
    both.sort_by_key(|retired| *retired == Retired::Gone);
    assert_eq!(both, [Retired::Removed, Retired::Gone]);
}

async fn many_at_once_do_not_disturb_each_other(world: World) {
    let _created = core::ensure(&world.provisioner, &INSTALLATION.into()).await.unwrap();
    let tenants: Vec<Slug> = (0..8).map(|_| world.database.unique("many").parse().unwrap()).collect();
    let world = &world;
    let all = tenants.iter().map(|slug| async move {
        let _tenant = world.ensure_tenant(&World::tenant_named(slug, "1")).await.unwrap();
        let _install = world.ensure_install(&world.install(slug, "1")).await.unwrap();
        let own = login::Login::Dedicated(slug.clone(), world.plugin.clone(), Slot::Odd);
        let dedicated = login::Desired { login: own, ..world.shared_login(&[slug]) };
        let _dedicated = world.ensure_login(&dedicated).await.unwrap();
        let shared =
            login::Desired { tenants: login::Tenants::AtLeast([slug.clone()].into()), ..world.shared_login(&[]) };
        let _shared = world.ensure_login(&shared).await.unwrap();
    });
    futures::future::join_all(all).await;
    let everyone: Vec<&Slug> = tenants.iter().collect();
    assert!(world.ensure_login(&world.shared_login(&everyone)).await.unwrap().is_empty());
}

/// Stops an `ensure` at a statement by a lock on what it is about to write, and kills it there.
async fn whoever_is_killed_half_way_leaves_nothing_half(world: World) {
    let tenant = world.tenant("1");
    let name = tenant.name();
    for in_the_way in [format!("CREATE ROLE {name}"), format!("CREATE SCHEMA {name}")] {
        let ensured = kill_at(&world, &in_the_way, || world.ensure_tenant(&tenant)).await;
        assert_eq!(ensured.unwrap_err().kind, Kind::Unavailable, "{in_the_way}");
        let observed = tenant::observe(&world.provisioner, &tenant).await.unwrap();
        assert_eq!((observed.schema(), observed.role()), (&Found::Absent, &Found::Absent), "{in_the_way}");
    }
    assert_eq!(world.ensure_tenant(&tenant).await.unwrap().iter().count(), 5);
    assert!(world.ensure_tenant(&tenant).await.unwrap().is_empty());

    let install = world.install(&world.tenant, "1");
    let name = install.name();
    for in_the_way in [format!("CREATE ROLE {name}"), format!("CREATE SCHEMA {name}")] {
        let ensured = kill_at(&world, &in_the_way, || world.ensure_install(&install)).await;
        assert_eq!(ensured.unwrap_err().kind, Kind::Unavailable, "{in_the_way}");
    }
    assert!(!world.ensure_install(&install).await.unwrap().is_empty());

    let login = world.shared_login(&[&world.tenant]);
    for in_the_way in [
        "SELECT pg_advisory_xact_lock(hashtextextended('plexica database privileges', 0))".to_owned(),
        format!("CREATE ROLE {}", login.login.name()),
        format!("INSERT INTO core.login_password VALUES ('{}', sha256('x'))", login.login.name()),
    ] {
        let ensured = kill_at(&world, &in_the_way, || world.ensure_login(&login)).await;
        assert_eq!(ensured.unwrap_err().kind, Kind::Unavailable, "{in_the_way}");
    }
    assert!(!world.ensure_login(&login).await.unwrap().is_empty());
    assert!(world.ensure_login(&login).await.unwrap().is_empty());
    let _works = world.connect(&login).await;

    let table = format!("LOCK TABLE {}.permission", tenant.name());
    let retired = kill_at(&world, &table, || tenant::retire(&world.provisioner, &tenant, Delete)).await;
    assert_eq!(retired.unwrap_err().kind, Kind::Unavailable);
    assert!(world.ensure_tenant(&tenant).await.unwrap().is_empty(), "nothing was half removed");
    assert_eq!(tenant::retire(&world.provisioner, &tenant, Delete).await.unwrap(), Retired::Removed);
}

async fn kill_at<T>(
    world: &World,
    in_the_way: &str,
    ensure: impl AsyncFnOnce() -> plexica_backends::Result<T>,
) -> plexica_backends::Result<T> {
    let mut blocker = world.administrator().await;
    let sql = format!("BEGIN; {in_the_way}");
    blocker.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await.unwrap();
    let mut killer = world.administrator().await;
    let kill = async {
        wait_for("it waits for the lock", Duration::from_secs(20), async || {
            let pid: Option<i32> = sqlx::query_scalar(
                "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
            )
            .fetch_optional(&mut killer)
            .await
            .unwrap();
            if let Some(pid) = pid {
                let _killed: bool = scalar(&mut killer, &format!("SELECT pg_terminate_backend({pid})")).await;
            }
            pid
        })
        .await
    };
    let (result, _pid) = tokio::join!(ensure(), kill);
    blocker.close().await.unwrap();
    result
}

async fn foreign_objects_are_not_touched(world: World) {
    let desired = world.tenant("1");
    let name = desired.name();
    let stranger = world.database.unique("stranger");
    let forged = desired.mark.stamp().to_comment();
    let elsewhere = Mark { installation: "staging".into(), ..desired.mark.clone() }.stamp().to_comment();
    for (make, unmake) in [
        (format!("CREATE SCHEMA {name}"), format!("DROP SCHEMA {name}")),
        (format!("CREATE ROLE {name}"), format!("DROP ROLE {name}")),
        (
            format!("SET ROLE plexica_provisioner; CREATE SCHEMA {name}; COMMENT ON SCHEMA {name} IS '{elsewhere}'"),
            format!("DROP SCHEMA {name}"),
        ),
        // Whoever owns a schema can write our mark on it.
        (
            format!(
                "CREATE ROLE \"{stranger}\"; CREATE SCHEMA {name} AUTHORIZATION \"{stranger}\"; \
                 COMMENT ON SCHEMA {name} IS '{forged}'"
            ),
            format!("DROP SCHEMA {name}; DROP ROLE \"{stranger}\""),
        ),
    ] {
        world.execute(make.clone()).await;
        let state = format!(
            "SELECT concat((SELECT concat(nspowner, nspacl, obj_description(oid)) FROM pg_namespace WHERE nspname = '{name}'),
                           (SELECT concat(rolname, shobj_description(oid, 'pg_authid')) FROM pg_roles WHERE rolname = '{name}'))"
        );
        let mut administrator = world.administrator().await;
        let before: String = scalar(&mut administrator, &state).await;
        assert_eq!(world.ensure_tenant(&desired).await.unwrap_err().kind, Kind::Conflict, "{make}");
        for policy in [Retain, Delete] {
            let retired = tenant::retire(&world.provisioner, &desired, policy).await.unwrap();
            assert_eq!(retired, Retired::Foreign, "{make}");
        }
        assert_eq!(scalar::<String>(&mut administrator, &state).await, before, "{make}");
        world.execute(unmake).await;
    }
    assert_eq!(core::ensure(&world.provisioner, &"staging".into()).await.unwrap_err().kind, Kind::Conflict);
    world.execute(format!("CREATE ROLE {}", world.shared_login(&[]).login.name())).await;
    assert_eq!(world.ensure_login(&world.shared_login(&[])).await.unwrap_err().kind, Kind::Conflict);
}

async fn an_earlier_owners_are_taken_back_only_if_allowed(world: World) {
    let _made = world.ensure_tenant(&world.tenant("1")).await.unwrap();
    let never = tenant::Desired { adoption: AdoptionPolicy::Never, ..world.tenant("2") };
    let refused = world.ensure_tenant(&never).await.unwrap_err();
    assert_eq!(refused.kind, Kind::AdoptionRefused);
    assert!(refused.remedy.contains("IfRetained"), "{refused:?}");
    assert!(world.ensure_tenant(&world.tenant("1")).await.unwrap().is_empty(), "nothing was changed");
    assert_eq!(world.ensure_tenant(&world.tenant("2")).await.unwrap().iter().count(), 2);
}

/// A dump holds a schema and its comment, but no roles.
async fn a_lost_part_is_made_again(world: World) {
    let desired = world.tenant("1");
    let name = desired.name();
    let _made = world.ensure_tenant(&desired).await.unwrap();
    world.execute(format!("DROP OWNED BY {name}; DROP ROLE {name}")).await;
    assert!(!world.ensure_tenant(&desired).await.unwrap().is_empty());
    world.execute(format!("ALTER ROLE {name} LOGIN; REVOKE USAGE ON SCHEMA {name} FROM {name}")).await;
    assert_eq!(world.ensure_tenant(&desired).await.unwrap().iter().count(), 2);
    assert!(world.ensure_tenant(&desired).await.unwrap().is_empty());
}

async fn failures_have_their_kind(world: World) {
    let outsider = world.database.unique("outsider");
    world
        .execute(format!(
            "CREATE ROLE \"{outsider}\" LOGIN PASSWORD 'x'; GRANT CONNECT ON DATABASE \"{}\" TO \"{outsider}\"",
            world.database.name()
        ))
        .await;
    let mut elsewhere = world.database.url_as(&outsider, "x");
    elsewhere.set_path("nowhere");
    let mut closed = world.database.url_as(&outsider, "x");
    closed.set_port(Some(1)).unwrap();
    for (url, kind) in [
        (world.database.url_as(&outsider, "x"), Kind::Denied),
        (world.database.url_as(&outsider, "wrong"), Kind::Denied),
        (elsewhere, Kind::Invalid),
        (closed, Kind::Unavailable),
    ] {
        let placement = Placement { url: Secret::new(url.to_string()), plugin_url: None };
        let error = Provisioner::new(&placement, None).unwrap().ping().await.unwrap_err();
        assert_eq!(error.kind, kind, "{url}: {error:?}");
        assert!(!format!("{error} {}", error.remedy).contains("wrong"), "no password in a message: {error}");
    }
    let text = Placement { url: Secret::new("mysql://x"), plugin_url: None };
    assert_eq!(Provisioner::new(&text, None).unwrap_err().kind, Kind::Invalid);
}
