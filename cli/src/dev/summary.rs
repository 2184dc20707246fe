//! What `plexica dev` prints when everything is ready.

use std::{fmt::Write, path::PathBuf};

use serde::Serialize;

/// Where things are, and how to sign in.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Base URL of the gateway.
    pub gateway: String,
    /// Base URL of the identity provider.
    pub issuer: String,
    /// Base URL of the object store.
    pub s3: String,
    /// The database; its password is in `pgpass` of the data folder.
    pub database: String,
    /// The file for kubectl.
    pub kubeconfig: PathBuf,
    /// Password file for psql (PGPASSFILE).
    pub pgpass: PathBuf,
    /// The log of all parts.
    pub log: PathBuf,
    /// Sample tenants and a user of each.
    pub tenants: Vec<SignIn>,
    /// The first super-admin, in the platform's realm.
    pub super_admin: SignIn,
    /// What of the sample is not as it should be; it can be repaired while all else runs.
    pub warnings: Vec<String>,
    /// Milliseconds from the program's start until all of it answered.
    pub ready_ms: u128,
}

/// A user to sign in as.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SignIn {
    /// The tenant; the platform itself has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
    /// The realm.
    pub realm: String,
    /// The user's name.
    pub user: String,
    /// The password.
    pub password: String,
}

impl Summary {
    /// One line for programs.
    pub fn json(&self) -> String {
        // Strings and numbers always serialise; an empty object would be seen at once.
        serde_json::to_string(self).unwrap_or_else(|_| "{}".into())
    }

    /// A page for people.
    pub fn text(&self) -> String {
        let mut page = String::new();
        let mut line = |name: &str, value: &str| {
            let _ = writeln!(page, "  {name:<12} {value}");
        };
        line("gateway", &self.gateway);
        line("issuer", &self.issuer);
        line("object store", &self.s3);
        line("database", &format!("{} (password: PGPASSFILE={})", self.database, self.pgpass.display()));
        line("kubeconfig", &self.kubeconfig.display().to_string());
        line("log", &self.log.display().to_string());
        let mut page = format!("\nPlexica is ready ({} ms).\n\n{page}", self.ready_ms);
        for sign_in in self.tenants.iter().chain([&self.super_admin]) {
            let whose = sign_in.slug.as_deref().map_or("super-admin".to_owned(), |slug| format!("tenant {slug}"));
            let SignIn { realm, user, password, .. } = sign_in;
            let _ = writeln!(page, "\n  {whose}: user {user}, password {password} (realm {realm})");
        }
        if let Some(slug) = self.tenants.first().and_then(|sign_in| sign_in.slug.as_deref()) {
            let _ = writeln!(page, "\nTry it:\n\n{}", self.curl(slug));
        }
        for warning in &self.warnings {
            let _ = writeln!(page, "\nWarning: {warning}");
        }
        let _ = writeln!(page, "\nCtrl-C stops everything; the data stays.");
        page
    }

    /// A line that works when pasted into a shell: one request for a token, one through the gateway.
    fn curl(&self, slug: &str) -> String {
        let Some(SignIn { realm, user, password, .. }) =
            self.tenants.iter().find(|sign_in| sign_in.slug.as_deref() == Some(slug))
        else {
            return String::new();
        };
        format!(
            "  curl -H \"Authorization: Bearer $(curl -s {issuer}/realms/{realm}/protocol/openid-connect/token \
             -d grant_type=password -d client_id=web -d scope=openid -d username={user} -d password={password} \
             | sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/')\" \
             -H 'Content-Type: application/json' -d '{{\"name\":\"Grace Hopper\",\"email\":\"grace@navy.test\"}}' \
             {gateway}/api/plugins/crm/contacts",
            issuer = self.issuer,
            gateway = self.gateway,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary() -> Summary {
        let sign_in = |slug: Option<&str>, realm: &str| SignIn {
            slug: slug.map(str::to_owned),
            realm: realm.into(),
            user: "ada".into(),
            password: "secret".into(),
        };
        Summary {
            gateway: "http://127.0.0.1:8080".into(),
            issuer: "http://127.0.0.1:9".into(),
            s3: "http://127.0.0.1:10".into(),
            database: "postgres://postgres@127.0.0.1:11/plexica".into(),
            kubeconfig: "k".into(),
            pgpass: "p".into(),
            log: "l".into(),
            tenants: vec![sign_in(Some("acme"), "tenant-acme")],
            super_admin: sign_in(None, "plexica"),
            warnings: vec!["the plugin crm does not answer".into()],
            ready_ms: 12,
        }
    }

    #[test]
    fn the_json_line_has_the_promised_members() {
        let value: serde_json::Value = serde_json::from_str(&summary().json()).unwrap_or_default();
        for member in ["gateway", "issuer", "s3", "database", "kubeconfig", "tenants", "warnings", "readyMs"] {
            assert!(!value[member].is_null(), "{member}");
        }
        for member in ["slug", "realm", "user", "password"] {
            assert!(!value["tenants"][0][member].is_null(), "{member}");
        }
        assert!(!summary().json().contains('\n'));
    }

    #[test]
    fn the_page_has_a_line_to_paste() {
        let page = summary().text();
        assert!(page.contains("curl") && page.contains("/api/plugins/crm/contacts"), "{page}");
        assert!(page.contains("tenant acme") && page.contains("super-admin"), "{page}");
        assert!(page.contains("Warning: the plugin crm") && page.contains("PGPASSFILE=p"), "{page}");
    }
}
