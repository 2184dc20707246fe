//! What an operator writes that has nothing to do: nothing. And what memory it takes.

use std::{collections::BTreeMap, fmt::Debug, path::Path, time::Duration};

use k8s_openapi::api::{
    core::v1::{Namespace, Secret},
    events::v1::Event,
};
use kube::{Api, Resource, ResourceExt, api::ListParams};
use plexica_crds::{Tenant, label};
use serde::de::DeserializeOwned;

use crate::{
    operator::Operator,
    outcome::{Result, failed},
    parts::Parts,
    program::resident,
    table::Table,
};

const RESYNC: Duration = Duration::from_secs(5);
/// Its start looks at every tenant, and then every period does.
const ROUNDS: f64 = 3.0;

/// Everything that rows of the database were written to, except the planner's statistics, which
/// autovacuum writes by itself, and what all databases of the server share.
const WRITTEN: &str = "SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)::float8
    FROM pg_stat_all_tables JOIN pg_class ON pg_class.oid = relid
    WHERE NOT relisshared AND relid NOT IN (SELECT unnest(ARRAY[oid, reltoastrelid]) FROM pg_class
        WHERE oid IN ('pg_statistic'::regclass, 'pg_statistic_ext_data'::regclass))";
const ROLES: &str =
    "SELECT coalesce(string_agg(pg_authid::text || m.members, E'\n' ORDER BY rolname), '') FROM pg_authid,
    LATERAL (SELECT coalesce(string_agg(member::text, ',' ORDER BY member), '') AS members
        FROM pg_auth_members WHERE roleid = pg_authid.oid) m WHERE strpos(rolname, $1) > 0";
const COMMITS: &str = "SELECT xact_commit::float8 FROM pg_stat_database WHERE datname = current_database()";

/// Takes the operator that provisioned the tenants, and starts a second one in its place.
#[expect(clippy::cast_precision_loss, reason = "some tenants")]
pub async fn measure(table: &Table, parts: &Parts, program: &Path, operator: Operator) -> Result<()> {
    let tenants = Api::<Tenant>::all(parts.client.clone());
    let count = tenants.list(&ListParams::default().labels(&parts.selector())).await?.items.len() as f64;
    table.add(format!("operator with {count} tenants: resident after making them"), resident(operator.pid())?, "MB");
    if operator.changes().await? < count {
        return failed("the operator does not count its writes, so that none of them would mean nothing");
    }
    // Connections give their counters away when they end, so all of the operator's must.
    operator.stop().await?;

    let before = Snapshot::take(parts).await?;
    let operator = Operator::start(parts, program, RESYNC).await?;
    let reconciles = operator.reconciled(count * ROUNDS).await?;
    let changes = operator.changes().await?;
    table.add(
        format!("operator with {count} tenants: resident after a start and resyncs"),
        resident(operator.pid())?,
        "MB",
    );
    operator.stop().await?;
    let after = Snapshot::take(parts).await?;

    let name = |what: &str| format!("start and {reconciles} no-op reconciles: {what}");
    table.add(name("Kubernetes objects and Events written"), before.versions_changed(&after) as f64, "");
    table.add(name("Postgres rows written, catalogues too"), after.written - before.written, "");
    table.add(name("Postgres roles changed"), f64::from(u8::from(after.roles != before.roles)), "");
    table.add(name("writes the operator counted, all backends"), changes, "");
    table.add(name("Postgres transactions (reads)"), after.commits - before.commits, "");
    Ok(())
}

struct Snapshot {
    versions: BTreeMap<String, String>,
    written: f64,
    roles: String,
    commits: f64,
}

impl Snapshot {
    async fn take(parts: &Parts) -> Result<Self> {
        let mut versions = BTreeMap::new();
        let (client, mark) = (&parts.client, &parts.mark);
        let ours = ListParams::default().labels(&parts.selector());
        let of_tenants = ListParams::default().labels(label::TENANT);
        let named = |object: &str| object.contains(mark.as_str());
        keep(&mut versions, Api::<Tenant>::all(client.clone()), &ours, |_| true).await?;
        keep(&mut versions, Api::<Namespace>::all(client.clone()), &of_tenants, |one| named(&one.name_any())).await?;
        keep(&mut versions, Api::<Secret>::all(client.clone()), &of_tenants, |one| {
            named(&one.namespace().unwrap_or_default())
        })
        .await?;
        keep(&mut versions, Api::<Event>::all(client.clone()), &ListParams::default(), |one| {
            one.regarding.as_ref().and_then(|regarding| regarding.name.as_deref()).is_some_and(named)
        })
        .await?;
        let mut connection = parts.database.connect().await;
        Ok(Self {
            versions,
            written: sqlx::query_scalar(WRITTEN).fetch_one(&mut connection).await?,
            roles: sqlx::query_scalar(ROLES).bind(mark).fetch_one(&mut connection).await?,
            commits: sqlx::query_scalar(COMMITS).fetch_one(&mut connection).await?,
        })
    }

    fn versions_changed(&self, after: &Self) -> usize {
        let same = after.versions.iter().filter(|(key, version)| self.versions.get(*key) == Some(version)).count();
        self.versions.len().max(after.versions.len()) - same
    }
}

async fn keep<K>(
    versions: &mut BTreeMap<String, String>,
    api: Api<K>,
    params: &ListParams,
    wanted: impl Fn(&K) -> bool,
) -> Result<()>
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug,
{
    for object in api.list(params).await?.items.into_iter().filter(wanted) {
        let key = format!("{} {} {}", K::kind(&()), object.namespace().unwrap_or_default(), object.name_any());
        versions.insert(key, object.resource_version().unwrap_or_default());
    }
    Ok(())
}
