use super::*;
use crate::fixture;
use serde_json::json;

fn install(name: &str, generation: i64, upstream: Option<&str>) -> PluginInstall {
    let mut install = fixture::install("plexica-system", name, name, "crm");
    let route = upstream.map(|upstream| json!({ "path": "/api/plugins/crm", "upstream": upstream }));
    let status = json!({ "version": "1.0.0", "route": route, "credentials": { "generation": generation } });
    install.status = Some(serde_json::from_value(status).unwrap());
    install
}

#[test]
fn the_one_before_goes_when_no_request_comes_to_who_has_it() {
    let old = || install("old", 1, Some("http://a"));
    for (own, other, used, why) in [
        (install("own", 2, Some("http://a")), None, false, "alone"),
        (install("own", 1, Some("http://a")), None, true, "it is behind itself"),
        (install("own", 2, Some("http://b")), Some(old()), true, "a workload that nobody has brought on"),
        (install("own", 2, Some("http://a")), Some(old()), false, "one that somebody else has brought on"),
        (install("own", 1, Some("http://a")), Some(old()), true, "one that nobody has"),
        (install("own", 2, None), Some(old()), true, "who is not routed says nothing of where others lead"),
        (install("own", 2, Some("http://b")), Some(install("old", 1, None)), false, "nothing is routed there"),
    ] {
        let others: Vec<Arc<PluginInstall>> = other.into_iter().map(Arc::new).collect();
        assert_eq!(in_use(&own, &others, 2), used, "{why}");
    }
    let mut bakes = install("own", 2, Some("http://a"));
    let upgrade = json!({ "from": "1.0.0", "to": "2.0.0", "phase": "Baking", "since": "2026-01-01T00:00:00Z" });
    bakes.status.as_mut().unwrap().upgrade = Some(serde_json::from_value(upgrade).unwrap());
    assert!(in_use(&bakes, &[], 2), "what is kept to go back to");
}
