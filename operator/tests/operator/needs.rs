//! Tests that want of the API what the standalone one does not serve: all of them are listed here,
//! so that none stays away from it quietly.

use std::io::Write;

use plexica_testkit::{
    api_server::{ApiServer, Flavour},
    or_skip,
};

/// What they want.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Deployments and Services: without a cluster, plugins are processes.
    Workloads,
    /// Quotas of a namespace, which count what Deployments take.
    Quotas,
}

/// Every such test, and what it wants.
const TESTS: [(&str, Need); 14] = [
    ("cluster::a_secret_without_its_deployment_goes_with_the_install", Need::Workloads),
    ("cluster::what_the_cluster_gives_up_is_told_in_an_event", Need::Workloads),
    ("cluster::without_rights_in_tenants_namespaces_installs_come_and_go", Need::Workloads),
    ("drift_of_install::deployment_and_secret_of_a_workload", Need::Workloads),
    ("isolation::a_login_reaches_nothing_of_another_tenant_and_opens_nothing_of_its_own", Need::Workloads),
    ("killed::a_deployment_is_made_taken_down_and_removed_by_operators_that_are_killed_at_each_write", Need::Workloads),
    ("quota::a_step_that_is_refused_leads_back_to_the_plan_in_force", Need::Quotas),
    ("quota::a_step_that_was_answered_and_not_done_leads_back_too", Need::Quotas),
    ("quota::an_operator_that_is_killed_at_each_write_leaves_one_whole_plan_to_the_next", Need::Quotas),
    ("quota::resources_stand_in_the_namespace_are_kept_there_and_go_with_the_plan", Need::Quotas),
    ("quota::somebody_elses_quota_leads_back_too_and_is_left_alone", Need::Quotas),
    ("quota::the_first_limit_is_compared_with_what_pods_have", Need::Quotas),
    ("suspend::a_suspended_tenant_has_no_deployment_in_a_cluster", Need::Workloads),
    ("takeover::two_operators_bring_installs_up_and_take_them_away_as_one", Need::Workloads),
];

impl Need {
    const ALL: [Self; 2] = [Self::Workloads, Self::Quotas];

    /// Where Kubernetes lists such things.
    const fn paths(self) -> &'static [&'static str] {
        match self {
            Self::Workloads => &["/apis/apps/v1/deployments", "/api/v1/services"],
            Self::Quotas => &["/api/v1/resourcequotas", "/api/v1/limitranges"],
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Workloads => "Deployments and Services",
            Self::Quotas => "ResourceQuotas and LimitRanges",
        }
    }
}

/// Whether that API meets it. It is said aloud if not; the runs on Kubernetes have the test.
///
/// # Panics
/// If the test is not in the list.
pub fn met(need: Need, flavour: Flavour) -> bool {
    let thread = std::thread::current();
    let test = thread.name().unwrap_or_default();
    assert!(TESTS.contains(&(test, need)), "{test} wants {need:?}, and TESTS does not say so");
    if flavour == Flavour::Kubernetes {
        return true;
    }
    // Past the test runner, which keeps the output of tests that pass to itself.
    let line = format!("ON KUBERNETES ONLY {test}: the standalone API serves no {}\n", need.words());
    let _written = std::io::stderr().write_all(line.as_bytes());
    false
}

#[test]
fn what_is_listed_is_a_test() {
    for (test, _) in TESTS {
        let (module, name) = test.split_once("::").unwrap();
        let path = format!("{}/tests/operator/{module}.rs", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).unwrap();
        assert!(text.contains(&format!("async fn {name}() {{")), "there is no {test}");
    }
}

/// Whoever serves one of these has tests to take from the list.
#[tokio::test]
async fn what_is_said_not_to_be_served_is_not() {
    let flavour = Flavour::chosen();
    let Some(api) = or_skip(ApiServer::find(flavour, Vec::new()).await) else { return };
    let client = api.client().await;
    for need in Need::ALL {
        assert!(TESTS.iter().any(|(_, wanted)| *wanted == need), "nobody wants {need:?}");
        for path in need.paths() {
            let request = http::Request::get(*path).body(Vec::new()).unwrap();
            let served = client.request::<serde_json::Value>(request).await.map(drop);
            match (flavour, served) {
                (Flavour::Kubernetes, Ok(())) => {}
                (Flavour::Standalone, Err(kube::Error::Api(status))) if status.code == 404 => {}
                (_, served) => panic!("{flavour:?} answers to {path}: {served:?}"),
            }
        }
    }
}
