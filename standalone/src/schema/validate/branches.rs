//! `anyOf`, `oneOf`, `allOf` and `not`.

use serde_json::Value;

use super::correlate::Correlation;
use super::{At, Outcome};
use crate::field_error::FieldError;
use crate::schema::node::Node;
use crate::schema::text::go_quote;

/// These errors are filed under the object as a whole; only their text names the field.
fn composite(at: &At<'_>, what: &str) -> FieldError {
    FieldError::invalid(at.base, &"".into(), format!("{} {what}", go_quote(&at.name)))
}

/// What each alternative comes to.
fn each(branches: &[Node], value: &Value, old: Option<Correlation<'_>>, at: &At<'_>) -> Vec<Outcome> {
    branches.iter().map(|branch| super::check(branch, value, old, at)).collect()
}

/// Checks the alternatives of a place.
pub(super) fn check(node: &Node, value: &Value, old: Option<Correlation<'_>>, at: &At<'_>) -> Outcome {
    let mut out = Outcome::default();
    any_of(&mut out, each(&node.any_of, value, old, at), at);
    one_of(&mut out, each(&node.one_of, value, old, at), at);
    all_of(&mut out, each(&node.all_of, value, old, at), at);
    if let Some(not) = &node.not
        && super::check(not, value, old, at).is_valid()
    {
        out.add(composite(at, "must not validate the schema (not)"));
    }
    out.matches += 1;
    out
}

/// The failure that came closest: the first with the most checks made.
fn closest(failures: Vec<Outcome>) -> Option<Outcome> {
    failures.into_iter().reduce(|best, next| if next.matches > best.matches { next } else { best })
}

fn any_of(out: &mut Outcome, outcomes: Vec<Outcome>, at: &At<'_>) {
    if outcomes.is_empty() {
        return;
    }
    let mut failures = Vec::new();
    for outcome in outcomes {
        if outcome.is_valid() {
            out.merge(outcome);
            return;
        }
        failures.push(outcome);
    }
    out.add(composite(at, "must validate at least one schema (anyOf)"));
    if let Some(best) = closest(failures) {
        out.merge(best);
    }
}

fn one_of(out: &mut Outcome, outcomes: Vec<Outcome>, at: &At<'_>) {
    if outcomes.is_empty() {
        return;
    }
    let (valid, failures): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Outcome::is_valid);
    match valid.len() {
        1 => valid.into_iter().for_each(|outcome| out.merge(outcome)),
        0 => {
            let what = "must validate one and only one schema (oneOf). Found none valid";
            out.add(composite(at, what));
            if let Some(best) = closest(failures) {
                out.merge(best);
            }
        }
        many => {
            let what = format!("must validate one and only one schema (oneOf). Found {many} valid alternatives");
            out.add(composite(at, &what));
        }
    }
}

fn all_of(out: &mut Outcome, outcomes: Vec<Outcome>, at: &At<'_>) {
    let total = outcomes.len();
    let valid = outcomes.iter().filter(|outcome| outcome.is_valid()).count();
    for outcome in outcomes {
        out.merge(outcome);
    }
    if valid != total {
        let none = if valid == 0 { ". None validated" } else { "" };
        out.add(composite(at, &format!("must validate all the schemas (allOf){none}")));
    }
}
