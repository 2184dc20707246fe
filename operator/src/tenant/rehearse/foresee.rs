//! What applying a plan would write. Reads only, but for what the API server does not keep (a dry run).

use kube::Api;
use plexica_backends::{Changes, Secret, System, keycloak, object, postgres, s3::bucket};

use super::Foreseen;
use crate::{
    context::Context,
    drift::{Aim, Course, Record, Would},
    problem::Problem,
    resource::namespaced,
    tenant::{
        Part, apply, namespace,
        plan::{Ensure, IDENTITY_SECRET, Keys, Plan},
        quota,
        secret::{self, Validity},
        validate::Valid,
    },
};

/// Asks each part what would be written to it.
pub async fn foresee(context: &Context, valid: &Valid, record: &Record, plan: Plan) -> Foreseen {
    let Plan { database, identity, sign_in, storage, keys, namespace, quota } = plan;
    let mut foreseen = Foreseen::default();
    let database = database
        .and_then(|Ensure { desired, seen, aim }| Ok(Would::of(&aim, postgres::tenant::differences(&desired, &seen)?)));
    foreseen.add("database", database);
    let servers = identity.as_ref().ok().map(|plan| servers(context, plan));
    let identity = identity.and_then(|Ensure { mut desired, seen, aim }| {
        apply::give_secret(context, &mut desired);
        foreseen.credentials.extend(turn(&desired, &seen));
        Ok(Would::of(&aim, seen.differences(&desired)?))
    });
    foreseen.add("identity", identity);
    foreseen.problems.extend(sign_in.err().map(|problem| problem.of_part("identity")));
    let bucket = storage.and_then(|Ensure { desired, seen, aim }| {
        Ok(Would::of(&aim, bucket::differences(&context.store, &desired, &seen)?))
    });
    let has_bucket = bucket.is_ok();
    foreseen.add("storage", bucket);
    match namespace {
        Err(problem) => foreseen.add("namespace", Err(problem)),
        Ok(Ensure { desired, seen: (seen, secrets), aim }) => {
            let room = namespace::differences(&context.client, &desired, seen.as_ref(), &valid.mark, valid.adoption);
            let room = context.tried(System::Kubernetes, "observe", room).await;
            foreseen.add("namespace", room.map(|changes| Would::of(&aim, changes)));
            if let Some(servers) = servers {
                let secret = sign_in_secret(context, valid, record, servers, secrets.identity.as_ref()).await;
                foreseen.add(IDENTITY_SECRET, secret);
            }
            if has_bucket {
                foreseen.keys(valid, keys);
            }
        }
    }
    let step = quota::foresee(context, valid, quota).await;
    foreseen.plan_step(step);
    foreseen
}

impl Foreseen {
    fn add(&mut self, part: &str, told: Part<Would>) {
        match told {
            Ok(would) if would.changes.is_empty() => {}
            Ok(would) => self.parts.push(would),
            Err(problem) => self.problems.push(problem.of_part(part)),
        }
    }

    fn keys(&mut self, valid: &Valid, Keys { validity, aim, told: _, until: _, next, asked }: Keys) {
        let new = || Changes::from_iter([format!("applied Secret {}/{} (new keys)", valid.namespace, secret::STORAGE)]);
        let (course, changes) = match validity {
            // Keys from a file are known to whoever keeps it.
            Validity::Keep { expires_at: _, renew_at: _ } => return,
            Validity::Unfit(changes) => (aim.course, changes),
            Validity::Renew => (Course::Apply, new()),
        };
        if asked {
            self.credentials.push(format!("replace the keys to the bucket by generation {}", next.generation));
        }
        self.parts.push(Would::of(&Aim { course, ..aim }, changes));
    }

    fn plan_step(&mut self, step: quota::Foreseen) {
        let quota::Foreseen { enter, plugins_told, refused, objects } = step;
        (self.plan, self.plugins_told) = (enter, plugins_told);
        self.problems.extend(refused.map(|problem| problem.of_part("plan")));
        if let Some(objects) = objects {
            self.add("plan", objects.map(|(aim, changes)| Would::of(&aim, changes)));
        }
    }
}

/// What the Secret for servers would say: the client, and its secret as far as it is known before the realm is.
fn servers(
    context: &Context,
    plan: &Ensure<keycloak::RealmDesired, keycloak::Observed>,
) -> (String, &'static str, Option<Secret>) {
    let Ensure { desired, seen, aim: _ } = plan;
    let mut desired = desired.clone();
    apply::give_secret(context, &mut desired);
    let known = match seen {
        keycloak::Observed::Present(present) => present.client_secret(),
        keycloak::Observed::Absent | keycloak::Observed::Refused(_) => None,
    };
    let client = keycloak::client::servers(desired.servers.generation.slot());
    (context.realms.issuer(&desired.realm), client, desired.servers.secret.or(known))
}

fn turn(desired: &keycloak::RealmDesired, seen: &keycloak::Observed) -> Option<String> {
    let keycloak::Observed::Present(present) = seen else { return None };
    let (before, next) = (present.generation(), &desired.servers.generation);
    if next.number > before.number {
        return Some(format!("replace how servers sign in to the realm by generation {}", next.number));
    }
    (before.previous && !next.previous).then(|| "end how servers signed in before".to_owned())
}

async fn sign_in_secret(
    context: &Context,
    valid: &Valid,
    record: &Record,
    (issuer, client, known): (String, &str, Option<Secret>),
    seen: Option<&k8s_openapi::api::core::v1::Secret>,
) -> Result<Would, Problem> {
    let wanted = secret::identity(valid, &issuer, client, known.as_ref().map_or("", Secret::reveal));
    let aim = record.aim(IDENTITY_SECRET, Some(object::digest(&wanted, &valid.mark)));
    let api: Api<k8s_openapi::api::core::v1::Secret> = namespaced(&context.client, &valid.namespace);
    let differs = object::differences(&api, &wanted, seen, &valid.mark, valid.adoption);
    Ok(Would::of(&aim, context.tried(System::Kubernetes, "observe", differs).await?))
}
