use super::*;
use crate::dependency::fixture::{catalogue, present};
use proptest::prelude::*;

fn wanted(lines: &[&str]) -> Vec<Wanted> {
    let split = |line: &&str| {
        let (id, requirement) = line.split_once(' ').unwrap();
        Wanted { id: id.into(), requirement: requirement.parse().unwrap() }
    };
    lines.iter().map(split).collect()
}

/// The steps as `id version (requirement)`, or the chains.
fn solved(lines: &[&str], installs: &[&str], asked: &[&str]) -> Result<Vec<String>, String> {
    let catalogue = catalogue(lines);
    let present = present(installs, &catalogue);
    let steps = solve(&catalogue, &present, &wanted(asked), true).map_err(|conflict| conflict.to_string())?;
    Ok(steps.iter().map(|step| format!("{} ({})", step.release, step.requirement)).collect())
}

#[test]
fn what_is_missing_comes_first_and_as_high_as_it_may() {
    let lines = [
        "crm 1.0.0: files ^1",
        "crm 2.0.0: files >=1.2, <3; mail ^1",
        "mail 1.0.0: files ^1; ?chat ^2",
        "files 1.0.0",
        "files 1.4.0",
        "files 2.0.0",
        "chat 1.0.0",
        "chat 2.0.0",
    ];
    let cases: [(&[&str], &[&str], &[&str]); 9] = [
        (&[], &["files *"], &["files 2.0.0 (*)"]),
        (&[], &["crm *"], &["files 1.4.0 (>=1.2, <3, ^1)", "mail 1.0.0 (^1)", "crm 2.0.0 (*)"]),
        (&[], &["crm ^1"], &["files 1.4.0 (^1)", "crm 1.0.0 (^1)"]),
        // What is asked for together comes to the same, whatever of it is seen first.
        (&[], &["files *", "mail *"], &["files 1.4.0 (<=1.4.0)", "mail 1.0.0 (*)"]),
        (&["files * @1.4.0"], &["crm *"], &["mail 1.0.0 (^1)", "crm 2.0.0 (*)"]),
        // What is there stays: a lower version of what is asked for, if need be.
        (&["files * @1.0.0"], &["crm *"], &["crm 1.0.0 (*)"]),
        (&["chat * @1.0.0", "files * @1.4.0"], &["crm *"], &["crm 1.0.0 (<=1.0.0)"]),
        (&["mail * @1.0.0", "files * @1.0.0"], &["files *"], &["files 1.4.0 (*)"]),
        (
            &["crm * @1.0.0", "files * @1.0.0"],
            &["files =1.4.0", "crm ^2"],
            &["files 1.4.0 (=1.4.0)", "mail 1.0.0 (^1)", "crm 2.0.0 (^2)"],
        ),
    ];
    for (installs, asked, expected) in cases {
        let expected: Vec<String> = expected.iter().map(ToString::to_string).collect();
        assert_eq!(solved(&lines, installs, asked), Ok(expected), "{installs:?} {asked:?}");
    }
}

/// (catalogue, installs, asked for, chain)
type Case<'a> = (&'a [&'a str], &'a [&'a str], &'a [&'a str], &'a str);

#[test]
fn what_contradicts_is_refused_with_its_chain() {
    let cases: [Case<'_>; 13] = [
        (
            &["crm 2.0.0: files ^2", "files 2.0.0", "files 1.0.0", "mail 1.1.0: files ^1"],
            &["mail * @1.1.0"],
            &["crm *"],
            "crm 2.0.0 → files ^2, but mail 1.1.0 (installed) → files ^1",
        ),
        (
            &["crm 2.0.0: files ^2", "files 2.0.0", "files 1.0.0"],
            &["files =1.0.0 @1.0.0"],
            &["crm *"],
            "crm 2.0.0 → files ^2, but files 1.0.0 is installed",
        ),
        (
            &["a 1.0.0: b ^1; c ^1", "b 1.0.0: d ^1", "c 1.0.0: d ^2", "d 1.0.0", "d 2.0.0"],
            &[],
            &["a *"],
            "a 1.0.0 → b ^1, b 1.0.0 → d ^1, but a 1.0.0 → c ^1, c 1.0.0 → d ^2",
        ),
        (
            &["a 1.0.0: b ^1", "b 1.0.0: a ^1"],
            &[],
            &["a *"],
            "the requirements go in a circle: b 1.0.0 → a ^1, a 1.0.0 → b ^1",
        ),
        (&["a 1.0.0: b ^1"], &[], &["a *"], "a 1.0.0 → b ^1, and the catalogue has no b"),
        (&["a 1.0.0: b ^1", "b 2.0.0"], &[], &["a *"], "a 1.0.0 → b ^1, and the catalogue has b 2.0.0"),
        (&["a 1.0.0: b ^1", "!b 1.0.0"], &[], &["a *"], "a 1.0.0 → b ^1, and b 1.0.0 is yanked (it loses data)"),
        (&["!a 1.0.0"], &[], &["a =1.0.0"], "a =1.0.0, and a 1.0.0 is yanked (it loses data)"),
        (&["a 1.0.0: b ^1", "b 1.0.0"], &["- b * @1.0.0"], &["a *"], "a 1.0.0 → b ^1, but b is installed and disabled"),
        (&["a 1.0.0: ?b ^2", "b 1.0.0"], &["b * @1.0.0"], &["a *"], "a 1.0.0 → b ^2, but b 1.0.0 is installed"),
        (
            &["b 1.0.0", "b 2.0.0", "a 1.0.0: b ^1"],
            &["b * @1.0.0", "a * @1.0.0"],
            &["b ^2"],
            "b ^2 is asked for, but a 1.0.0 (installed) → b ^1",
        ),
        (
            &["a 1.0.0: <blobs.v1> ^1", "files 1.0.0: +blobs.v1 1.0.0", "s3 1.0.0: +blobs.v1 1.2.0"],
            &[],
            &["a *"],
            "a 1.0.0 → interface blobs.v1 ^1, and files, s3 provide blobs.v1: install one of them",
        ),
        (
            &["a 1.0.0: <blobs.v1> ^2", "files 1.0.0: +blobs.v1 1.0.0"],
            &[],
            &["a *"],
            "a 1.0.0 → interface blobs.v1 ^2, which no plugin in the catalogue provides",
        ),
    ];
    for (lines, installs, asked, chain) in cases {
        assert_eq!(solved(lines, installs, asked), Err(chain.to_owned()), "{lines:?} {installs:?}");
    }
}

#[test]
fn an_interface_is_met_by_whoever_provides_it() {
    let lines = ["a 1.0.0: <blobs.v1> ^1.1", "files 1.0.0: +blobs.v1 1.0.0", "s3 1.0.0: +blobs.v1 1.2.0"];
    let both = Ok(vec!["s3 1.0.0 (^1.0.0)".to_owned(), "a 1.0.0 (*)".into()]);
    assert_eq!(solved(&lines, &[], &["a *"]), both, "the only one in that version");
    assert_eq!(solved(&lines, &["files * @1.0.0"], &["a *"]), both, "beside another");
    assert_eq!(solved(&lines, &["s3 * @1.0.0"], &["a *"]), Ok(vec!["a 1.0.0 (*)".to_owned()]));
}

#[test]
fn without_dependencies_nothing_is_added() {
    let catalogue = catalogue(&["crm 1.0.0: files ^1", "files 1.0.0"]);
    let refused = solve(&catalogue, &[], &wanted(&["crm *"]), false).unwrap_err();
    assert_eq!(refused.to_string(), "crm 1.0.0 → files ^1, which is not installed");
    let both = solve(&catalogue, &[], &wanted(&["crm *", "files *"]), false).unwrap();
    assert_eq!(both.iter().map(|step| step.release.id.as_str()).collect::<Vec<_>>(), ["files", "crm"]);
}

/// Many versions that all fail for one and the same reason are not tried in all combinations.
#[test]
fn a_hopeless_search_ends_soon() {
    let mut lines = Vec::new();
    for plugin in 0..12 {
        for version in 0..20 {
            lines.push(format!("p{plugin} 1.{version}.0: p{} ^1; z ^1", plugin + 1));
        }
    }
    lines.extend(["p12 1.0.0: z ^2".to_owned(), "z 1.0.0".into(), "z 2.0.0".into()]);
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let began = std::time::Instant::now();
    assert!(solved(&lines, &[], &["p0 *"]).is_err());
    assert!(began.elapsed() < std::time::Duration::from_secs(5), "{:?}", began.elapsed());
}

proptest! {
    /// Whatever is found fits together; and whatever fits together is found.
    #[test]
    fn what_is_found_holds(
        needs in proptest::collection::vec((0_usize..4, 1_u8..4, 0_usize..4, 1_u8..4), 0..10),
    ) {
        let ids = ["a", "b", "c", "d"];
        let mut lines = Vec::new();
        for (index, id) in ids.iter().enumerate() {
            for version in 1_u8..4 {
                // Needs lead forward only, so that there are no circles.
                let of_it = needs.iter().filter(|(from, at, to, _)| (*from, *at) == (index, version) && to > from);
                let texts: Vec<String> = of_it.map(|(_, _, to, wants)| format!("{} ^{wants}", ids[*to])).collect();
                lines.push(format!("{id} {version}.0.0: {}", texts.join("; ")));
            }
        }
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let catalogue = catalogue(&lines);
        let found = solve(&catalogue, &[], &wanted(&["a *"]), true);
        let fits = |releases: &[&Release]| {
            let met = |need: &Need| releases.iter().any(|release| need.met_by(release));
            releases.iter().all(|release| release.needs.iter().all(met))
        };
        if let Ok(steps) = &found {
            let releases: Vec<&Release> = steps.iter().map(|step| step.release).collect();
            prop_assert!(fits(&releases), "{releases:?}");
            for (index, release) in releases.iter().enumerate() {
                let earlier = |need: &Need| releases[..index].iter().any(|one| need.met_by(one));
                prop_assert!(release.needs.iter().all(earlier), "in order");
            }
        }
        // Every combination of one version each, or none but of a.
        let possible = (0..3 * 4 * 4 * 4).any(|code: usize| {
            let picks = [code % 3 + 1, code / 3 % 4, code / 12 % 4, code / 48];
            let chosen: Vec<&Release> = ids
                .iter()
                .zip(picks)
                .filter(|(_, pick)| *pick > 0)
                .filter_map(|(id, pick)| catalogue.get(id, &format!("{pick}.0.0")))
                .collect();
            fits(&chosen)
        });
        prop_assert_eq!(found.is_ok(), possible);
    }
}
