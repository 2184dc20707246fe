//! Writes the CRDs as YAML documents to standard output; `cargo xtask crdgen` puts them in the chart.

use std::io::Write;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut out = std::io::stdout().lock();
    for crd in plexica_crds::all() {
        writeln!(out, "---\n{}", serde_saphyr::to_string(&serde_json::to_value(crd)?)?.trim_end())?;
    }
    Ok(())
}
