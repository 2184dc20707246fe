//! What it costs to remove an install where many go at once.

use std::collections::{BTreeMap, BTreeSet};

use kube::{ResourceExt, api::DeleteParams};
use serde_json::json;

use crate::world::World;

const FEW: usize = 3;
const MANY: usize = 9;
const INSTALLS: &str = "/plugininstalls?";

/// A look at an install that goes: which lists of installs it asked for, in order.
type Look = Vec<&'static str>;

/// Installs of one plugin that went at once: the looks at each.
struct Gone {
    /// Of the one that goes last, and looks whether anybody needs what all of them shared.
    last: Vec<Look>,
    others: Vec<Vec<Look>>,
}

/// Brings up installs of a plugin of its own, one of each of these tenants, and removes them at once.
async fn removed(world: &World, slugs: &[String]) -> Gone {
    let id = world.database.unique("crm");
    world.plugin(&id, "1.0.0").await;
    let operator = world.operator();
    let mut uids = BTreeMap::new();
    for slug in slugs {
        world.install(slug, &id, json!({})).await;
    }
    for slug in slugs {
        uids.insert(world.installed(slug).await.uid().unwrap(), slug.clone());
    }
    operator.stop().await;
    for slug in slugs {
        world.installs(slug).delete("it", &DeleteParams::default()).await.unwrap();
    }
    // This one knows of all that go before it looks at any, and looks at one after the other: what is read between one
    // and the next belongs to the first.
    let operator = world.operator_with(|config| config.work.concurrency = 1);
    for slug in slugs {
        world.gone(&world.installs(slug), "it").await;
    }
    let (_, last) = uids.pop_last().unwrap();
    // Stopped, it has ended the look that the last of them went in.
    let reads = operator.stop_and_tell().await;
    let mut looks = looks(&reads, &id, &last);
    let last = looks.remove(&last).unwrap();
    assert_eq!(looks.keys().collect::<BTreeSet<_>>(), uids.values().collect(), "all were looked at");
    Gone { last, others: looks.into_values().collect() }
}

/// The looks at each tenant's install that asked for any list.
fn looks(reads: &[String], id: &str, last: &str) -> BTreeMap<String, Vec<Look>> {
    let mut looks: BTreeMap<String, Vec<Look>> = BTreeMap::new();
    let mut of = None;
    for read in reads {
        if let Some((_, rest)) = read.split_once("/namespaces/tenant-")
            && let Some((slug, "it")) = rest.split_once("/plugininstalls/")
        {
            of = Some(slug.to_owned());
            looks.entry(slug.to_owned()).or_default().push(Look::new());
        } else if let Some(slug) = of.as_ref().filter(|_| read.contains(INSTALLS) && !read.contains("limit=")) {
            let what = match read {
                read if read.contains(slug.as_str()) => "of its tenant",
                read if read.contains(last) => "of the last one's tenant",
                read if read.contains("spec.tenantRef") => "of another tenant",
                read if read.contains(id) => "of the plugin",
                _ => "of all",
            };
            looks.get_mut(slug).unwrap().last_mut().unwrap().push(what);
        }
    }
    // Who is looked at once more when it is gone asks for nothing.
    for looks in looks.values_mut() {
        looks.retain(|look| !look.is_empty());
    }
    looks
}

/// If each of them read all installs, twice as many would take four times as long: the last one alone does.
#[tokio::test]
async fn of_many_that_go_at_once_each_asks_for_as_much_as_of_few() {
    let Some(world) = World::new().await else { return };
    let operator = world.operator();
    let slugs: Vec<String> = (0..MANY).map(|_| world.database.unique("acme")).collect();
    for slug in &slugs {
        world.tenant(slug, json!({})).await;
    }
    for slug in &slugs {
        world.ready(slug).await;
    }
    operator.stop().await;
    let alone = removed(&world, &slugs[..1]).await;
    let few = removed(&world, &slugs[..FEW]).await;
    let many = removed(&world, &slugs).await;

    let each = few.others[0].clone();
    let [withdraws, goes] = &each[..] else { panic!("two looks are enough: {each:?}") };
    assert_eq!(withdraws[..], ["of its tenant"], "whether others need it");
    let own = ["of its tenant", "of the last one's tenant"];
    assert!(goes.len() > 2 && goes.iter().all(|list| own.contains(list)), "{each:?}");
    assert_eq!((few.others.len(), many.others.len()), (FEW - 1, MANY - 1));
    for (others, count) in [(&few.others, FEW), (&many.others, MANY)] {
        for looks in others {
            assert_eq!(*looks, each, "one of {count}");
        }
    }

    // The last one asks for no more than one that goes alone, whenever it looks; and that is seen here.
    let [withdraws, goes] = &alone.last[..] else { panic!("{:?}", alone.last) };
    assert_eq!(withdraws[..], ["of its tenant"]);
    assert!(goes.contains(&"of the plugin") && goes.contains(&"of all"), "{goes:?}");
    for last in [few.last, many.last] {
        let (first, rest) = last.split_first().unwrap();
        let (end, waits) = rest.split_last().unwrap();
        assert_eq!((first, end), (withdraws, goes));
        for look in waits {
            assert_eq!(look[..], ["of the plugin"], "while it waits for the others");
        }
    }
}
