//! From nothing to a working plugin and back.

use plexica_backends::ownership::Mark;
use plexica_backends::postgres::{
    Placement, Provisioner, core, credential, dump, dump::Opened, intent::Intents, login, permission, plugin, tenant,
};
use plexica_backends::{Kind, Retired, Secret, System};
use plexica_contract::manifest::PermissionDeclaration;
use plexica_contract::name::{Slot, Slug, postgres as name};
use plexica_crds::tenant::DeletionPolicy::{Delete, Retain};
use sqlx::{AssertSqlSafe, Connection, Executor};

use crate::on_postgres;
use crate::world::{INSTALLATION, World, mark, scalar};

on_postgres! {
    a_tenant_is_made_kept_taken_back_and_removed
    an_install_is_made_kept_taken_back_and_removed
    what_installs_have_kept_goes_with_their_tenant
    a_login_takes_exactly_its_roles
    a_login_gives_one_role_back
    a_password_that_somebody_changed_opens_nothing
    a_sign_in_that_takes_its_time_says_nothing_of_the_password
    what_a_plugin_made_is_read_by_one_at_a_time
    permissions_follow_the_manifest_and_leave_the_tenants_choices
    credentials_and_intents_are_kept
    the_core_api_takes_a_tenants_role
    roles_are_spread_over_who_makes_them
    a_role_of_an_earlier_release_is_administered_as_before
}

async fn a_tenant_is_made_kept_taken_back_and_removed(world: World) {
    let desired = world.tenant("1");
    let name = desired.name();
    let made = world.ensure_tenant(&desired).await.unwrap();
    assert_eq!(
        made.iter().collect::<Vec<_>>(),
        [
            format!("created role {name}"),
            format!("granted role {name} to plexica_core_api"),
            format!("created schema {name}"),
            format!("granted USAGE on schema {name}"),
            format!("migrated schema {name} to 0001_tenant"),
        ]
    );
    assert!(world.ensure_tenant(&desired).await.unwrap().is_empty());

    world.execute(format!("INSERT INTO {name}.role_permission SELECT 'x', key FROM {name}.permission")).await;
    assert_eq!(tenant::retire(&world.provisioner, &desired, Retain).await.unwrap(), Retired::Kept);
    assert_eq!(tenant::retire(&world.provisioner, &desired, Retain).await.unwrap(), Retired::Kept);
    let member = format!("SELECT pg_has_role('plexica_core_api', '{name}', 'MEMBER')");
    assert!(!scalar::<bool>(&mut world.administrator().await, &member).await, "a retained tenant is closed");

    let again = world.tenant("2");
    let back = world.ensure_tenant(&again).await.unwrap();
    assert!(back.iter().any(|change| change == format!("took back schema {name}")), "{back}");
    assert!(world.ensure_tenant(&again).await.unwrap().is_empty());
    assert_eq!(tenant::retire(&world.provisioner, &desired, Delete).await.unwrap(), Retired::Foreign);
    assert!(world.ensure_tenant(&again).await.unwrap().is_empty(), "the former owner removed nothing");

    assert_eq!(tenant::retire(&world.provisioner, &again, Delete).await.unwrap(), Retired::Removed);
    assert_eq!(tenant::retire(&world.provisioner, &again, Delete).await.unwrap(), Retired::Gone);
}

async fn an_install_is_made_kept_taken_back_and_removed(world: World) {
    let mut plugin_connection = world.installed().await;
    let desired = world.install(&world.tenant, "1");
    let name = desired.name();
    assert!(world.ensure_install(&desired).await.unwrap().is_empty());
    // What a plugin leaves behind outside of its schema must not keep its role alive.
    let work = format!(
        "BEGIN; SET LOCAL ROLE {name}; SET LOCAL search_path TO {name}, pg_temp; CREATE TABLE contacts (id int); \
         INSERT INTO contacts VALUES (1); SELECT lo_create(0); \
         ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC; COMMIT"
    );
    plugin_connection.execute(sqlx::raw_sql(AssertSqlSafe(work))).await.unwrap();

    assert_eq!(plugin::retire(&world.provisioner, &desired, Retain).await.unwrap(), Retired::Kept);
    let take = format!("BEGIN; SET LOCAL ROLE {name}");
    assert!(plugin_connection.execute(sqlx::raw_sql(AssertSqlSafe(take))).await.is_err(), "the login lost the role");

    let again = world.install(&world.tenant, "2");
    assert!(!world.ensure_install(&again).await.unwrap().is_empty());
    let kept = format!("SELECT count(*) FROM {name}.contacts");
    assert_eq!(scalar::<i64>(&mut world.administrator().await, &kept).await, 1);
    assert_eq!(plugin::retire(&world.provisioner, &again, Delete).await.unwrap(), Retired::Removed);
    assert_eq!(plugin::retire(&world.provisioner, &again, Delete).await.unwrap(), Retired::Gone);
    let left = format!("SELECT count(*) FROM pg_roles WHERE rolname = '{name}'");
    assert_eq!(scalar::<i64>(&mut world.administrator().await, &left).await, 0);
}

async fn what_installs_have_kept_goes_with_their_tenant(world: World) {
    let tenant = world.tenant("1");
    let _tenant = world.ensure_tenant(&tenant).await.unwrap();
    let install = world.install(&world.tenant, "9");
    let _install = world.ensure_install(&install).await.unwrap();
    assert_eq!(plugin::retire(&world.provisioner, &install, Retain).await.unwrap(), Retired::Kept);
    // Names of the same form that are somebody else's.
    let prefix = name::tenant_plugins(&world.tenant);
    let staging = Mark { installation: "staging".into(), ..install.mark.clone() }.stamp().to_comment();
    world
        .execute(format!(
            "SET ROLE plexica_provisioner; CREATE SCHEMA {prefix}theirs; COMMENT ON SCHEMA {prefix}theirs IS '{staging}';
             CREATE SCHEMA {prefix}unmarked"
        ))
        .await;
    let there = async || -> Vec<String> {
        let names =
            format!("SELECT array_agg(nspname::text) FROM pg_namespace WHERE starts_with(nspname::text, '{prefix}')");
        scalar(&mut world.administrator().await, &names).await
    };
    let retire =
        async |uid: &str, policy| tenant::retire(&world.provisioner, &world.tenant(uid), policy).await.unwrap();
    assert_eq!(retire("2", Delete).await, Retired::Foreign, "not this owner's, nor what is in it");
    assert_eq!(there().await.len(), 3);
    assert_eq!(retire("1", Retain).await, Retired::Kept);
    assert_eq!(there().await.len(), 3);
    assert_eq!(retire("1", Delete).await, Retired::Removed);
    let mut left = there().await;
    left.sort();
    assert_eq!(left, [format!("{prefix}theirs"), format!("{prefix}unmarked")]);
    let roles = format!("SELECT count(*) FROM pg_roles WHERE starts_with(rolname::text, '{}')", tenant.name());
    assert_eq!(scalar::<i64>(&mut world.administrator().await, &roles).await, 0);
}

async fn a_login_gives_one_role_back(world: World) {
    let mut connection = world.installed().await;
    let other: Slug = world.database.unique("beta").parse().unwrap();
    let _tenant = world.ensure_tenant(&World::tenant_named(&other, "2")).await.unwrap();
    let _install = world.ensure_install(&world.install(&other, "2")).await.unwrap();
    let _login = world.ensure_login(&world.shared_login(&[&world.tenant, &other])).await.unwrap();
    let login = login::Login::Shared(world.plugin.clone(), Slot::Odd);
    let release = async |by: &str| login::release(&world.provisioner, &login, &world.tenant, &by.into()).await.unwrap();
    assert!(release("staging").await.is_empty(), "not that installation's login");
    assert_eq!(release(INSTALLATION).await.iter().count(), 1);
    assert!(release(INSTALLATION).await.is_empty());
    for (role, taken) in [(world.install(&world.tenant, "1").name(), false), (world.install(&other, "2").name(), true)]
    {
        let took =
            connection.execute(sqlx::raw_sql(AssertSqlSafe(format!("BEGIN; SET LOCAL ROLE {role}; COMMIT")))).await;
        assert_eq!(took.is_ok(), taken, "{role}");
        connection.execute("ROLLBACK").await.unwrap();
    }
    assert!(world.ensure_login(&world.shared_login(&[&other])).await.unwrap().is_empty());
}

async fn a_login_takes_exactly_its_roles(world: World) {
    let _first = world.installed().await;
    let other: Slug = world.database.unique("beta").parse().unwrap();
    let _tenant = world.ensure_tenant(&World::tenant_named(&other, "2")).await.unwrap();
    let missing = world.ensure_login(&world.shared_login(&[&world.tenant, &other])).await.unwrap_err();
    assert!(missing.message.contains(&name::tenant_plugin(&other, &world.plugin)), "{missing}");
    let _install = world.ensure_install(&world.install(&other, "2")).await.unwrap();

    let both = world.shared_login(&[&world.tenant, &other]);
    assert_eq!(world.ensure_login(&both).await.unwrap().iter().count(), 1);
    assert!(world.ensure_login(&both).await.unwrap().is_empty());
    let one = world.shared_login(&[&other]);
    let at_least = login::Desired { tenants: login::Tenants::AtLeast([other.clone()].into()), ..one.clone() };
    assert!(world.ensure_login(&at_least).await.unwrap().is_empty());
    assert_eq!(world.ensure_login(&one).await.unwrap().iter().count(), 1);
    let changed = login::Desired { password: Secret::new("another"), ..one.clone() };
    assert_eq!(world.ensure_login(&changed).await.unwrap().iter().count(), 1);
    let mut connection = world.connect(&changed).await;

    assert_eq!(login::retire(&world.provisioner, &one.login, &"staging".into()).await.unwrap(), Retired::Foreign);
    assert_eq!(login::retire(&world.provisioner, &one.login, &INSTALLATION.into()).await.unwrap(), Retired::Removed);
    assert_eq!(login::retire(&world.provisioner, &one.login, &INSTALLATION.into()).await.unwrap(), Retired::Gone);
    assert!(connection.execute("SELECT 1").await.is_err(), "its sessions ended with it");
}

async fn permissions_follow_the_manifest_and_leave_the_tenants_choices(world: World) {
    let _tenant = world.ensure_tenant(&world.tenant("1")).await.unwrap();
    let schema = world.tenant("1").name();
    let declared = |key: &str, roles: &[&str]| PermissionDeclaration {
        key: format!("{}:{key}", world.plugin),
        name: key.into(),
        default_roles: roles.iter().map(ToString::to_string).collect(),
    };
    let held = || async {
        let query = format!("SELECT array(SELECT role || ' ' || permission FROM {schema}.role_permission ORDER BY 1)");
        scalar::<Vec<String>>(&mut world.administrator().await, &query).await
    };
    let first = world.permissions(vec![declared("read", &["user"]), declared("write", &["admin"])]);
    assert_eq!(world.ensure_permissions(&first).await.unwrap().iter().count(), 2);
    assert!(world.ensure_permissions(&first).await.unwrap().is_empty());
    assert_eq!(held().await, [format!("admin {}:write", world.plugin), format!("user {}:read", world.plugin)]);

    world.execute(format!("DELETE FROM {schema}.role_permission WHERE role = 'user'")).await;
    assert!(world.ensure_permissions(&first).await.unwrap().is_empty());
    assert_eq!(held().await, [format!("admin {}:write", world.plugin)], "what the tenant took away stays away");

    let second = world.permissions(vec![declared("read", &["user", "guest"])]);
    assert_eq!(world.ensure_permissions(&second).await.unwrap().iter().count(), 2);
    assert_eq!(held().await, [format!("guest {}:read", world.plugin)]);
    let stray = PermissionDeclaration { key: "files:read".into(), ..declared("read", &[]) };
    assert!(world.ensure_permissions(&world.permissions(vec![stray])).await.is_err());

    assert_eq!(permission::retire(&world.provisioner, &second).await.unwrap(), Retired::Removed);
    assert_eq!(permission::retire(&world.provisioner, &second).await.unwrap(), Retired::Gone);
    assert_eq!(held().await, [""; 0]);
}

async fn credentials_and_intents_are_kept(world: World) {
    let provisioner = &world.provisioner;
    assert!(core::ensure(provisioner, &INSTALLATION.into()).await.unwrap().is_empty());
    let [old, new] = ["old", "new"].map(Secret::new);
    for password in [&old, &new] {
        assert!(!credential::ensure(provisioner, "plugin:crm", password).await.unwrap().is_empty());
        assert!(credential::ensure(provisioner, "plugin:crm", password).await.unwrap().is_empty());
    }
    assert_eq!(credential::retire(provisioner, "plugin:crm", &[new]).await.unwrap().iter().count(), 1);
    let left = "SELECT sha256 = sha256('new') FROM core.plugin_credential";
    assert!(scalar::<bool>(&mut world.administrator().await, left).await);

    let intents = Intents::new(provisioner.clone(), System::S3);
    let mark = mark("Tenant", "acme", "1");
    assert_eq!(intents.find("bucket").await.unwrap(), None);
    intents.record("bucket", &mark).await.unwrap();
    assert_eq!(intents.find("bucket").await.unwrap(), Some(mark));
    intents.forget("bucket").await.unwrap();
    assert_eq!(intents.find("bucket").await.unwrap(), None);
}

async fn the_core_api_takes_a_tenants_role(world: World) {
    let _tenant = world.ensure_tenant(&world.tenant("1")).await.unwrap();
    let name = world.tenant("1").name();
    let mut connection = world.administrator().await;
    connection.execute("SET SESSION AUTHORIZATION plexica_core_api").await.unwrap();
    connection.execute("SELECT username, sha256 FROM core.plugin_credential").await.unwrap();
    let tables = format!("SELECT key FROM {name}.permission");
    assert!(connection.execute(AssertSqlSafe(tables.clone())).await.is_err(), "nothing without the role");
    let audit = format!("SET ROLE {name}; {tables}; INSERT INTO {name}.audit_event (actor, action) VALUES ('a', 'b')");
    connection.execute(sqlx::raw_sql(AssertSqlSafe(audit))).await.unwrap();
    for refused in ["SELECT id FROM", "DELETE FROM", "TRUNCATE"] {
        let refused = format!("{refused} {name}.audit_event");
        assert!(connection.execute(AssertSqlSafe(refused.clone())).await.is_err(), "{refused}");
    }
}

/// Whom a statement about one role makes Postgres look through, of those that made any.
async fn roles_are_spread_over_who_makes_them(world: World) {
    let _plugin = world.installed().await;
    let names =
        [world.tenant("1").name(), world.install(&world.tenant, "1").name(), world.shared_login(&[]).login.name()];
    let mut administrator = world.administrator().await;
    for name in names {
        let makers = format!(
            "SELECT coalesce(string_agg(m.rolname, ' '), '') FROM pg_auth_members am JOIN pg_roles m ON m.oid = am.member
              WHERE am.roleid = '{name}'::regrole AND am.admin_option"
        );
        let makers: String = scalar(&mut administrator, &makers).await;
        if scalar::<bool>(&mut administrator, "SELECT current_setting('server_version_num')::int >= 160000").await {
            assert!(makers.starts_with("plexica_role_admin_") && !makers.contains(' '), "{name}: {makers}");
        } else {
            assert_eq!(makers, "", "{name}");
        }
    }
}

async fn a_role_of_an_earlier_release_is_administered_as_before(world: World) {
    let (tenant, install) = (world.tenant("1"), world.install(&world.tenant, "1"));
    for (name, mark) in [(tenant.name(), &tenant.mark), (install.name(), &install.mark)] {
        let (made, comment) = (format!("CREATE ROLE {name} NOLOGIN"), mark.stamp().to_comment());
        world.execute(format!("SET ROLE plexica_provisioner; {made}; COMMENT ON ROLE {name} IS '{comment}'")).await;
    }
    let plugin = world.installed().await;
    plugin.close().await.unwrap();
    let mut administrator = world.administrator().await;
    let login = world.shared_login(&[]).login;
    let may = format!("SELECT pg_has_role('{}', '{}', 'MEMBER')", login.name(), install.name());
    assert!(scalar::<bool>(&mut administrator, &may).await);
    let _released = login::release(&world.provisioner, &login, &world.tenant, &INSTALLATION.into()).await.unwrap();
    assert!(!scalar::<bool>(&mut administrator, &may).await);
    assert_eq!(plugin::retire(&world.provisioner, &install, Retain).await.unwrap(), Retired::Kept);
    assert_eq!(plugin::retire(&world.provisioner, &install, Delete).await.unwrap(), Retired::Removed);
    assert_eq!(tenant::retire(&world.provisioner, &tenant, Delete).await.unwrap(), Retired::Removed);
}

async fn a_password_that_somebody_changed_opens_nothing(world: World) {
    let _connection = world.installed().await;
    let desired = world.shared_login(&[&world.tenant]);
    let observe = async || login::observe(&world.provisioner, &desired).await.unwrap();
    let opens = async || login::opens(&world.provisioner, &desired).await.unwrap();
    assert!(observe().await.is_given(&desired));
    assert_eq!(opens().await, Some(true));
    let name = desired.login.name();
    world.execute(format!("ALTER ROLE {name} PASSWORD 'of somebody else'")).await;
    assert!(observe().await.is_given(&desired), "nothing tells of it");
    assert_eq!(opens().await, Some(false));
    let seen = observe().await.locked_out();
    let changes = login::ensure(&world.provisioner, &desired, &seen).await.unwrap();
    assert_eq!(changes.iter().collect::<Vec<_>>(), [format!("set the password of login {name}")]);
    assert_eq!(opens().await, Some(true));
    // Another refusal is not the password's doing.
    world.execute(format!("ALTER ROLE {name} NOLOGIN")).await;
    assert!(!observe().await.is_given(&desired));
    assert_eq!(opens().await, None);
}

async fn a_sign_in_that_takes_its_time_says_nothing_of_the_password(world: World) {
    let desired = world.shared_login(&[&world.tenant]);
    // Takes connections, and nobody answers.
    let mute = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut url = world.operator_url.clone();
    url.set_ip_host(mute.local_addr().unwrap().ip()).unwrap();
    url.set_port(Some(mute.local_addr().unwrap().port())).unwrap();
    let placement = Placement { url: Secret::new(url.to_string()), plugin_url: None };
    let provisioner = Provisioner::new(&placement, None).unwrap();
    assert_eq!(login::opens(&provisioner, &desired).await.unwrap(), None);
    drop(mute);
    assert_eq!(login::opens(&provisioner, &desired).await.unwrap_err().kind, Kind::Unavailable);
}

async fn what_a_plugin_made_is_read_by_one_at_a_time(world: World) {
    let _connection = world.installed().await;
    let role = name::tenant_plugin(&world.tenant, &world.plugin);
    let open = async || match dump::open(&world.provisioner, &role).await.unwrap() {
        Opened::Readable(readable) => Some(readable),
        Opened::Busy => None,
        Opened::Gone => panic!("the role is there"),
    };
    let member = format!("SELECT pg_has_role('plexica_provisioner', '{role}', 'USAGE')");
    let may_read = async || scalar::<bool>(&mut world.administrator().await, &member).await;
    let first = open().await.expect("nobody reads it");
    assert!(open().await.is_none() && may_read().await, "who is second takes nothing from who is first");
    first.close(&world.provisioner).await.unwrap();
    assert!(!may_read().await);
    for _ in 0..20 {
        open().await.expect("who was first is done").close(&world.provisioner).await.unwrap();
    }
    drop(open().await.expect("it is done"));
    let mut again = None;
    plexica_testkit::wait_until("it was given up", std::time::Duration::from_secs(20), async || {
        again = open().await;
        again.is_some()
    })
    .await;
    // What its install took with it meanwhile is nothing that failed.
    let install = world.install(&world.tenant, "1");
    assert_eq!(plugin::retire(&world.provisioner, &install, Delete).await.unwrap(), Retired::Removed);
    again.unwrap().close(&world.provisioner).await.unwrap();
    assert!(matches!(dump::open(&world.provisioner, &role).await.unwrap(), Opened::Gone));
}
