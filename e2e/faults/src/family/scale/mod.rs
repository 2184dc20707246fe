//! Very many tenants and installs, and many realms: what is done for each must not grow with how many
//! there are.

mod installs;
mod realms;
mod seen;

use plexica_testkit::Missing;

use super::{Effort, Row};

pub async fn run(effort: Effort, row: &mut Row) -> Result<(), Missing> {
    if effort.share.has(&"installs") {
        installs::run(effort, row).await?;
    }
    if effort.share.has(&"realms") {
        realms::run(effort, row).await?;
    }
    Ok(())
}
