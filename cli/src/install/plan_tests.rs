use std::sync::Arc;

use super::*;
use crate::{
    fixture::{install, plugin, state},
    install::remove,
};

fn world() -> State {
    let needs_files = json!({ "requires": [{ "plugin": "files", "version": "^1" }] });
    let plugins = vec![
        plugin("files 1.0.0", json!({})),
        plugin("files 2.0.0", json!({})),
        plugin("crm 1.0.0", json!({})),
        plugin("crm 2.0.0", needs_files.clone()),
        plugin("mail 1.0.0", json!({ "deprecated": { "message": "use crm" } })),
        plugin("old 1.0.0", json!({ "yanked": { "reason": "it leaks" } })),
    ];
    let mut disabled = install("gama", "files", "^1", Some("1.0.0"));
    disabled["spec"]["enabled"] = json!(false);
    let installs = vec![
        install("beta", "crm", "^1", Some("1.0.0")),
        disabled,
        install("delta", "files", "^1", Some("1.0.0")),
        install("delta", "crm", "*", Some("2.0.0")),
    ];
    state(&["acme", "beta", "gama", "delta"], plugins, installs)
}

fn planned(tenant: &str, asked: &[&str], with_dependencies: bool) -> Result<(Vec<String>, Vec<String>), String> {
    let (state, asked) = (world(), asked.iter().map(|text| text.parse().unwrap()).collect::<Vec<Asked>>());
    let (writes, notes) = plan(&state, &state.catalogue(), tenant, &asked, with_dependencies)?;
    let asks =
        |write: &Write| format!("{} [{}]", write.line, write.object["spec"]["plugin"]["version"].as_str().unwrap());
    Ok((writes.iter().map(asks).collect(), notes))
}

#[test]
fn what_is_written_and_in_which_order() {
    let lines = |lines: &[&str]| Ok((lines.iter().map(ToString::to_string).collect(), Vec::new()));
    let both = lines(&["files 1.0.0 (needed by crm 2.0.0) [^1]", "crm 2.0.0 [*]"]);
    assert_eq!(planned("acme", &["crm"], true), both);
    assert_eq!(planned("acme", &["crm@^1"], false), lines(&["crm 1.0.0 [^1]"]));
    assert_eq!(planned("acme", &["crm", "files"], false), lines(&["files 1.0.0 [<=1.0.0]", "crm 2.0.0 [*]"]));
    // What is there keeps the version it asks for, unless another is asked for now.
    assert_eq!(planned("beta", &["crm"], true), lines(&[]));
    let upgrade = lines(&["files 1.0.0 (needed by crm 2.0.0) [^1]", "crm 1.0.0 → 2.0.0 [^2]"]);
    assert_eq!(planned("beta", &["crm@^2"], true), upgrade);
    let enabled = planned("gama", &["files"], true);
    assert_eq!(enabled, lines(&["files 1.0.0 [^1]"]), "it is enabled again");
}

#[test]
fn what_is_refused_and_what_is_said() {
    for (tenant, asked, with_dependencies, why) in [
        ("nobody", "crm", true, "there is no tenant nobody"),
        ("acme", "crm@^2", false, "crm 2.0.0 → files ^1, which is not installed"),
        ("acme", "crm@^3", true, "crm ^3, and the catalogue has crm 1.0.0, 2.0.0"),
        ("acme", "old@=1.0.0", true, "old =1.0.0, and old 1.0.0 is yanked (it leaks)"),
        ("gama", "crm@^2", true, "crm 2.0.0 → files ^1, but files is installed and disabled"),
        ("delta", "files@^2", true, "files ^2 is asked for, but crm 2.0.0 (installed) → files ^1"),
    ] {
        assert_eq!(planned(tenant, &[asked], with_dependencies), Err(why.to_owned()), "{tenant} {asked}");
    }
    let (_, notes) = planned("acme", &["mail"], true).unwrap();
    assert_eq!(notes, ["warning: mail 1.0.0 is deprecated: use crm"]);
    for bad in ["Crm", "crm@latest", "crm@", "@1"] {
        assert!(bad.parse::<Asked>().is_err(), "{bad}");
    }
}

#[test]
fn what_is_removed_and_in_which_order() {
    let state = world();
    let removed = |tenant: &str, plugins: &[&str]| {
        let plugins: Vec<String> = plugins.iter().map(ToString::to_string).collect();
        let removals = remove::plan(&state, &state.catalogue(), tenant, &plugins)?;
        Ok::<Vec<String>, String>(removals.into_iter().map(|one| one.line).collect())
    };
    let kept = "its data is kept";
    assert_eq!(removed("beta", &["crm"]), Ok(vec![format!("crm 1.0.0, {kept}")]));
    assert_eq!(removed("acme", &["crm"]), Ok(vec![]));
    let why = "others need it: crm 2.0.0 (tenant-delta/crm) → files ^1; remove that, too, or disable it";
    assert_eq!(removed("delta", &["files"]), Err(why.to_owned()));
    // Nothing of a suspended tenant is routed, and all of it is to come back; a tenant that goes takes all.
    let mut suspended = world();
    Arc::make_mut(&mut suspended.tenants[3]).spec.suspend = true;
    for install in &mut suspended.installs {
        Arc::make_mut(install).status.as_mut().unwrap().route = None;
    }
    let of = |state: &State| remove::plan(state, &state.catalogue(), "delta", &["files".to_owned()]);
    assert_eq!(of(&suspended), Err(why.to_owned()));
    let goes = || Some(serde_json::from_value(json!("2026-01-01T00:00:00Z")).unwrap());
    Arc::make_mut(&mut suspended.tenants[3]).metadata.deletion_timestamp = goes();
    assert!(of(&suspended).is_ok());
    // What is being removed goes first by itself.
    let mut leaving = world();
    Arc::make_mut(&mut leaving.installs[3]).metadata.deletion_timestamp = goes();
    assert!(of(&leaving).is_ok());
    let both = vec![format!("crm 2.0.0, {kept}"), format!("files 1.0.0, {kept}")];
    assert_eq!(removed("delta", &["files", "crm"]), Ok(both));
}
