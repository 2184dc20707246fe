//! A page of the documentation per reason, made from the table of reasons.
//! `UPDATE=1 cargo test -p plexica-crds --test reasons` writes them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
};

use plexica_crds::{Reason, Remedy};

const MADE: &str =
    "Made from `crds/src/condition/reason.rs` by `UPDATE=1 cargo test -p plexica-crds --test reasons`; do not edit.";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reasons")
}

fn meanwhile(reason: Reason) -> String {
    if reason.remedy().starts_with("Nothing") {
        return String::new();
    }
    let text = match reason.helped_by() {
        Remedy::Wait => {
            "The operator looks again by itself, and goes on as soon as what it waits for is so; where that is for a person \
             to say, it waits for that."
        }
        Remedy::Retry => {
            "The operator tries again by itself, with growing pauses of at most five minutes, and at once when a system \
             that was away is back. What serves goes on serving."
        }
        Remedy::Change => {
            "It stays so until a person changes something; a resource that cannot be as its spec says is `Stalled`, unless \
             it is being removed. The operator notices the change by itself, or at its next look where nobody tells it. What serves goes on serving."
        }
    };
    format!("**Meanwhile.** {text}\n\n")
}

/// Those that no condition has: they are said once, when it happens.
const TOLD: [Reason; 3] = [Reason::DriftRepaired, Reason::CredentialsRotated, Reason::RotationEnded];

/// How to find who has it.
fn query(reason: Reason) -> String {
    if TOLD.contains(&reason) {
        return format!("kubectl get events -A --field-selector reason={reason}");
    }
    format!(
        "kubectl get tn,pl,pi -A -o json | jq -r '.items[] | . as $of | .status.conditions[]?\n  \
         | select(.reason == \"{reason}\") | [$of.kind, $of.metadata.name, .type, .message] | @tsv'"
    )
}

fn page(reason: Reason) -> String {
    let query = query(reason);
    let (meaning, remedy, see, meanwhile) = (reason.meaning(), reason.remedy(), reason.page(), meanwhile(reason));
    format!(
        "# {reason}\n\n{MADE}\n\n{meaning}\n\n**What to do.** {remedy}\n\n{meanwhile}\
         Who has it, and in which words:\n\n\
         ```sh\n\
         {query}\n\
         ```\n\n\
         More: [{see}](../{see})\n"
    )
}

fn index() -> String {
    let rows: Vec<String> = Reason::ALL
        .iter()
        .map(|reason| {
            let helps = match reason.helped_by() {
                Remedy::Wait => "time",
                Remedy::Retry => "trying again",
                Remedy::Change => "a person",
            };
            format!("| [{reason}]({reason}.md) | {helps} | {} |", reason.meaning())
        })
        .collect();
    format!(
        "# Reasons\n\n{MADE}\n\nWhy a condition has its status. `plexica explain-condition REASON` says the same.\n\n\
         | reason | what helps | meaning |\n|---|---|---|\n{}\n",
        rows.join("\n")
    )
}

#[test]
fn each_reason_has_its_page() {
    let mut wanted: BTreeMap<String, String> =
        Reason::ALL.iter().map(|reason| (format!("{reason}.md"), page(*reason))).collect();
    wanted.insert("README.md".into(), index());
    if env::var_os("UPDATE").is_some() {
        let _there_was_none = fs::remove_dir_all(folder());
        fs::create_dir_all(folder()).unwrap();
        for (name, text) in &wanted {
            fs::write(folder().join(name), text).unwrap();
        }
    }
    let found: BTreeMap<String, String> = fs::read_dir(folder())
        .unwrap()
        .map(|file| file.unwrap())
        .map(|file| (file.file_name().into_string().unwrap(), fs::read_to_string(file.path()).unwrap()))
        .collect();
    assert!(found == wanted, "docs/reasons is old: UPDATE=1 cargo test -p plexica-crds --test reasons");
}

#[test]
fn what_they_lead_to_is_there() {
    for reason in Reason::ALL {
        assert!(folder().with_file_name(reason.page()).is_file(), "{reason}: {}", reason.page());
    }
}
