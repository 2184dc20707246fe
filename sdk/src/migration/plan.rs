//! What is to be run next. No I/O.

use plexica_contract::manifest::MigrationPhase;

use super::Migration;

/// What the tenant's schema says was run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Applied {
    pub(crate) number: i32,
    pub(crate) name: String,
    pub(crate) phase: MigrationPhase,
    /// Whether a newer version than this one ran it.
    pub(crate) newer: bool,
    pub(crate) checksum: String,
}

/// Which of the files are to be run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Steps {
    /// Those that an older version can serve with.
    Expand,
    /// All.
    All,
}

/// The files do not continue what was run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    #[error(
        "the migration {0:?} was changed after it ran for this tenant: restore it and put the change into a new file"
    )]
    Edited(String),
    #[error(
        "{0:?} ran for this tenant and is not in this version: install a version that has it (versions only go up)"
    )]
    Unknown(String),
    #[error("the migration {late:?} comes before {ran:?}, which ran already: give it a higher number")]
    Late { late: String, ran: String },
}

/// The first file that has not run, if what has run is what the files begin with.
pub(crate) fn next<'a>(
    files: &'a [Migration],
    applied: &[Applied],
    steps: Steps,
) -> Result<Option<&'a Migration>, Refused> {
    for ran in applied {
        match files.iter().find(|file| file.number == ran.number) {
            // A newer version has only added to what this one knows.
            None if ran.phase == MigrationPhase::Expand && ran.newer => {}
            None => return Err(Refused::Unknown(ran.name.clone())),
            Some(file) if file.checksum != ran.checksum => return Err(Refused::Edited(file.name.clone())),
            Some(_) => {}
        }
    }
    let due = |file: &&Migration| steps == Steps::All || file.phase == MigrationPhase::Expand;
    let next = files.iter().filter(due).find(|file| applied.iter().all(|ran| ran.number != file.number));
    let last = applied.iter().max_by_key(|ran| ran.number);
    match (next, last) {
        // Contract steps are meant to run after later files.
        (Some(next), Some(last)) if next.number < last.number && next.phase == MigrationPhase::Expand => {
            Err(Refused::Late { late: next.name.clone(), ran: last.name.clone() })
        }
        _ => Ok(next),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use MigrationPhase::{Contract, Expand};

    fn file(number: i32, checksum: &str, phase: MigrationPhase) -> Migration {
        Migration { number, name: format!("{number}_x.sql"), phase, sql: String::new(), checksum: checksum.into() }
    }

    fn ran(number: i32, checksum: &str, phase: MigrationPhase) -> Applied {
        Applied { number, name: format!("{number}_x.sql"), phase, newer: false, checksum: checksum.into() }
    }

    fn numbers(files: &[Migration], applied: &[Applied], steps: Steps) -> Result<Option<i32>, Refused> {
        next(files, applied, steps).map(|file| file.map(|file| file.number))
    }

    #[test]
    fn what_comes_next() {
        let files = [file(1, "a", Expand), file(2, "b", Expand), file(5, "c", Expand)];
        let ran = |number, checksum| ran(number, checksum, Expand);
        let one = || "1_x.sql".to_owned();
        for (applied, expected) in [
            (vec![], Ok(Some(1))),
            (vec![ran(1, "a")], Ok(Some(2))),
            (vec![ran(1, "a"), ran(2, "b")], Ok(Some(5))),
            (vec![ran(1, "a"), ran(2, "b"), ran(5, "c")], Ok(None)),
            (vec![ran(1, "z")], Err(Refused::Edited(one()))),
            (vec![ran(1, "a"), ran(3, "x")], Err(Refused::Unknown("3_x.sql".into()))),
            (vec![ran(2, "b")], Err(Refused::Late { late: one(), ran: "2_x.sql".into() })),
        ] {
            for steps in [Steps::Expand, Steps::All] {
                assert_eq!(numbers(&files, &applied, steps), expected, "{applied:?}");
            }
        }
        assert_eq!(next(&[], &[], Steps::All), Ok(None));
    }

    #[test]
    fn contract_steps_wait_and_may_come_after_later_files() {
        let files = [file(1, "a", Expand), file(2, "b", Contract), file(3, "c", Expand)];
        let (one, two, three) = (ran(1, "a", Expand), ran(2, "b", Contract), ran(3, "c", Expand));
        for (applied, expand, all) in [
            (vec![], Some(1), Some(1)),
            (vec![one.clone()], Some(3), Some(2)),
            (vec![one.clone(), three.clone()], None, Some(2)),
            (vec![one.clone(), two.clone()], Some(3), Some(3)),
            (vec![one, two, three], None, None),
        ] {
            assert_eq!(numbers(&files, &applied, Steps::Expand), Ok(expand), "{applied:?}");
            assert_eq!(numbers(&files, &applied, Steps::All), Ok(all), "{applied:?}");
        }
    }

    #[test]
    fn an_older_version_serves_what_was_only_expanded() {
        let files = [file(1, "a", Expand)];
        let newer = |number, phase| Applied { newer: true, ..ran(number, "b", phase) };
        let expanded = [ran(1, "a", Expand), newer(2, Expand)];
        assert_eq!(numbers(&files, &expanded, Steps::Expand), Ok(None));
        let lost = [ran(1, "a", Expand), ran(2, "b", Expand)];
        assert_eq!(numbers(&files, &lost, Steps::Expand), Err(Refused::Unknown("2_x.sql".into())));
        let contracted = [ran(1, "a", Expand), newer(2, Expand), newer(3, Contract)];
        assert_eq!(numbers(&files, &contracted, Steps::Expand), Err(Refused::Unknown("3_x.sql".into())));
    }
}
