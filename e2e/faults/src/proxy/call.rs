//! Calls, and how they are known again.

use std::{collections::HashMap, fmt, time::Duration};

use super::fault::{Fault, System};

/// One call of the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Whom it calls.
    pub system: System,
    /// What it asks for: method and path, or the statement.
    pub what: String,
    /// Whether it may change something.
    pub writes: bool,
}

/// A write, counted from the moment that the plan is set, the first being 0.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum At {
    /// Whatever it is.
    Any(usize),
    /// Among those of its shape.
    Like(Shape, usize),
}

impl At {
    /// Each of these writes.
    pub fn each<'a>(writes: impl IntoIterator<Item = &'a Call>) -> Vec<Self> {
        let mut seen = HashMap::<_, usize>::new();
        let shapes = writes.into_iter().map(Call::shape);
        let at = shapes.map(|shape| {
            let nth = seen.entry(shape.clone()).or_default();
            *nth += 1;
            Self::Like(shape, *nth - 1)
        });
        at.collect()
    }

    /// Whether it is one of those that are counted.
    pub fn counts(&self, call: &Call) -> bool {
        match self {
            Self::Any(_) => true,
            Self::Like(shape, _) => *shape == call.shape(),
        }
    }

    /// How many of them are before it.
    pub const fn nth(&self) -> usize {
        let (Self::Any(nth) | Self::Like(_, nth)) = self;
        *nth
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any(nth) => write!(f, "write {nth}"),
            Self::Like(Shape { system, what }, nth) => write!(f, "{system:?} {what} ({nth})"),
        }
    }
}

/// One call of that shape fails, and those to the same system that follow in this time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failing {
    /// Which call.
    pub call: Shape,
    /// Whether it may change something.
    pub writes: bool,
    /// After so many that were like it.
    pub nth: usize,
    /// How.
    pub fault: Fault,
    /// For how long.
    pub lasting: Duration,
}

impl fmt::Display for Failing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { call: Shape { system, what }, writes: _, nth, fault, lasting } = self;
        write!(f, "{fault:?} for {lasting:?} of {system:?} {what} ({nth})")
    }
}

/// How the testkit's names begin of a database and of the operator's login, one in seven of which has no digit in it.
const MADE: [&str; 4] = ["test-", "test_", "op-", "op_"];

/// A call without the names in it: it is the same in every life.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shape {
    /// Whom it calls.
    pub system: System,
    /// What it asks for, with `*` in place of names.
    pub what: String,
}

impl Call {
    /// Its shape. What is quoted in SQL is a value; elsewhere a name has a digit in it, and what is none
    /// has not.
    pub fn shape(&self) -> Shape {
        let in_word = |letter: char| letter.is_alphanumeric() || matches!(letter, '-' | '_' | '.');
        let mut what = String::with_capacity(self.what.len());
        for (nth, part) in self.what.split('\'').enumerate() {
            if nth % 2 == 1 {
                what.push_str("'*'");
                continue;
            }
            for piece in part.split_inclusive(|letter| !in_word(letter)) {
                let (word, end) = piece.split_at(piece.trim_end_matches(|letter| !in_word(letter)).len());
                let made = MADE.iter().any(|prefix| word.starts_with(prefix));
                let name = made || word.len() > 3 && word.contains(|letter: char| letter.is_ascii_digit());
                what.push_str(if name { "*" } else { word });
                what.push_str(end);
            }
        }
        Shape { system: self.system, what }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_has_no_names_in_it() {
        for (what, shape) in [
            ("GET /admin/realms/faults-4711-t-9", "GET /admin/realms/*"),
            ("PATCH /apis/plexica.io/v1alpha1/tenants/t-81/status", "PATCH /apis/plexica.io/*/tenants/*/status"),
            ("SELECT $1 FROM tenant_t_81.note WHERE id = $2", "SELECT $1 FROM * WHERE id = $2"),
            ("GRANT \"tenant_t9\" TO x", "GRANT \"*\" TO x"),
            (
                "GRANT CONNECT ON DATABASE \"test-itjgjrcd\" TO \"op-abcdefgh\"",
                "GRANT CONNECT ON DATABASE \"*\" TO \"*\"",
            ),
            ("ALTER ROLE x PASSWORD 'SCRAM-SHA-256$a+b=/c'", "ALTER ROLE x PASSWORD '*'"),
            ("COMMENT ON SCHEMA a IS '{\"at\":\"T23:32:21Z\"}'; SELECT", "COMMENT ON SCHEMA a IS '*'; SELECT"),
        ] {
            assert_eq!(Call { system: System::S3, what: what.into(), writes: false }.shape().what, shape);
        }
    }
}
