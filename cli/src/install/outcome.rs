//! What came of it, tenant by tenant.

use clap::ValueEnum;
use serde::Serialize;

use crate::{error::Error, table::columns};

/// How to show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// Columns.
    Table,
    /// One JSON value.
    Json,
}

/// What came of one tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    pub tenant: String,
    pub result: Verdict,
    /// What was done, or would be; one line each.
    pub steps: Vec<String>,
    /// What people should know, or why it failed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// In a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Verdict {
    Planned,
    Applied,
    Ready,
    Deleted,
    Unchanged,
    Failed,
}

impl Outcome {
    pub fn failed(tenant: &str, why: String) -> Self {
        Self { tenant: tenant.to_owned(), result: Verdict::Failed, steps: Vec::new(), notes: vec![why] }
    }
}

/// Prints all; an error if any of them failed.
pub fn show(outcomes: &[Outcome], output: Output) -> Result<(), Error> {
    match output {
        Output::Json => {
            let text = serde_json::to_string_pretty(&serde_json::json!({ "tenants": outcomes }));
            println!("{}", text.map_err(|error| Error::Output(error.to_string()))?);
        }
        Output::Table => {
            let header = ["TENANT", "RESULT", "DETAIL"].map(str::to_owned).to_vec();
            let rows = outcomes.iter().map(|Outcome { tenant, result, steps, notes }| {
                let details: Vec<&str> = steps.iter().chain(notes).map(String::as_str).collect();
                vec![tenant.clone(), format!("{result:?}"), details.join("; ")]
            });
            print!("{}", columns(&std::iter::once(header).chain(rows).collect::<Vec<_>>()));
        }
    }
    match outcomes.iter().filter(|outcome| outcome.result == Verdict::Failed).count() {
        0 => Ok(()),
        failed => Err(Error::Bulk { failed, all: outcomes.len() }),
    }
}
