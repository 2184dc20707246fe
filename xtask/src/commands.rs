//! The tasks, one per file; the shortest ones here.

pub mod bench;
pub mod chartdoc;
pub mod crdgen;
pub mod faults;
pub mod images;
pub mod test;

use crate::cache::Cache;
use crate::error::Result;
use crate::parts::{self, Part};
use crate::state::Owner;

/// Starts parts and prints `export` lines.
pub fn up(cache: &Cache, words: &[String]) -> Result<()> {
    for part in named(words, &Part::DEFAULT)? {
        print!("{}", parts::up(part, cache, Owner::Person)?.exports());
    }
    Ok(())
}

/// Prints `export` lines of what runs.
pub fn env(cache: &Cache) -> Result<()> {
    for part in Part::ALL {
        if let Some(state) = parts::running(part, cache)? {
            print!("{}", state.exports());
        }
    }
    Ok(())
}

/// Stops parts.
pub fn down(cache: &Cache, words: &[String]) -> Result<()> {
    named(words, &Part::ALL)?.into_iter().try_for_each(|part| parts::down(part, cache))
}

fn named(words: &[String], default: &[Part]) -> Result<Vec<Part>> {
    if words.is_empty() {
        return Ok(default.to_vec());
    }
    let mut parts = Vec::new();
    for word in words {
        parts.extend(Part::parse(word)?);
    }
    Ok(parts)
}
