//! What would become of the parts of a tenant that goes. Reads only.

use kube::ResourceExt;
use plexica_backends::{
    System, keycloak,
    object::found,
    ownership::{Parting, judge_retired},
};
use plexica_contract::name::{Slug, postgres};
use plexica_crds::{Tenant, tenant::DeletionPolicy};

use super::Departing;
use crate::{
    context::Context,
    problem::Problem,
    tenant::{
        Part, abandoned_parts,
        backup::{self, due},
        cleanup::unvalidated,
        confirm::confirmed,
        farewell::PartName,
        namespace, observe,
        validate::Valid,
    },
};

/// Looks at each part that the tenant may have.
pub async fn part(context: &Context, tenant: &Tenant) -> Departing {
    let Ok(slug) = tenant.name_any().parse::<Slug>() else { return Departing::default() };
    let valid = unvalidated(context, tenant, slug);
    let mut problems: Vec<Problem> = confirmed(tenant).err().into_iter().collect();
    let abandoned = abandoned_parts(tenant).unwrap_or_else(|problem| {
        problems.push(problem);
        Vec::new()
    });
    let backup = due(tenant, &context.settings);
    // What only waits for the backup would be gone on with when that is made.
    problems.extend(backup::made(tenant, &context.settings).err().filter(|_| backup.is_none()));
    let objects = PartName::ALL.map(|part| (part, object(part, &valid)));
    let (given_up, asked): (Vec<_>, Vec<_>) =
        objects.into_iter().partition(|(part, _)| abandoned.contains(&part.as_str()));
    let mut parts = Vec::new();
    for (part, object) in asked {
        let parting = Box::pin(look(context, tenant, &valid, part)).await;
        parts.push((object, parting.map_err(|problem| problem.of_part(part.as_str()))));
    }
    Departing { parts, given_up: given_up.into_iter().map(|(_, object)| object).collect(), backup, problems }
}

fn object(part: PartName, valid: &Valid) -> String {
    match part {
        PartName::Database => format!("schema {}", postgres::tenant(&valid.slug)),
        PartName::Identity => format!("realm {}", valid.realm),
        PartName::Storage => format!("bucket {}", valid.bucket),
        PartName::Namespace => format!("namespace {}", valid.namespace),
    }
}

async fn look(context: &Context, tenant: &Tenant, valid: &Valid, part: PartName) -> Part<Parting> {
    let of = |found| judge_retired(&found, &valid.mark);
    match part {
        PartName::Database if context.databases.get(&valid.placement).is_err() => {
            let was = tenant.status.as_ref().is_some_and(|status| status.database.is_some());
            match (was, tenant.spec.deletion_policy) {
                (false, _) => Ok(Parting::Gone),
                (true, DeletionPolicy::Retain) => Ok(Parting::Retained),
                (true, DeletionPolicy::Delete) => observe::database(context, valid).await.map(|_| Parting::Part),
            }
        }
        PartName::Database => observe::database(context, valid).await.map(|seen| of(seen.schema().clone())),
        PartName::Identity => observe::identity(context, valid).await.map(|seen| match seen {
            keycloak::Observed::Absent => Parting::Gone,
            // Of an earlier tenant's nothing is taken back to be removed.
            keycloak::Observed::Refused(_) => Parting::Leave,
            keycloak::Observed::Present(_) => Parting::Part,
        }),
        PartName::Storage => observe::storage(context, valid).await.map(|seen| of(seen.found().clone())),
        PartName::Namespace => {
            let seen = namespace::observe(&context.client, &valid.namespace);
            let seen = context.tried(System::Kubernetes, "observe", seen).await?;
            Ok(of(found(seen.as_ref())))
        }
    }
}
