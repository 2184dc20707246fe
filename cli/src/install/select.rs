//! Which tenants are meant.

use kube::{Api, Client, ResourceExt, api::ListParams};
use plexica_crds::Tenant;

use crate::error::Error;

/// Options that say so.
#[derive(Debug, Clone, clap::Args)]
#[group(required = true, multiple = true)]
pub struct Selection {
    /// A tenant, by name; again for another.
    #[arg(short, long = "tenant", value_name = "TENANT")]
    tenants: Vec<String>,
    /// All tenants.
    #[arg(long, conflicts_with_all = ["tenants", "selector"])]
    all_tenants: bool,
    /// Tenants with these labels, such as plan=gold,region!=eu.
    #[arg(short = 'l', long, conflicts_with = "tenants")]
    selector: Option<String>,
}

impl Selection {
    /// Their names. One that was named is among them, there or not.
    pub async fn names(&self, client: &Client) -> Result<Vec<String>, Error> {
        let mut names = self.tenants.clone();
        if self.all_tenants || self.selector.is_some() {
            let wanted = self.selector.iter().fold(ListParams::default(), |params, labels| params.labels(labels));
            let found = Api::<Tenant>::all(client.clone()).list(&wanted).await?;
            names.extend(found.iter().map(ResourceExt::name_any));
        }
        names.sort();
        names.dedup();
        if names.is_empty() { Err(Error::NoTenants) } else { Ok(names) }
    }
}
