//! The one table.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

/// Rows in the order they were measured; clones are the same table.
#[derive(Clone, Default)]
pub struct Table(Arc<Mutex<Vec<Row>>>);

struct Row {
    figure: String,
    value: String,
    baseline: String,
    ratio: String,
}

impl Table {
    /// A figure of its own.
    pub fn add(&self, figure: impl Into<String>, value: f64, unit: &str) {
        self.push(figure.into(), text(value, unit), "–".into(), "–".into());
    }

    /// A figure beside the one it is held against.
    pub fn compare(&self, figure: impl Into<String>, value: f64, baseline: f64, unit: &str) {
        let ratio = format!("{:.2}", value / baseline);
        self.push(figure.into(), text(value, unit), text(baseline, unit), ratio);
    }

    fn push(&self, figure: String, value: String, baseline: String, ratio: String) {
        eprintln!("  {figure}: {value} (baseline {baseline}, ratio {ratio})");
        let mut rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        rows.push(Row { figure, value, baseline, ratio });
    }
}

fn text(value: f64, unit: &str) -> String {
    let digits = usize::from(value > 0.0 && value < 10.0 && !unit.is_empty());
    format!("{value:.digits$} {unit}").trim_end().to_owned()
}

impl fmt::Display for Table {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let width = rows.iter().map(|row| row.figure.chars().count()).max().unwrap_or_default().max(6);
        writeln!(formatter, "| {:<width$} | {:>12} | {:>12} | {:>5} |", "figure", "value", "baseline", "ratio")?;
        writeln!(formatter, "|{:-<1$}|{2:->14}|{2:->14}|{2:->7}|", "", width + 2, ":")?;
        for Row { figure, value, baseline, ratio } in rows.iter() {
            writeln!(formatter, "| {figure:<width$} | {value:>12} | {baseline:>12} | {ratio:>5} |")?;
        }
        Ok(())
    }
}
