//! What is to be run next. No I/O.

use super::Migration;

/// What the tenant's schema says was run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Applied {
    pub(crate) number: i32,
    pub(crate) name: String,
    pub(crate) checksum: String,
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
pub(crate) fn next<'a>(files: &'a [Migration], applied: &[Applied]) -> Result<Option<&'a Migration>, Refused> {
    for ran in applied {
        match files.iter().find(|file| file.number == ran.number) {
            None => return Err(Refused::Unknown(ran.name.clone())),
            Some(file) if file.checksum != ran.checksum => return Err(Refused::Edited(file.name.clone())),
            Some(_) => {}
        }
    }
    let next = files.iter().find(|file| applied.iter().all(|ran| ran.number != file.number));
    let last = applied.iter().max_by_key(|ran| ran.number);
    match (next, last) {
        (Some(next), Some(last)) if next.number < last.number => {
            Err(Refused::Late { late: next.name.clone(), ran: last.name.clone() })
        }
        _ => Ok(next),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(number: i32, checksum: &str) -> Migration {
        Migration { number, name: format!("{number}_x.sql"), sql: String::new(), checksum: checksum.into() }
    }

    fn ran(number: i32, checksum: &str) -> Applied {
        Applied { number, name: format!("{number}_x.sql"), checksum: checksum.into() }
    }

    #[test]
    fn what_comes_next() {
        let files = [file(1, "a"), file(2, "b"), file(5, "c")];
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
            assert_eq!(next(&files, &applied).map(|file| file.map(|file| file.number)), expected, "{applied:?}");
        }
        assert_eq!(next(&[], &[]), Ok(None));
    }
}
