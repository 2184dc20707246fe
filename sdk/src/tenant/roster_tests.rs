use super::*;

fn tenant(slug: &str, role: &str) -> PluginTenant {
    PluginTenant {
        tenant: slug.parse().unwrap(),
        schema: "s".into(),
        role: role.into(),
        config: serde_json::Value::Null,
        since_restart: None,
        enabled: true,
        suspended: false,
        features: Vec::new(),
    }
}

fn list(revision: &str, tenants: &[(&str, &str)]) -> PluginTenants {
    PluginTenants {
        revision: revision.into(),
        tenants: tenants.iter().map(|(slug, role)| tenant(slug, role)).collect(),
    }
}

fn role(roster: &Roster, slug: &str) -> Option<String> {
    role_at(roster, slug, Instant::now())
}

fn role_at(roster: &Roster, slug: &str, now: Instant) -> Option<String> {
    roster.get(&slug.parse().unwrap(), now).map(|tenant| tenant.role.clone())
}

#[test]
fn the_newest_word_counts() {
    let start = Instant::now();
    let mut roster = Roster::default();
    roster.tell(tenant("acme", "told"), start);
    assert_eq!(role(&roster, "acme").as_deref(), Some("told"));
    // A list without it may be older than the call.
    roster.list(list("1", &[("globex", "listed")]), start);
    assert_eq!(role(&roster, "acme").as_deref(), Some("told"));
    // A list with it is the newer word.
    roster.list(list("2", &[("acme", "listed")]), start);
    assert_eq!(role(&roster, "acme").as_deref(), Some("listed"));
    assert_eq!(role_at(&roster, "globex", start + UNHEARD), None);
    // And a call after that again.
    roster.tell(tenant("acme", "told again"), start);
    assert_eq!(role(&roster, "acme").as_deref(), Some("told again"));
    assert_eq!(roster.revision(), Some("2"));
}

#[test]
fn who_has_moved_is_served_until_gateways_have_heard() {
    let start = Instant::now();
    let mut roster = Roster::default();
    roster.list(list("1", &[("acme", "listed"), ("globex", "listed")]), start);
    let moved = start + UNHEARD;
    roster.list(list("2", &[("globex", "listed")]), moved);
    assert_eq!(role_at(&roster, "acme", moved).as_deref(), Some("listed"));
    assert_eq!(role_at(&roster, "acme", moved + UNHEARD), None, "and no longer, whether or not a list comes");
    // It comes back, and leaves for good.
    roster.list(list("3", &[("acme", "again")]), moved);
    assert_eq!(role_at(&roster, "acme", moved).as_deref(), Some("again"));
    assert_eq!(role_at(&roster, "globex", moved).as_deref(), Some("listed"));
    roster.list(list("4", &[]), moved);
    roster.forget(&"acme".parse().unwrap());
    assert_eq!(role_at(&roster, "acme", moved), None);
}

#[test]
fn what_only_a_call_said_ends() {
    let start = Instant::now();
    let mut roster = Roster::default();
    roster.tell(tenant("acme", "told"), start);
    roster.list(list("1", &[]), start + TOLD_LIFETIME);
    assert_eq!(role(&roster, "acme"), None);
}

#[test]
fn a_forgotten_tenant_is_unknown() {
    let mut roster = Roster::default();
    roster.list(list("1", &[("acme", "listed")]), Instant::now());
    roster.tell(tenant("acme", "told"), Instant::now());
    roster.forget(&"acme".parse().unwrap());
    assert_eq!(role(&roster, "acme"), None);
}

fn configured(roster: &Roster) -> String {
    roster.get(&"acme".parse().unwrap(), Instant::now()).map(|tenant| tenant.config.to_string()).unwrap_or_default()
}

fn with(config: i32) -> PluginTenant {
    PluginTenant { config: config.into(), ..tenant("acme", "r") }
}

fn saying(config: i32) -> PluginTenants {
    PluginTenants { revision: config.to_string(), tenants: vec![with(config)] }
}

fn unasked(roster: &Roster) -> Vec<(String, String)> {
    roster.unasked().into_iter().map(|(known, new)| (known.config.to_string(), new.config.to_string())).collect()
}

#[test]
fn another_configuration_counts_when_the_author_has_said_so() {
    let (now, acme) = (Instant::now(), "acme".parse().unwrap());
    let asked = |from: &str, to: &str| vec![(from.to_owned(), to.to_owned())];
    let mut roster = Roster::new(manifest::Reload::Ask, 0);
    roster.list(saying(1), now);
    assert_eq!((configured(&roster).as_str(), unasked(&roster)), ("1", vec![]), "the first is nothing new");
    roster.list(saying(2), now);
    assert_eq!((configured(&roster).as_str(), unasked(&roster)), ("1", asked("1", "2")));
    roster.settle(&acme, &2.into(), &Err(crate::Error::conflict("no")));
    assert_eq!((configured(&roster).as_str(), unasked(&roster)), ("1", asked("1", "2")), "it is asked again");
    roster.list(saying(3), now);
    roster.settle(&acme, &2.into(), &Ok(Reload::Live));
    assert_eq!((configured(&roster).as_str(), unasked(&roster)), ("1", asked("1", "3")), "another is wanted");
    roster.settle(&acme, &3.into(), &Ok(Reload::Live));
    assert_eq!((configured(&roster).as_str(), unasked(&roster)), ("3", vec![]));
    roster.list(saying(4), now);
    roster.settle(&acme, &4.into(), &Ok(Reload::Restart));
    roster.list(saying(4), now);
    assert_eq!((configured(&roster).as_str(), unasked(&roster)), ("3", vec![]), "the next process has it");
}

#[test]
fn a_call_is_not_undone_by_a_list_from_before() {
    let now = Instant::now();
    let mut roster = Roster::new(manifest::Reload::Ask, 0);
    roster.list(saying(1), now);
    roster.configure(with(2), Reload::Live, now);
    roster.list(saying(1), now);
    assert_eq!((configured(&roster).as_str(), unasked(&roster)), ("2", vec![]));
    assert_eq!((roster.is_in_doubt(now), roster.is_in_doubt(now + LATE)), (false, true), "nobody has written it down");
    roster.list(saying(2), now);
    assert_eq!((configured(&roster).as_str(), unasked(&roster)), ("2", vec![]), "nothing new");
    assert!(!roster.is_in_doubt(now + LATE));
    roster.list(saying(1), now + LATE);
    assert_eq!(unasked(&roster), [("2".to_owned(), "1".to_owned())], "it is the newer word again");
    roster.configure(with(1), Reload::Restart, now);
    assert_eq!((configured(&roster).as_str(), unasked(&roster)), ("2", vec![]));
    roster.configure(with(3), Reload::Restart, now);
    roster.list(saying(1), now);
    assert_eq!(unasked(&roster), [], "what is held is newer");
    roster.list(saying(3), now);
    assert!(!roster.is_in_doubt(now + LATE));
}

#[test]
fn what_asks_nobody_counts_at_once_or_in_the_next_process() {
    for (reload, counts) in [(manifest::Reload::Live, "2"), (manifest::Reload::Restart, "1")] {
        let mut roster = Roster::new(reload, 0);
        roster.list(saying(1), Instant::now());
        roster.list(saying(2), Instant::now());
        assert_eq!((configured(&roster).as_str(), unasked(&roster)), (counts, vec![]), "{reload:?}");
    }
}

fn since(config: i32, since_restart: Option<i64>) -> PluginTenants {
    PluginTenants { tenants: vec![PluginTenant { since_restart, ..with(config) }], ..saying(config) }
}

#[test]
fn what_a_process_was_started_for_counts_in_it_however_late_it_is_told() {
    let now = Instant::now();
    for reload in [manifest::Reload::Restart, manifest::Reload::Ask] {
        for (own, counts) in [(0, "1"), (1, "1"), (2, "2"), (3, "2")] {
            let mut roster = Roster::new(reload, own);
            roster.list(since(1, None), now);
            // It is decided, and which processes will have it is not known yet.
            roster.list(since(2, None), now);
            assert_eq!(configured(&roster), "1");
            roster.list(since(2, Some(2)), now);
            assert_eq!(configured(&roster), counts, "{reload:?} {own}");
            roster.list(since(3, None), now);
            assert_eq!(configured(&roster), counts, "the next is not for it");
        }
    }
}

#[test]
fn nothing_older_is_taken_for_what_a_process_was_started_for() {
    let now = Instant::now();
    // What a call has replaced, and the list says for ever.
    let mut roster = Roster::new(manifest::Reload::Ask, 1);
    roster.list(since(1, Some(1)), now);
    roster.configure(with(2), Reload::Live, now);
    roster.list(since(1, Some(1)), now + LATE);
    assert_eq!(configured(&roster), "2");
    assert_eq!(unasked(&roster), [("2".to_owned(), "1".to_owned())]);
    // What another copy of the core API still says.
    let mut roster = Roster::new(manifest::Reload::Restart, 7);
    roster.list(since(2, Some(7)), now);
    for late in [since(1, Some(6)), since(3, None), since(1, Some(6))] {
        roster.list(late, now);
        assert_eq!(configured(&roster), "2");
    }
    // What was so before the process was asked, at its very start.
    let mut roster = Roster::new(manifest::Reload::Ask, 7);
    roster.configure(with(3), Reload::Live, now);
    roster.list(since(2, Some(7)), now);
    assert_eq!(configured(&roster), "3");
}

#[test]
fn nobody_is_asked_about_what_is_not_wanted_any_more() {
    let now = Instant::now();
    let mut roster = Roster::new(manifest::Reload::Ask, 0);
    for config in [1, 2, 1] {
        roster.list(saying(config), now);
    }
    assert_eq!(unasked(&roster), []);
}
