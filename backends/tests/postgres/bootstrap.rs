//! The page for administrators, done to the letter.

use plexica_backends::postgres::bootstrap::own_database;
use plexica_backends::postgres::preflight::preflight;
use plexica_backends::postgres::{Placement, Provisioner, core, login, tenant};
use plexica_backends::preflight::Level;
use plexica_backends::{Kind, Secret};
use plexica_crds::tenant::DeletionPolicy::Delete;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use crate::on_postgres;
use crate::world::{INSTALLATION, World, scalar};

on_postgres! {
    the_page_is_enough_to_provision_a_tenant
    preflights_fixes_are_enough
    passwords_are_never_sent
    a_database_of_others_is_its_owners_alone
}

/// The SQL block of the page.
fn page() -> &'static str {
    let page = include_str!("../../../docs/bootstrap.md");
    let (_, rest) = page.split_once("```sql\n").expect("a block of SQL");
    rest.split_once("```").expect("its end").0
}

async fn the_page_is_enough_to_provision_a_tenant(world: World) {
    let fresh = world.server.database().await;
    let mut administrator = fresh.connect().await;
    for _again in 0..2 {
        administrator.execute(page()).await.expect("the page's SQL");
    }
    let login = new_login(&world, &mut administrator).await;
    administrator
        .execute(AssertSqlSafe(format!("GRANT CONNECT ON DATABASE \"{}\" TO \"{login}\"", fresh.name())))
        .await
        .unwrap();
    administrator.execute(AssertSqlSafe(format!("GRANT plexica_provisioner TO \"{login}\""))).await.unwrap();
    let placement = Placement { url: Secret::new(fresh.url_as(&login, "x").to_string()), plugin_url: None };
    let missing = preflight(&placement, None).await;
    assert!(missing.iter().all(|finding| finding.level == Level::Advice), "{missing:?}");

    let provisioner = Provisioner::new(&placement, None).unwrap();
    assert!(!core::ensure(&provisioner, &INSTALLATION.into()).await.unwrap().is_empty());
    let desired = world.tenant("1");
    let observed = tenant::observe(&provisioner, &desired).await.unwrap();
    assert!(!tenant::ensure(&provisioner, &desired, &observed).await.unwrap().is_empty());
    let _removed = tenant::retire(&provisioner, &desired, Delete).await.unwrap();
}

/// From a bare database, applying what preflight prints until it prints nothing.
async fn preflights_fixes_are_enough(world: World) {
    let fresh = world.server.database().await;
    let mut administrator = fresh.connect().await;
    let login = new_login(&world, &mut administrator).await;
    let url = Secret::new(fresh.url_as(&login, "x").to_string());
    let placement = Placement { url: url.clone(), plugin_url: None };
    let missing: Vec<_> =
        preflight(&placement, None).await.into_iter().filter(|finding| finding.level == Level::Missing).collect();
    assert!(missing.len() >= 4, "{missing:?}");
    administrator
        .execute(AssertSqlSafe(format!("GRANT CONNECT ON DATABASE \"{}\" TO \"{login}\"", fresh.name())))
        .await
        .unwrap();
    for finding in &missing {
        administrator.execute(sqlx::raw_sql(AssertSqlSafe(finding.fix.clone()))).await.expect(&finding.fix);
    }
    let left = preflight(&placement, None).await;
    assert!(left.iter().all(|finding| finding.level == Level::Advice), "{left:?}");
    let provisioner = Provisioner::new(&placement, None).unwrap();
    assert!(!core::ensure(&provisioner, &INSTALLATION.into()).await.unwrap().is_empty());

    let wrong = Placement { url: Secret::new(fresh.url_as(&login, "wrong").to_string()), plugin_url: None };
    let refused = preflight(&wrong, None).await;
    assert_eq!(refused.len(), 1, "{refused:?}");
}

/// The server's own record of statements shows verifiers, no password.
async fn passwords_are_never_sent(world: World) {
    let mut administrator = world.administrator().await;
    let made = world.installed().await;
    made.close().await.unwrap();
    let name = world.shared_login(&[]).login.name();
    let stored = format!("SELECT rolpassword FROM pg_authid WHERE rolname = '{name}'");
    let stored: String = scalar(&mut administrator, &stored).await;
    assert!(stored.starts_with("SCRAM-SHA-256$4096:"), "{stored}");

    // Whatever stands in it.
    let odd = login::Desired { password: Secret::new("o'dd \\ $1 ü"), ..world.shared_login(&[&world.tenant]) };
    assert!(!world.ensure_login(&odd).await.unwrap().is_empty());
    let _connection = world.connect(&odd).await;
}

/// Keycloak's, for example.
async fn a_database_of_others_is_its_owners_alone(world: World) {
    let fresh = world.server.database().await;
    let mut administrator = fresh.connect().await;
    let stranger = new_login(&world, &mut administrator).await;
    let name = fresh.unique("own");
    let superuser = Secret::new(fresh.url().as_str());
    let made = own_database(&superuser, None, &name, &Secret::new("first")).await.unwrap();
    assert_eq!(made.to_string(), format!("created login {name}, created database {name}"));
    assert!(own_database(&superuser, None, &name, &Secret::new("second")).await.unwrap().is_empty());

    let as_user = |user: &str, password: &str| {
        let mut url = fresh.url_as(user, password);
        url.set_path(&name);
        url
    };
    let mut owner = PgConnection::connect(as_user(&name, "second").as_str()).await.expect("its own password");
    owner.execute("CREATE TABLE public.theirs (); DROP TABLE public.theirs").await.unwrap();
    owner.close().await.unwrap();
    for (user, password) in [(stranger.as_str(), "x"), (&name, "first")] {
        let refused = PgConnection::connect(as_user(user, password).as_str()).await.unwrap_err();
        assert!(refused.as_database_error().is_some(), "{refused}");
    }

    administrator.execute(AssertSqlSafe(format!("ALTER ROLE \"{stranger}\" CREATEDB"))).await.unwrap();
    let refused = own_database(&superuser, None, &stranger, &Secret::new("theirs")).await.unwrap_err();
    assert_eq!(refused.kind, Kind::Conflict, "{refused}");
    let still = PgConnection::connect(fresh.url_as(&stranger, "x").as_str()).await;
    drop(still.expect("its password is what it was"));
    administrator.execute(AssertSqlSafe(format!("DROP DATABASE \"{name}\""))).await.unwrap();
}

async fn new_login(world: &World, administrator: &mut PgConnection) -> String {
    let login = world.database.unique("op");
    let create = format!("CREATE ROLE \"{login}\" LOGIN NOINHERIT PASSWORD 'x'");
    administrator.execute(AssertSqlSafe(create)).await.unwrap();
    login
}
