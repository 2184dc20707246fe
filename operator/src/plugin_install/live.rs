//! Installs as the API has them now: what decides over data, or over what several use, is not taken from the cache,
//! since one that was made a moment ago counts. Where many go at once, none of them reads all.

use kube::{Api, ResourceExt, api::ListParams};
use plexica_contract::name::Slug;
use plexica_crds::{PluginInstall, plugin_install::Isolation};

use super::{cleanup::held, validate::allowed};
use crate::{context::Context, resource::has_left, settings::Settings};

/// Those that name the tenant; none of what is no slug.
pub async fn of_tenant(context: &Context, slug: &str) -> Result<Vec<PluginInstall>, kube::Error> {
    // Anything else could be more than one term of a selector.
    if slug.parse::<Slug>().is_err() {
        return Ok(Vec::new());
    }
    list(context, &context.selected().fields(&format!("spec.tenantRef.name={slug}"))).await
}

/// Those of the plugin, whichever version.
pub async fn of_plugin(context: &Context, id: &str) -> Result<Vec<PluginInstall>, kube::Error> {
    list(context, &context.selected().fields(&format!("spec.plugin.id={id}"))).await
}

/// Those of all tenants and plugins.
pub async fn all(context: &Context) -> Result<Vec<PluginInstall>, kube::Error> {
    list(context, &context.selected()).await
}

/// Those of the tenant of an install that goes, and those of a tenant with an heir of it: one that uses all that it
/// shares, and looks whether that is needed when this one is gone. `None` if there is none.
pub async fn with_heir(context: &Context, install: &PluginInstall) -> Result<Option<Vec<PluginInstall>>, kube::Error> {
    let is_heir = |other: &PluginInstall| is_heir(install, other, &context.settings) && !held(context, other);
    let known = context.installs.state();
    // The last of all: it stays longest.
    let Some(heir) = known.iter().filter(|other| is_heir(other)).max_by_key(|other| other.uid()) else {
        return Ok(None);
    };
    let theirs = of_tenant(context, &heir.spec.tenant_ref.name).await?;
    if !theirs.iter().any(is_heir) {
        return Ok(None);
    }
    let mut installs = of_tenant(context, &install.spec.tenant_ref.name).await?;
    installs.extend(theirs);
    Ok(Some(installs))
}

async fn list(context: &Context, wanted: &ListParams) -> Result<Vec<PluginInstall>, kube::Error> {
    Ok(Api::<PluginInstall>::all(context.client.clone()).list(wanted).await?.items)
}

/// Of installs of a plugin that go at once the one with the greatest uid waits for all others. Pure.
fn is_heir(install: &PluginInstall, other: &PluginInstall, settings: &Settings) -> bool {
    let (ours, theirs) = (&install.spec, &other.spec);
    theirs.plugin.id == ours.plugin.id
        && theirs.tenant_ref.name != ours.tenant_ref.name
        && theirs.isolation == Isolation::Shared
        && other.metadata.deletion_timestamp.is_some()
        && !has_left(other)
        && other.uid() > install.uid()
        && theirs.tenant_ref.name.parse::<Slug>().is_ok_and(|slug| allowed(other, &slug, settings).is_ok())
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
    use plexica_crds::label::FINALIZER;

    use super::*;
    use crate::fixture;

    fn going(tenant: &str, uid: &str) -> PluginInstall {
        let mut install = fixture::install(&format!("tenant-{tenant}"), "crm", tenant, "crm");
        install.metadata.uid = Some(uid.into());
        install.metadata.deletion_timestamp = Some(Time(Timestamp::UNIX_EPOCH));
        install.metadata.finalizers = Some(vec![FINALIZER.into()]);
        install
    }

    #[test]
    fn an_heir_goes_later_and_uses_the_same() {
        let (install, settings) = (going("acme", "2"), fixture::settings());
        let heir = |change: fn(&mut PluginInstall)| {
            let mut other = going("beta", "3");
            change(&mut other);
            is_heir(&install, &other, &settings)
        };
        assert!(heir(|_| {}));
        assert!(heir(|other| other.metadata.namespace = Some("plexica-system".into())));
        assert!(!heir(|other| other.metadata.uid = Some("1".into())), "that one goes first");
        assert!(!heir(|other| other.metadata.deletion_timestamp = None), "it may never go");
        assert!(!heir(|other| other.metadata.finalizers = None), "it is gone");
        assert!(!heir(|other| other.spec.isolation = Isolation::Dedicated));
        assert!(!heir(|other| other.spec.plugin.id = "files".into()));
        assert!(!heir(|other| other.spec.tenant_ref.name = "acme".into()), "that is the tenant's own");
        assert!(!heir(|other| other.metadata.namespace = Some("elsewhere".into())), "it has nothing");
        assert!(!is_heir(&install, &install, &settings));
    }
}
