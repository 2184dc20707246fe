//! `apply`, `get`, `wait` and `delete` on any Kubernetes API that has our resources.

use std::{
    io::Write,
    path::Path,
    process::{Command, Output, Stdio},
};

use crate::support::{plexica, succeed};

/// Where the commands go.
pub struct Target<'a> {
    /// Flags that say so.
    pub connection: [&'a str; 2],
    /// A slug that nobody else has.
    pub slug: &'a str,
    /// Makes the tenant ready where no operator does.
    pub make_ready: &'a dyn Fn(),
}

pub fn stdin(mut command: Command, text: &str) -> Output {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

pub fn refused(output: &Output) -> String {
    assert!(!output.status.success() && output.stdout.is_empty(), "{output:?}");
    let said = String::from_utf8(output.stderr.clone()).unwrap();
    assert!(said.starts_with("plexica: ") && !said.contains("panicked"), "{said}");
    said
}

impl Target<'_> {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = plexica();
        command.args(arguments).args(self.connection);
        command
    }

    fn must(&self, arguments: &[&str]) -> String {
        succeed(&self.command(arguments).output().unwrap(), arguments)
    }

    fn refuses(&self, arguments: &[&str]) -> String {
        refused(&self.command(arguments).output().unwrap())
    }

    /// What people do with a tenant and something in a namespace.
    pub fn verbs(&self, home: &Path) {
        let slug = self.slug;
        let tenant = format!(
            "apiVersion: plexica.io/v1alpha1\nkind: Tenant\nmetadata: {{name: {slug}}}\nspec: {{displayName: Beta}}\n"
        );
        let secret = format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: {slug}}}\nstringData: {{a: b}}\n");
        let folder = home.join("verbs");
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("1-tenant.yaml"), &tenant).unwrap();
        std::fs::write(folder.join("2-secret.yml"), secret).unwrap();
        std::fs::write(folder.join("notes.txt"), "not a resource").unwrap();
        let path = folder.to_str().unwrap();
        let (named, of_secret) = (format!("tenant.plexica.io/{slug}"), format!("secret/{slug}"));

        // A folder, in order; nothing is written by a dry run; a second time nothing changes.
        let dry = self.must(&["apply", "-f", path, "--dry-run"]);
        assert!(dry.contains(&format!("{named} created (dry run)")), "{dry}");
        assert!(self.refuses(&["get", "tenant", slug]).contains(slug));
        assert_eq!(self.must(&["apply", "-f", path]), format!("{named} created\n{of_secret} created\n"));
        self.must(&["wait", &format!("tn/{slug}"), "--for", "create"]);
        (self.make_ready)();
        self.must(&["wait", &format!("tenant/{slug}"), "--for", "condition=Ready", "--timeout", "60"]);
        assert_eq!(self.must(&["apply", "-f", path]), format!("{named} unchanged\n{of_secret} unchanged\n"));
        let changed = stdin(self.command(&["apply", "-f", "-"]), &tenant.replace("Beta", "Better"));
        assert_eq!(succeed(&changed, &["apply", "-f", "-"]), format!("{named} configured\n"));

        let table = self.must(&["get", "tn", slug]);
        let lines: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(lines[0], ["NAME", "READY", "PHASE", "REASON", "PLAN", "AGE"]);
        assert_eq!((lines.len(), lines[1][0]), (2, slug), "{table}");
        assert!(self.must(&["get", "tenants", "-o", "wide"]).contains("MESSAGE"));
        assert!(self.must(&["get", "secrets", "-n", "default"]).contains(slug));
        assert!(self.must(&["get", "secrets", "-A"]).starts_with("NAMESPACE"));
        assert_eq!(self.must(&["get", &format!("tn/{slug}"), "-o", "name"]), format!("{named}\n"));
        let json: serde_json::Value = serde_json::from_str(&self.must(&["get", "tn", slug, "-o", "json"])).unwrap();
        assert_eq!(json["spec"]["displayName"], "Better");
        assert!(self.must(&["get", "tn", slug, "-o", "yaml"]).contains("displayName: Better"));

        // What is refused is said, by the API server and by the wait.
        let plugin = stdin(self.command(&["apply", "-f", "-"]), &tenant.replace(slug, "a-plugin-b"));
        assert!(refused(&plugin).contains("plugin"));
        let typo = stdin(self.command(&["apply", "-f", "-"]), &tenant.replace("displayName", "displayname"));
        assert!(refused(&typo).contains("displayname"));
        let late = self.refuses(&["wait", "tenant", slug, "--for", "condition=Stalled", "--timeout", "1"]);
        assert!(late.contains("was not Stalled in time"), "{late}");
        assert!(self.refuses(&["get", "gizmos"]).contains("try tenants"));

        // Last first.
        let deleted = self.must(&["delete", "-f", path]);
        assert_eq!(deleted, format!("{of_secret} deleted\n{named} deleted\n"));
        assert!(self.must(&["delete", "-f", path]).contains("was not there"));
        self.must(&["wait", &format!("tenant/{slug}"), "--for", "delete"]);
        assert!(self.refuses(&["delete", "tenant", slug]).contains("is not there"));

        // Data goes for good only when its name is said once more.
        let delete = tenant.replace("displayName", "deletionPolicy: Delete, displayName");
        succeed(&stdin(self.command(&["apply", "-f", "-"]), &delete), &["apply", "-f", "-"]);
        for said in [&[][..], &["--confirm", "globex"]] {
            let refused = self.refuses(&[&["delete", "tenant", slug], said].concat());
            assert!(refused.contains(&format!("--confirm {slug}")), "{refused}");
        }
        assert_eq!(self.must(&["delete", "tenant", slug, "--confirm", slug]), format!("{named} deleted\n"));
    }
}
