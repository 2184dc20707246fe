//! A part's arguments as the operator has them: all that it needs, or none.

use clap::{ArgMatches, Args, Command, FromArgMatches};

/// `None` if none of them is given, by flag or variable. Of some and not others, what is missing is
/// said as the operator says it. (An `Option` would let the required ones be required always.)
#[derive(Debug)]
pub struct Whole<T>(pub Option<T>);

impl<T: Args> Args for Whole<T> {
    fn group_id() -> Option<clap::Id> {
        T::group_id()
    }

    fn augment_args(command: Command) -> Command {
        // As for a later change of some, when none is required.
        T::augment_args_for_update(command)
    }

    fn augment_args_for_update(command: Command) -> Command {
        T::augment_args_for_update(command)
    }
}

impl<T: Args> FromArgMatches for Whole<T> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let is_given = T::group_id().is_some_and(|group| matches.contains_id(group.as_str()));
        if is_given { T::from_arg_matches(matches).map(Some).map(Self) } else { Ok(Self(None)) }
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Cli {
        #[command(flatten)]
        part: Whole<Part>,
    }

    #[derive(Args, Debug, PartialEq)]
    struct Part {
        #[arg(long)]
        key: String,
        #[arg(long, default_value = "sts")]
        mode: String,
        #[arg(long, required_if_eq("mode", "static"))]
        file: Option<String>,
    }

    #[test]
    fn all_or_none() {
        let parse = |words: &[&str]| Cli::try_parse_from(["x"].iter().chain(words)).map(|cli| cli.part.0);
        assert_eq!(parse(&[]).unwrap(), None);
        let part =
            |mode: &str, file: Option<&str>| Part { key: "k".into(), mode: mode.into(), file: file.map(str::to_owned) };
        assert_eq!(parse(&["--key=k"]).unwrap(), Some(part("sts", None)));
        assert_eq!(parse(&["--key=k", "--mode=static", "--file=f"]).unwrap(), Some(part("static", Some("f"))));
        for (words, says) in [(&["--mode=sts"][..], "key"), (&["--key=k", "--mode=static"], "--file")] {
            let said = parse(words).unwrap_err().to_string();
            assert!(said.contains(says) && said.contains("not provided"), "{said}");
        }
    }
}
