//! `plexica explain-condition [REASON]`

use plexica_crds::Reason;

use crate::error::Error;

/// Which reason.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// The reason, as it stands in a condition; without it all are listed.
    reason: Option<String>,
}

/// Prints meaning and remedy.
pub fn run(options: &Options) -> Result<(), Error> {
    match &options.reason {
        Some(text) => {
            let reason: Reason = text.parse()?;
            println!("{}", describe(reason));
        }
        None => {
            for reason in Reason::ALL {
                println!("{:<24}{}", reason.as_str(), reason.meaning());
            }
        }
    }
    Ok(())
}

fn describe(reason: Reason) -> String {
    let (meaning, remedy, page) = (reason.meaning(), reason.remedy(), reason.page());
    format!("{reason}\n\n  Meaning: {meaning}\n  What to do: {remedy}\n  More: docs/{page}, docs/reasons/{reason}.md")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_described_with_its_remedy() {
        let text = describe(Reason::Conflict);
        assert!(text.starts_with("Conflict\n") && text.contains(Reason::Conflict.remedy()), "{text}");
    }
}
