use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::*;
use crate::{
    Plugin,
    dependency::fixture::{catalogue, plugin, present},
};

/// What is chosen beside these installs, and what is held back by what.
fn chosen(lines: &[&str], asked: &str, current: Option<&str>, installs: &[&str]) -> Result<(String, String), Refusal> {
    let catalogue = catalogue(lines);
    let present = present(installs, &catalogue);
    let current: Option<PluginVersion> = current.map(|version| version.parse().unwrap());
    let (id, requirement) = asked.split_once(' ').unwrap();
    let requirement: VersionReq = requirement.parse().unwrap();
    let asked = Asked { id, requirement: &requirement, current: current.as_ref(), before: None };
    choose(asked, &catalogue, &present).map(|Choice { release, held }| {
        let held = held.map_or_else(String::new, |(release, obstacle)| format!("{release}: {obstacle}"));
        (release.version.to_string(), held)
    })
}

/// (catalogue, asked for, current, installs, chosen, held back)
type Case<'a> = (&'a [&'a str], &'a str, Option<&'a str>, &'a [&'a str], &'a str, &'a str);

#[test]
fn an_upgrade_does_not_break_who_is_at_work() {
    let crm_needs_one = "crm 1.0.0: files ^1";
    let held = "files 2.0.0: crm 1.0.0 (tenant-acme/crm) → files ^1";
    let cases: [Case<'_>; 12] = [
        // Beside files 1.0.0 and 2.0.0.
        (&[], "files *", Some("1.0.0"), &[], "2.0.0", ""),
        (&[crm_needs_one], "files *", Some("1.0.0"), &["crm * @1.0.0"], "1.0.0", held),
        (&["crm 1.0.0: files >=1, <3"], "files *", Some("1.0.0"), &["crm * @1.0.0"], "2.0.0", ""),
        (&["crm 1.0.0: ?files ^1"], "files *", Some("1.0.0"), &["crm * @1.0.0"], "1.0.0", held),
        (&[crm_needs_one, "files 1.5.0"], "files *", Some("1.0.0"), &["crm * @1.0.0"], "1.5.0", held),
        // What does not run, or goes, needs nothing.
        (&[crm_needs_one], "files *", Some("1.0.0"), &["- crm * @1.0.0"], "2.0.0", ""),
        (&[crm_needs_one], "files *", Some("1.0.0"), &["~ crm * @1.0.0"], "2.0.0", ""),
        // Who has not what it needs as it is, loses nothing.
        (&[crm_needs_one, "files 2.1.0"], "files *", Some("2.0.0"), &["crm * @1.0.0"], "2.1.0", ""),
        // Who is yet to come is thought of, and stands in nobody's way.
        (&[crm_needs_one], "files *", None, &["crm *"], "1.0.0", held),
        (&[crm_needs_one], "files ^2", None, &["crm *"], "2.0.0", ""),
        (&[crm_needs_one], "files *", None, &["crm * @1.0.0"], "1.0.0", held),
        (&[crm_needs_one], "files =2.0.0", None, &["crm * @1.0.0"], "2.0.0", ""),
    ];
    for (more, asked, current, installs, version, held) in cases {
        let lines = [&["files 1.0.0", "files 2.0.0"], more].concat();
        let found = chosen(&lines, asked, current, installs);
        assert_eq!(found, Ok((version.to_owned(), held.to_owned())), "{more:?} {asked} {current:?} {installs:?}");
    }
    // Where nothing else is asked for, it is refused, with who is in the way.
    let lines = ["files 1.0.0", "files 2.0.0", crm_needs_one, "mail 3.0.0: ?files <2"];
    let broken = chosen(&lines, "files ^2", Some("1.0.0"), &["crm * @1.0.0", "mail * @3.0.0"]);
    let chains = "crm 1.0.0 (tenant-acme/crm) → files ^1, mail 3.0.0 (tenant-acme/mail) → files <2";
    assert_eq!(broken, Err(Refusal::Refused("2.0.0".parse().unwrap(), Obstacle::Breaks(chains.into()))));
    // So is one that comes and spoils an optional need.
    assert!(chosen(&lines, "files ^2", None, &["mail * @3.0.0"]).is_err());
}

#[test]
fn interfaces_are_lost_when_nobody_else_provides_them() {
    let lines =
        ["files 1.0.0: +blobs.v1 1.0.0", "files 2.0.0", "s3 1.0.0: +blobs.v1 1.1.0", "crm 1.0.0: <blobs.v1> ^1"];
    let held = "files 2.0.0: crm 1.0.0 (tenant-acme/crm) → interface blobs.v1 ^1";
    for (installs, version, held) in
        [(&["crm * @1.0.0"][..], "1.0.0", held), (&["crm * @1.0.0", "s3 * @1.0.0"], "2.0.0", "")]
    {
        let found = chosen(&lines, "files *", Some("1.0.0"), installs);
        assert_eq!(found, Ok((version.to_owned(), held.to_owned())), "{installs:?}");
    }
}

#[test]
fn an_upgrade_that_lacks_something_is_not_taken_and_a_new_install_waits() {
    let lines = ["crm 1.0.0", "crm 2.0.0: files ^2", "files 1.0.0", "files 2.0.0"];
    let other = "crm 2.0.0: crm 2.0.0 → files ^2, but files 1.0.0 is installed";
    let missing = "crm 2.0.0: crm 2.0.0 → files ^2, which is not installed";
    let cases: [Case<'_>; 7] = [
        (&lines, "crm *", Some("1.0.0"), &["files =1.0.0 @1.0.0"], "1.0.0", other),
        (&lines, "crm *", Some("1.0.0"), &[], "1.0.0", missing),
        (&lines, "crm *", Some("1.0.0"), &["files * @2.0.0"], "2.0.0", ""),
        (&lines, "crm ^2", Some("1.0.0"), &[], "2.0.0", ""),
        (&lines, "crm *", None, &[], "2.0.0", ""),
        (&lines, "crm *", None, &["files *"], "2.0.0", ""),
        (&lines, "crm *", None, &["files =1.0.0 @1.0.0"], "1.0.0", other),
    ];
    for (lines, asked, current, installs, version, held) in cases {
        let found = chosen(lines, asked, current, installs);
        assert_eq!(found, Ok((version.to_owned(), held.to_owned())), "{asked} {current:?} {installs:?}");
    }
}

#[test]
fn circles_are_refused_with_their_chain() {
    let lines = ["a 1.0.0: b ^1", "b 1.0.0: c ^1", "c 1.0.0: a ^1", "c 0.9.0"];
    let chain = "c 1.0.0 → a ^1, a 1.0.0 → b ^1, b 1.0.0 → c ^1";
    let refused = chosen(&lines, "c ^1", None, &["a *", "b *"]);
    assert_eq!(refused, Err(Refusal::Refused("1.0.0".parse().unwrap(), Obstacle::Circle(chain.into()))));
    // Each of them refuses, whoever comes first.
    assert!(matches!(chosen(&lines, "a *", None, &["c ^1", "b *"]), Err(Refusal::Refused(_, Obstacle::Circle(_)))));
    // An upgrade that would close one is held back; and so is what is new, where another version is.
    let held = format!("c 1.0.0: the requirements go in a circle: {chain}");
    assert_eq!(chosen(&lines, "c *", Some("0.9.0"), &["a * @1.0.0", "b * @1.0.0"]), Ok(("0.9.0".into(), held)));
    // Optional ones close none.
    assert!(chosen(&["a 1.0.0: ?b ^1", "b 1.0.0: a ^1"], "a *", None, &["b *"]).is_ok());
}

#[test]
fn what_is_yanked_runs_on_and_is_never_chosen_anew() {
    let lines = ["crm 1.0.0", "!crm 1.1.0", "!crm 2.0.0"];
    let yanked = |version: &str| Refusal::Refused(version.parse().unwrap(), Obstacle::Yanked("it loses data".into()));
    let held = |version: &str| format!("crm {version}: it is yanked (it loses data)");
    for (asked, current, expected) in [
        ("crm *", None, Ok(("1.0.0".into(), held("2.0.0")))),
        ("crm =1.1.0", None, Err(yanked("1.1.0"))),
        ("crm ^2", None, Err(yanked("2.0.0"))),
        ("crm =1.1.0", Some("1.1.0"), Ok(("1.1.0".into(), String::new()))),
        ("crm *", Some("1.1.0"), Ok(("1.1.0".into(), held("2.0.0")))),
        ("crm ^1", Some("1.1.0"), Ok(("1.1.0".into(), String::new()))),
        ("crm =1.0.0", None, Ok(("1.0.0".into(), String::new()))),
    ] {
        assert_eq!(chosen(&lines, asked, current, &[]), expected, "{asked} {current:?}");
    }
}

/// Whatever has become of the entry of the version before, while its tenant's data can still be served by it.
#[test]
fn what_served_before_can_be_gone_back_to() {
    let (current, [one, two]) = ("2.0.0".parse().unwrap(), ["1.0.0", "1.1.0"].map(|text| text.parse().unwrap()));
    let chosen = |line: &str, requirement: &str, before: Option<&PluginVersion>, goes: bool| {
        let mut plugins: Vec<Plugin> = ["crm 1.0.0", line, "crm 2.0.0"].map(plugin).into();
        plugins[1].metadata.deletion_timestamp = goes.then_some(Time(jiff::Timestamp::UNIX_EPOCH));
        let (catalogue, requirement) = (Catalogue::of(&plugins), requirement.parse().unwrap());
        let asked = Asked { id: "crm", requirement: &requirement, current: Some(&current), before };
        choose(asked, &catalogue, &[]).ok().map(|choice| choice.release.version.to_string())
    };
    for (line, goes) in [("!crm 1.1.0", false), ("crm 1.1.0", true)] {
        assert_eq!(chosen(line, "=1.1.0", Some(&two), goes).as_deref(), Some("1.1.0"), "{line}");
        assert_eq!(chosen(line, "=1.1.0", Some(&one), goes), None, "{line}: another served before");
        assert_eq!(chosen(line, "=1.1.0", None, goes), None, "{line}");
        assert_eq!(chosen(line, "*", Some(&two), goes).as_deref(), Some("2.0.0"), "{line}: nobody is led back");
    }
}

/// What serves is there, though nobody keeps its entry any more; and it is not chosen anew.
#[test]
fn what_serves_is_known_without_its_entry() {
    let installs = [crate::dependency::fixture::install("files * @1.2.0")];
    let catalogue = catalogue(&["files 1.0.0", "files 2.0.0"]).knowing(&installs);
    assert_eq!(
        catalogue.versions("files").iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["files 2.0.0", "files 1.2.0", "files 1.0.0"]
    );
    let present = Present::of(&installs[0], &catalogue);
    assert_eq!(present.answers().map(ToString::to_string).as_deref(), Some("files 1.2.0"));
    let requirement = "~1.2".parse().unwrap();
    let refused =
        choose(Asked { id: "files", requirement: &requirement, current: None, before: None }, &catalogue, &[])
            .unwrap_err();
    assert_eq!(refused, Refusal::NoMatch(["1.0.0", "2.0.0"].map(|version| version.parse().unwrap()).into()));
}
