use super::*;
use crate::fixture;
use plexica_crds::plugin_install::Phase;
use serde_json::json;

fn install(name: &str, generation: i64, upstream: Option<&str>) -> PluginInstall {
    let mut install = fixture::install("plexica-system", name, name, "crm");
    let route = upstream.map(|upstream| json!({ "path": "/api/plugins/crm", "upstream": upstream }));
    let status = json!({ "version": "1.0.0", "route": route, "credentials": { "generation": generation } });
    install.status = Some(serde_json::from_value(status).unwrap());
    install
}

#[test]
fn who_moves_to_a_workload_of_its_own_shares_until_it_has_moved() {
    let own = install("own", 2, Some("http://a"));
    let valid = fixture::valid(&own, fixture::plugin("crm", "1.0.0"));
    let other = |isolation, phase, observed| {
        let mut other = install("old", 1, Some("http://a"));
        other.spec.isolation = isolation;
        let status = other.status.as_mut().unwrap();
        (status.phase, status.observed_generation) = (Some(phase), Some(observed));
        !sharers(&own, &valid, &[Arc::new(other)]).is_empty()
    };
    assert!(other(Isolation::Shared, Phase::Ready, 1));
    assert!(other(Isolation::Dedicated, Phase::Installing, 1), "it may still be served by the shared one");
    assert!(other(Isolation::Dedicated, Phase::Ready, 0), "that was said of the spec before");
    assert!(!other(Isolation::Dedicated, Phase::Ready, 1));
}

#[test]
fn the_one_before_goes_when_no_request_comes_to_who_has_it() {
    let old = |upstream| Some(("old", 1, upstream));
    for (own, other, used, why) in [
        ((2, Some("http://a")), None, false, "alone"),
        ((1, Some("http://a")), None, true, "it is behind itself"),
        ((2, Some("http://b")), old(Some("http://a")), true, "a workload that nobody has brought on"),
        ((2, Some("http://a")), old(Some("http://a")), false, "one that somebody else has brought on"),
        ((1, Some("http://a")), old(Some("http://a")), true, "one that nobody has"),
        ((2, None), old(Some("http://a")), true, "who is not routed says nothing of where others lead"),
        ((2, Some("http://b")), old(None), false, "nothing is routed there"),
    ] {
        let own = install("own", own.0, own.1);
        let others: Vec<Arc<PluginInstall>> = other
            .into_iter()
            .map(|(name, generation, upstream)| Arc::new(install(name, generation, upstream)))
            .collect();
        assert_eq!(in_use(&own, &others, 2), used, "{why}");
    }
    let mut bakes = install("own", 2, Some("http://a"));
    let upgrade = json!({ "from": "1.0.0", "to": "2.0.0", "phase": "Baking", "since": "2026-01-01T00:00:00Z" });
    bakes.status.as_mut().unwrap().upgrade = Some(serde_json::from_value(upgrade).unwrap());
    assert!(in_use(&bakes, &[], 2), "what is kept to go back to");
}
