//! What somebody else changed is named before it is brought back, in the same words.

use plexica_backends::postgres::{credential, login, permission, plugin, tenant};
use plexica_backends::{Changes, Kind, Secret};
use plexica_contract::manifest::PermissionDeclaration;

use crate::on_postgres;
use crate::world::World;

on_postgres! {
    grants_and_logins_of_schemas_and_their_roles
    a_schema_given_away_comes_back_with_its_grants
    permissions_and_credentials
    a_digest_is_of_what_is_wanted
}

async fn tenant_differs(world: &World) -> Changes {
    let desired = world.tenant("1");
    let observed = tenant::observe(&world.provisioner, &desired).await.unwrap();
    tenant::differences(&desired, &observed).unwrap()
}

async fn grants_and_logins_of_schemas_and_their_roles(world: World) {
    let _connection = world.installed().await;
    let (tenant, install) = (world.tenant("1"), world.install(&world.tenant, "1"));
    let login = world.shared_login(&[&world.tenant]);
    let (schema, space, user) = (tenant.name(), install.name(), login.login.name());
    for (change, told) in [
        (format!("REVOKE USAGE ON SCHEMA {schema} FROM {schema}"), format!("granted USAGE on schema {schema}")),
        (
            format!("GRANT CREATE ON SCHEMA {schema} TO {schema}"),
            format!("revoked CREATE on schema {schema} from {schema}"),
        ),
        (
            format!("GRANT ALL ON SCHEMA {schema} TO PUBLIC"),
            format!("revoked CREATE and USAGE on schema {schema} from PUBLIC"),
        ),
        (
            format!("REVOKE DELETE ON {schema}.role_permission FROM {schema}"),
            format!("granted DELETE on table {schema}.role_permission"),
        ),
        (
            format!("GRANT SELECT, UPDATE ON {schema}.audit_event TO {schema}"),
            format!("revoked SELECT and UPDATE on table {schema}.audit_event"),
        ),
        (format!("ALTER ROLE {schema} LOGIN"), format!("took the login of role {schema}")),
    ] {
        world.execute(change).await;
        assert_eq!(tenant_differs(&world).await.to_string(), told);
        assert_eq!(world.ensure_tenant(&tenant).await.unwrap().to_string(), told);
        assert!(tenant_differs(&world).await.is_empty());
    }
    // What others are granted is between them and who granted it.
    world.execute(format!("GRANT USAGE ON SCHEMA {schema} TO plexica_operator")).await;
    assert!(tenant_differs(&world).await.is_empty());

    world.execute(format!("REVOKE CREATE ON SCHEMA {space} FROM {space}")).await;
    let observed = plugin::observe(&world.provisioner, &install).await.unwrap();
    let told = format!("granted CREATE and USAGE on schema {space}");
    assert_eq!(plugin::differences(&install, &observed).unwrap().to_string(), told);
    assert_eq!(world.ensure_install(&install).await.unwrap().to_string(), told);

    for (change, told) in [
        (
            format!("ALTER ROLE {user} NOLOGIN INHERIT CREATEROLE VALID UNTIL '2001-01-01'"),
            format!("set LOGIN NOINHERIT NOCREATEROLE VALID UNTIL 'infinity' of login {user}"),
        ),
        ("DELETE FROM core.login_password".to_owned(), format!("set the password of login {user}")),
    ] {
        world.execute(change).await;
        let observed = login::observe(&world.provisioner, &login).await.unwrap();
        assert_eq!(login::differences(&login, &observed).unwrap().to_string(), told);
        assert_eq!(world.ensure_login(&login).await.unwrap().to_string(), told);
        assert!(world.ensure_login(&login).await.unwrap().is_empty());
    }
    let _connection = world.connect(&login).await;
}

async fn a_schema_given_away_comes_back_with_its_grants(world: World) {
    let _connection = world.installed().await;
    let (tenant, install) = (world.tenant("1"), world.install(&world.tenant, "1"));
    let (schema, space) = (tenant.name(), install.name());
    for holder in [&schema, &space] {
        world.execute(format!("ALTER SCHEMA {schema} OWNER TO {holder}; ALTER SCHEMA {space} OWNER TO {holder}")).await;
        let told = format!("took schema {schema} back from role {holder}");
        assert_eq!(tenant_differs(&world).await.to_string(), told);
        let written = world.ensure_tenant(&tenant).await.unwrap();
        assert!(written.iter().any(|change| change == told), "{written}");
        assert!(tenant_differs(&world).await.is_empty(), "grants went with it and came back");
        let written = world.ensure_install(&install).await.unwrap().to_string();
        assert!(written.starts_with(&format!("took schema {space} back from role {holder}")), "{written}");
        assert!(world.ensure_install(&install).await.unwrap().is_empty());
    }
    // Under another uid, or in hands that are not ours, a mark is worth nothing.
    world.execute(format!("ALTER SCHEMA {schema} OWNER TO {schema}")).await;
    assert_eq!(world.ensure_tenant(&world.tenant("2")).await.unwrap_err().kind, Kind::Conflict);
    world.execute(format!("ALTER SCHEMA {schema} OWNER TO plexica_core_api")).await;
    let error = world.ensure_tenant(&tenant).await.unwrap_err();
    assert_eq!(error.kind, Kind::Conflict);
    assert!(error.message.contains("plexica_core_api") && error.remedy.contains("ALTER SCHEMA"), "{error:?}");
    world.execute(format!("ALTER SCHEMA {schema} OWNER TO plexica_provisioner")).await;
    let _written = world.ensure_tenant(&tenant).await.unwrap();
    assert!(tenant_differs(&world).await.is_empty());
}

async fn permissions_and_credentials(world: World) {
    let _connection = world.installed().await;
    let key = format!("{}:notes:read", world.plugin);
    let declared = PermissionDeclaration { key: key.clone(), name: "Read".into(), default_roles: vec!["user".into()] };
    let desired = world.permissions(vec![declared]);
    let schema = world.tenant("1").name();
    let _registered = world.ensure_permissions(&desired).await.unwrap();
    world.execute(format!("UPDATE {schema}.permission SET name = 'Write'")).await;
    let observed = permission::observe(&world.provisioner, &desired).await.unwrap();
    let told = format!("registered {key} in {schema}");
    assert_eq!(permission::differences(&desired, &observed).to_string(), told);
    assert_eq!(world.ensure_permissions(&desired).await.unwrap().to_string(), told);

    let password = Secret::new("random");
    let differs = async || credential::differences(&world.provisioner, "plugin:crm", &password).await.unwrap();
    assert_eq!(differs().await.to_string(), "stored a credential of plugin:crm");
    let stored = credential::ensure(&world.provisioner, "plugin:crm", &password).await.unwrap();
    assert_eq!(stored.to_string(), "stored a credential of plugin:crm");
    assert!(differs().await.is_empty());
}

async fn a_digest_is_of_what_is_wanted(world: World) {
    let digest = |desired: &tenant::Desired| tenant::digest(desired).unwrap();
    let before = digest(&world.tenant("1"));
    let _made = world.ensure_tenant(&world.tenant("1")).await.unwrap();
    assert_eq!(digest(&world.tenant("1")), before);
    assert_ne!(digest(&world.tenant("2")), before);
    let login = world.shared_login(&[&world.tenant]);
    let other = login::Desired { password: Secret::new("another"), ..login.clone() };
    assert_eq!(login::digest(&login), login::digest(&login.clone()));
    assert_ne!(login::digest(&login), login::digest(&other));
    assert_ne!(login::digest(&login), login::digest(&world.shared_login(&[])));
    let [one, two] = ["1", "2"].map(|uid| plugin::digest(&world.install(&world.tenant, uid)).unwrap());
    assert_ne!(one, two);
}
