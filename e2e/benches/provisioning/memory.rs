//! What the kernel says of a process' memory.

use std::fs;

use crate::outcome::{Result, failed};

/// A field of a file of `/proc`, in its kB of 1024 bytes.
pub fn kilobytes(file: &str, field: &str) -> Result<f64> {
    let text = fs::read_to_string(file)?;
    let line = text.lines().find_map(|line| line.strip_prefix(field));
    let number = line.and_then(|line| line.split_whitespace().next()).and_then(|number| number.parse::<f64>().ok());
    number.map_or_else(|| failed(format!("{file} has no {field}")), Ok)
}
