//! What was done, kept for a while.

use std::time::Duration;

use plexica_backends::postgres::operation::{Entry, Whose, expire, record, trim};
use plexica_crds::{OperationPhase, OperationStatus};
use serde_json::json;
use sqlx::{Connection, Executor, types::Json};

use crate::on_postgres;
use crate::world::{World, scalar};

on_postgres! {
    what_is_recorded_once_and_ends_once
    what_comes_late_is_over
    two_at_the_same_time_see_each_other
    what_is_old_or_too_much_goes
    what_is_no_tenants_is_bounded_as_well
    the_core_api_may_only_read_it
    who_gives_up_leaves_no_transaction_open
}

fn operation(id: &str, phase: &str, second: u8) -> OperationStatus {
    let at = format!("2026-01-01T00:00:{second:02}Z");
    serde_json::from_value(json!({ "id": id, "kind": "Update", "phase": phase, "startedAt": at })).unwrap()
}

async fn note(world: &World, uid: &str, operation: &OperationStatus) -> bool {
    let tenant = Some(Whose { name: "acme", uid: "t" });
    let entry = Entry { tenant, resource: "PluginInstall", name: "it", uid, operation };
    record(&world.provisioner, &entry).await.unwrap()
}

/// On a connection that goes back to the pool, what the next one writes would not be kept.
async fn who_gives_up_leaves_no_transaction_open(world: World) {
    let mut administrator = world.administrator().await;
    let open = "SELECT count(*) FROM pg_stat_activity
                 WHERE datname = current_database() AND state LIKE 'idle in transaction%'";
    // At another moment each time: timers are too coarse.
    for moments in (0..200).map(|step| step * 10) {
        // There is a connection then, which need not be made first.
        note(&world, "before", &operation("before", "Running", 1)).await;
        let id = moments.to_string();
        let running = operation(&id, "Running", 1);
        let gives_up = async {
            for _ in 0..moments {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            biased;
            () = gives_up => {}
            _ = note(&world, &id, &running) => {}
        }
        let is_none = async || scalar::<i64>(&mut administrator, open).await == 0;
        plexica_testkit::wait_until("no transaction is open", Duration::from_secs(10), is_none).await;
    }
}

async fn phases(world: &World) -> String {
    let sql = "SELECT coalesce(string_agg(id || ' ' || phase, ', ' ORDER BY id), '') FROM core.operation
                WHERE operation ->> 'phase' = phase";
    scalar(&mut world.administrator().await, sql).await
}

async fn what_is_recorded_once_and_ends_once(world: World) {
    let running = operation("a", "Running", 1);
    assert!(note(&world, "1", &running).await);
    assert!(!note(&world, "1", &running).await, "nothing is new, so nothing is written");
    assert!(note(&world, "2", &operation("b", "Running", 1)).await);
    assert!(note(&world, "1", &operation("a", "Failed", 1)).await);
    assert!(note(&world, "1", &operation("a", "Running", 1)).await, "what failed may be mended");
    // The next one of the same resource supersedes it, and nothing of another.
    assert!(note(&world, "1", &operation("c", "Succeeded", 2)).await);
    assert_eq!(phases(&world).await, "a Superseded, b Running, c Succeeded");
    // A slower operator that still means the one before.
    for late in [operation("a", "Running", 1), operation("c", "Running", 2)] {
        assert!(!note(&world, "1", &late).await);
    }
    assert_eq!(phases(&world).await, "a Superseded, b Running, c Succeeded");
    let sql = "SELECT operation FROM core.operation WHERE id = 'a'";
    let Json(past) = scalar::<Json<OperationStatus>>(&mut world.administrator().await, sql).await;
    assert!(past.phase == OperationPhase::Superseded && past.completed_at.is_some(), "{past:?}");
}

/// A statement that was given up and came about all the same.
async fn what_comes_late_is_over(world: World) {
    let gone = serde_json::from_value(json!({
        "id": "gone", "kind": "Delete", "phase": "Succeeded", "startedAt": "2026-01-01T00:00:05Z",
    }));
    assert!(note(&world, "1", &gone.unwrap()).await);
    // In the same second, too, since nothing follows a removal.
    for (id, second) in [("a", 4), ("b", 5)] {
        assert!(note(&world, "1", &operation(id, "Running", second)).await);
    }
    assert!(note(&world, "2", &operation("c", "Succeeded", 5)).await);
    assert!(note(&world, "2", &operation("d", "Running", 4)).await);
    assert!(note(&world, "2", &operation("e", "Running", 5)).await, "the next one may begin in the same second");
    assert_eq!(
        phases(&world).await,
        "a Superseded, b Superseded, c Succeeded, d Superseded, e Running, gone Succeeded"
    );
}

/// Both wait for a row that somebody else holds, and come about when it is let go.
async fn two_at_the_same_time_see_each_other(world: World) {
    assert!(note(&world, "1", &operation("a", "Running", 1)).await);
    let mut holder = world.administrator().await;
    let mut held = holder.begin().await.unwrap();
    held.execute("SELECT FROM core.operation WHERE id = 'a' FOR UPDATE").await.unwrap();
    let (running, ended) = (operation("b", "Running", 2), operation("c", "Succeeded", 3));
    let waiting =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let let_go = async {
        let both = async || scalar::<i64>(&mut world.administrator().await, waiting).await == 2;
        plexica_testkit::wait_until("both wait", Duration::from_mins(1), both).await;
        held.commit().await.unwrap();
    };
    let second = async {
        let first_waits = async || scalar::<i64>(&mut world.administrator().await, waiting).await == 1;
        plexica_testkit::wait_until("the first waits", Duration::from_mins(1), first_waits).await;
        note(&world, "1", &ended).await
    };
    tokio::join!(note(&world, "1", &running), second, let_go);
    assert_eq!(phases(&world).await, "a Superseded, b Superseded, c Succeeded");
}

async fn what_is_old_or_too_much_goes(world: World) {
    for (at, id) in ["a", "b", "c", "d"].into_iter().enumerate() {
        note(&world, id, &operation(id, "Succeeded", u8::try_from(at).unwrap())).await;
    }
    assert_eq!(trim(&world.provisioner, Some("acme"), 3).await.unwrap(), 1);
    assert_eq!(trim(&world.provisioner, Some("globex"), 0).await.unwrap(), 0);
    assert_eq!(phases(&world).await, "b Succeeded, c Succeeded, d Succeeded");
    world.execute("UPDATE core.operation SET recorded_at = now() - interval '31 days' WHERE id = 'c'").await;
    assert_eq!(expire(&world.provisioner, 30).await.unwrap(), 1);
    assert_eq!(phases(&world).await, "b Succeeded, d Succeeded");
    // More than one statement's worth.
    world
        .execute(
            "INSERT INTO core.operation (id, tenant, tenant_uid, resource, name, resource_uid, phase, started_at,
                                         recorded_at, operation)
             SELECT 'x' || n, 'acme', 't', 'Tenant', 'acme', 't', 'Failed', now(), now() - interval '40 days', '{}'
               FROM generate_series(1, 2500) n",
        )
        .await;
    assert_eq!(expire(&world.provisioner, 30).await.unwrap(), 2500);
}

async fn what_is_no_tenants_is_bounded_as_well(world: World) {
    assert!(note(&world, "1", &operation("theirs", "Succeeded", 9)).await);
    for (at, id) in ["a", "b", "c"].into_iter().enumerate() {
        let operation = operation(id, "Running", u8::try_from(at).unwrap());
        let entry = Entry { tenant: None, resource: "Plugin", name: "crm-2.0.0", uid: "entry", operation: &operation };
        assert!(record(&world.provisioner, &entry).await.unwrap());
        assert!(!record(&world.provisioner, &entry).await.unwrap(), "nothing is new, so nothing is written");
    }
    assert_eq!(phases(&world).await, "a Superseded, b Superseded, c Running, theirs Succeeded");
    let sql = "SELECT count(*) FROM core.operation WHERE tenant IS NULL AND tenant_uid IS NULL AND resource = 'Plugin'";
    assert_eq!(scalar::<i64>(&mut world.administrator().await, sql).await, 3);
    assert_eq!(trim(&world.provisioner, None, 2).await.unwrap(), 1);
    assert_eq!(trim(&world.provisioner, Some("acme"), 2).await.unwrap(), 0, "each is counted among its own");
    assert_eq!(phases(&world).await, "b Superseded, c Running, theirs Succeeded");
    world.execute("UPDATE core.operation SET recorded_at = now() - interval '31 days' WHERE id = 'b'").await;
    assert_eq!(expire(&world.provisioner, 30).await.unwrap(), 1);
    assert_eq!(phases(&world).await, "c Running, theirs Succeeded");
}

async fn the_core_api_may_only_read_it(world: World) {
    let may = async |privilege: &str| {
        let sql = format!("SELECT has_table_privilege('plexica_core_api', 'core.operation', '{privilege}')");
        scalar::<bool>(&mut world.administrator().await, &sql).await
    };
    assert!(may("SELECT").await);
    for privilege in ["INSERT", "UPDATE", "DELETE", "TRUNCATE"] {
        assert!(!may(privilege).await, "{privilege}");
    }
}
