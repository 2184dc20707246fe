//! Two logins of a plugin that take turns, and the record of which one is in force.

use jiff::Timestamp;
use plexica_backends::postgres::{credential, generation, login};
use plexica_backends::{Generation, Retired, Secret};
use plexica_contract::name::{Slot, Slug};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use crate::on_postgres;
use crate::world::{INSTALLATION, World, scalar};

on_postgres! {
    a_generation_is_recorded_once
    the_next_login_may_take_all_that_the_one_before_may
    a_login_is_not_removed_when_it_is_in_force_again
    what_another_generation_signs_in_with_is_left_alone
}

async fn a_generation_is_recorded_once(world: World) {
    let provisioner = &world.provisioner;
    let find = async || generation::find(provisioner, "plugin:crm").await.unwrap();
    let first = find().await;
    assert_eq!(first, Generation::default());
    let second = first.next(["a".to_owned()].into(), Timestamp::from_second(7).unwrap());
    let other = first.next(["b".to_owned()].into(), Timestamp::from_second(8).unwrap());
    let (one, two) = tokio::join!(
        generation::advance(provisioner, "plugin:crm", &first, &second),
        generation::advance(provisioner, "plugin:crm", &first, &other),
    );
    assert_eq!(one.unwrap().iter().count() + two.unwrap().iter().count(), 1, "of two operators one records");
    let found = find().await;
    assert!(found == second || found == other);
    assert!(generation::advance(provisioner, "plugin:crm", &first, &second).await.unwrap().is_empty());
    assert_eq!(generation::advance(provisioner, "plugin:crm", &found, &found.alone()).await.unwrap().iter().count(), 1);
    assert!(generation::advance(provisioner, "plugin:crm", &found, &found.alone()).await.unwrap().is_empty());
    assert_eq!(find().await, found.alone());
    assert_eq!(generation::find(provisioner, "plugin:other").await.unwrap(), first);
}

/// The login of the next generation, for an install of the one tenant.
fn next(world: &World, tenant: &Slug) -> login::Desired {
    let before = login::Login::Shared(world.plugin.clone(), Slot::Odd);
    login::Desired {
        login: login::Login::Shared(world.plugin.clone(), Slot::Even),
        password: Secret::new("the next password"),
        tenants: login::Tenants::AlsoOf([tenant.clone()].into(), before),
        ..world.shared_login(&[])
    }
}

async fn the_next_login_may_take_all_that_the_one_before_may(world: World) {
    let mut old = world.installed().await;
    let other: Slug = world.database.unique("beta").parse().unwrap();
    let _tenant = world.ensure_tenant(&World::tenant_named(&other, "2")).await.unwrap();
    let _install = world.ensure_install(&world.install(&other, "2")).await.unwrap();
    let _login = world.ensure_login(&world.shared_login(&[&world.tenant, &other])).await.unwrap();
    // What is somebody else's is not handed on.
    let foreign = world.database.unique("foreign").replace('-', "_");
    let before = world.shared_login(&[]).login.name();
    world.execute(format!("CREATE ROLE {foreign}; GRANT {foreign} TO {before}")).await;

    let wanted = next(&world, &world.tenant);
    assert!(!world.ensure_login(&wanted).await.unwrap().is_empty());
    assert!(world.ensure_login(&wanted).await.unwrap().is_empty());
    let mut new = world.connect(&wanted).await;
    for connection in [&mut old, &mut new] {
        for tenant in [&world.tenant, &other] {
            let role = world.install(tenant, "").name();
            let take = format!("BEGIN; SET LOCAL ROLE {role}; COMMIT");
            connection.execute(sqlx::raw_sql(AssertSqlSafe(take))).await.expect("both may, at a time");
        }
    }
    let may = format!("SELECT pg_has_role('{}', '{foreign}', 'MEMBER')", wanted.login.name());
    assert!(!scalar::<bool>(&mut world.administrator().await, &may).await);
    world.execute(format!("DROP ROLE {foreign}")).await;

    assert_eq!(
        login::retire(&world.provisioner, &world.shared_login(&[]).login, &INSTALLATION.into()).await.unwrap(),
        Retired::Removed
    );
    assert!(old.execute("SELECT 1").await.is_err(), "the one before has ended");
    new.execute("SELECT 1").await.expect("and the next one has not");
}

async fn a_login_is_not_removed_when_it_is_in_force_again(world: World) {
    let _connection = world.installed().await;
    let desired = world.shared_login(&[&world.tenant]);
    let url = desired.url(&world.provisioner).unwrap();
    let retire = async |due: bool| {
        login::retire_if(&world.provisioner, &desired.login, &INSTALLATION.into(), async { Ok(due) }).await.unwrap()
    };
    assert_eq!(retire(false).await, None);
    assert!(PgConnection::connect(url.reveal()).await.is_ok());
    assert_eq!(retire(true).await, Some(Retired::Removed));
    assert!(PgConnection::connect(url.reveal()).await.is_err());
}

async fn what_another_generation_signs_in_with_is_left_alone(world: World) {
    let provisioner = &world.provisioner;
    let [first, second] = ["first", "second"].map(Secret::new);
    let (old, known) = (Generation::default(), Generation::default());
    let new = old.next([].into(), Timestamp::UNIX_EPOCH);
    for password in [&first, &second] {
        let _stored = credential::ensure(provisioner, "plugin:crm", password).await.unwrap();
    }
    assert!(!generation::advance(provisioner, "plugin:crm", &old, &new).await.unwrap().is_empty());
    let settle = async |keep: &Secret, known: &Generation| {
        let settled = credential::settle(provisioner, "plugin:crm", std::slice::from_ref(keep), known).await;
        settled.unwrap().iter().count()
    };
    assert_eq!(settle(&first, &known).await, 0, "who knows of the first only takes nothing away");
    assert_eq!(settle(&second, &new.alone()).await, 0, "nor who takes it for ended");
    assert_eq!(settle(&second, &new).await, 1);
}
