//! Catalogues and tenants in a line each.

use serde_json::json;

use super::{Catalogue, Present};
use crate::{Plugin, PluginInstall};

/// `crm 1.0.0: files ^1; ?mail ^2; <files.v1> ^1; +contacts.v1 1.0.0`, `!` in front if it is yanked.
pub fn catalogue(lines: &[&str]) -> Catalogue {
    let plugins: Vec<Plugin> = lines.iter().map(|line| plugin(line)).collect();
    Catalogue::of(&plugins)
}

/// One line of it.
pub fn plugin(line: &str) -> Plugin {
    let (head, parts) = line.split_once(':').unwrap_or((line, ""));
    let (id, version) = head.trim_start_matches('!').split_once(' ').unwrap();
    let (mut requires, mut provides) = (Vec::new(), Vec::new());
    for part in parts.split(';').map(str::trim).filter(|part| !part.is_empty()) {
        let optional = part.starts_with('?');
        let (name, version) = part.trim_start_matches('?').split_once(' ').unwrap();
        if let Some(interface) = name.strip_prefix('+') {
            provides.push(json!({ "interface": interface, "version": version }));
        } else if let Some(interface) = name.strip_prefix('<') {
            let interface = interface.trim_end_matches('>');
            requires.push(json!({ "interface": interface, "version": version, "optional": optional }));
        } else {
            requires.push(json!({ "plugin": name, "version": version, "optional": optional }));
        }
    }
    let mut spec = json!({
        "id": id, "version": version, "displayName": id, "runtime": { "image": id },
        "requires": requires, "provides": provides,
    });
    if head.starts_with('!') {
        spec["yanked"] = json!({ "reason": "it loses data" });
    }
    Plugin::new(&format!("{id}-{version}"), serde_json::from_value(spec).unwrap())
}

/// `crm ^1 @1.0.0`: what it asks for and what serves; `-` in front if it is disabled, `~` if it is
/// being removed.
pub fn install(line: &str) -> PluginInstall {
    let (head, serves) = line.split_once('@').map_or((line, None), |(head, serves)| (head, Some(serves)));
    let (id, version) = head.trim_start_matches(['-', '~']).trim().split_once(' ').unwrap();
    let spec = json!({
        "tenantRef": { "name": "acme" }, "plugin": { "id": id, "version": version }, "enabled": !line.starts_with('-'),
    });
    let mut install = PluginInstall::new(id, serde_json::from_value(spec).unwrap());
    install.metadata.namespace = Some("tenant-acme".into());
    if line.starts_with('~') {
        install.metadata.deletion_timestamp =
            Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(jiff::Timestamp::UNIX_EPOCH));
    }
    install.status = serves.map(|version| {
        serde_json::from_value(json!({
            "version": version, "migratedVersion": version, "route": { "path": "/", "upstream": "http://x" },
        }))
        .unwrap()
    });
    install
}

/// Installs of a tenant.
pub fn present<'a>(lines: &[&str], catalogue: &'a Catalogue) -> Vec<Present<'a>> {
    lines.iter().map(|line| Present::of(&install(line), catalogue)).collect()
}
