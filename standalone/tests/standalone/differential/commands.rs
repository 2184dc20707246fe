//! The same kubectl commands against both servers: what they print must be equal.

use std::path::Path;
use std::process::Stdio;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::normal;
use super::pair::Pair;

/// A command: its arguments (`NS` and `GROUP` stand for those of the test), and what it reads.
struct Line(&'static str, &'static str);

const WIDGET: &str = "apiVersion: GROUP/v1\nkind: Widget\nmetadata: {name: one}\nspec: {size: 3, note: hello}\n";
const CHANGED: &str =
    "apiVersion: GROUP/v1\nkind: Widget\nmetadata: {name: one, labels: {a: b}}\nspec: {size: 4, parts: [{name: x}]}\n";
const INVALID: &str = "apiVersion: GROUP/v1\nkind: Widget\nmetadata: {name: bad}\nspec: {size: 0}\n";
const UNKNOWN: &str = "apiVersion: GROUP/v1\nkind: Widget\nmetadata: {name: bad}\nspec: {size: 1, sise: 2}\n";
const SECRET: &str = "apiVersion: v1\nkind: Secret\nmetadata: {name: sec}\nstringData: {a: b}\n";
const SECRET_CHANGED: &str = "apiVersion: v1\nkind: Secret\nmetadata: {name: sec}\nstringData: {c: d}\n";
const SPACE: &str = "apiVersion: v1\nkind: Namespace\nmetadata: {name: NS, labels: {x: y}}\n";

const COMMANDS: &[Line] = &[
    Line("apply -f -", WIDGET),
    Line("apply -f -", WIDGET),
    Line("apply -f -", CHANGED),
    Line("diff -f -", WIDGET),
    Line("apply -f -", INVALID),
    Line("apply -f -", UNKNOWN),
    Line("apply --validate=ignore --dry-run=server -f -", UNKNOWN),
    Line("create -f -", WIDGET),
    Line("get wd.GROUP", ""),
    Line("get widgets.GROUP one -o wide", ""),
    Line("get widgets.GROUP one -o yaml --show-managed-fields", ""),
    Line("get widgets.GROUP one -o json", ""),
    Line("get widgets.GROUP -o name", ""),
    Line("get widgets.GROUP none", ""),
    Line("get widgets.GROUP -l a=b", ""),
    Line("get widgets.GROUP -l a=c", ""),
    Line("get widgets.GROUP --show-labels", ""),
    Line("get widgets.GROUP -o jsonpath={.items[*].spec.size}", ""),
    Line("get widgets.GROUP -o custom-columns=N:.metadata.name,S:.spec.size", ""),
    Line("get widgets.GROUP --sort-by=.spec.size", ""),
    Line("describe widgets.GROUP one", ""),
    Line("describe widgets.GROUP none", ""),
    Line("label widgets.GROUP one c=d", ""),
    Line("label widgets.GROUP one c=e", ""),
    Line("label widgets.GROUP one c=e --overwrite", ""),
    Line("label widgets.GROUP one c-", ""),
    Line("annotate widgets.GROUP one k=v", ""),
    Line("patch widgets.GROUP one --type=merge -p {\"spec\":{\"size\":5}}", ""),
    Line("patch widgets.GROUP one --type=json -p [{\"op\":\"replace\",\"path\":\"/spec/size\",\"value\":6}]", ""),
    Line("patch widgets.GROUP one --type=strategic -p {\"spec\":{\"size\":7}}", ""),
    Line(
        "patch widgets.GROUP one --subresource=status --type=merge -p {\"status\":{\"phase\":\"Done\",\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\"}]}}",
        "",
    ),
    Line("get widgets.GROUP one --subresource=status -o jsonpath={.status.phase}", ""),
    Line("wait --for=condition=Ready widgets.GROUP/one --timeout=5s", ""),
    Line("wait --for=jsonpath={.status.phase}=Done widgets.GROUP/one --timeout=5s", ""),
    Line("wait --for=condition=Other widgets.GROUP/one --timeout=1s", ""),
    Line("apply --server-side -f -", WIDGET),
    Line("apply --server-side --force-conflicts -f -", WIDGET),
    Line("apply --server-side --field-manager=other -f -", CHANGED),
    Line("edit widgets.GROUP one", ""),
    Line("get widgets.GROUP one -o jsonpath={.spec}", ""),
    Line("replace -f -", WIDGET),
    Line("explain widgets.GROUP", ""),
    Line("explain widgets.GROUP.spec", ""),
    Line("explain widgets.GROUP.spec.colour", ""),
    Line("explain widgets.GROUP --recursive", ""),
    Line("explain widgets.GROUP.metadata.labels", ""),
    Line("explain secrets.data", ""),
    Line("explain namespaces.spec", ""),
    Line("explain leases.spec.holderIdentity", ""),
    Line("explain nosuch", ""),
    Line("apply -f -", SECRET),
    Line("apply -f -", SECRET_CHANGED),
    Line("get secret sec -o yaml", ""),
    Line("get secrets", ""),
    Line("describe secret sec", ""),
    Line("create secret generic made --from-literal=k=v", ""),
    Line("patch secret made -p {\"data\":{\"x\":\"eQ==\"}}", ""),
    Line("get secret made -o jsonpath={.data}", ""),
    Line("create secret generic made --from-literal=k=v", ""),
    Line("apply -f -", SPACE),
    Line("get ns NS --show-labels", ""),
    Line("get namespace NS -o yaml", ""),
    Line("auth can-i delete secrets", ""),
    Line("get nosuch", ""),
    Line("api-resources --api-group=GROUP", ""),
    Line("api-resources --api-group=coordination.k8s.io", ""),
    Line("get crd widgets.GROUP -o jsonpath={.status.acceptedNames}", ""),
    Line("wait --for=condition=Established crd/widgets.GROUP --timeout=5s", ""),
    Line("delete widgets.GROUP none", ""),
    Line("delete widgets.GROUP none --ignore-not-found", ""),
    Line("delete secret sec made", ""),
    Line("delete widgets.GROUP one --dry-run=server", ""),
    Line("delete -f -", WIDGET),
    Line("get widgets.GROUP", ""),
    Line("delete widgets.GROUP --all", ""),
];

/// Sets the size, as a person in an editor would.
const EDITOR: &str = "#!/bin/sh\nsed -i 's/size: [0-9]*/size: 42/' \"$1\"\n";

#[tokio::test]
async fn kubectl_prints_the_same() {
    let Some(pair) = Pair::start().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let editor = folder.path().join("editor");
    std::fs::write(&editor, EDITOR).unwrap();
    std::fs::set_permissions(&editor, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let mut differences = Vec::new();
    for Line(command, input) in COMMANDS {
        let fill = |text: &str| text.replace("GROUP", &pair.group).replace("NS", &pair.namespace);
        let (command, input) = (fill(command), fill(input));
        let mut outputs = Vec::new();
        for (number, kubeconfig) in pair.kubeconfigs.iter().enumerate() {
            let home = folder.path().join(number.to_string());
            std::fs::create_dir_all(&home).unwrap();
            outputs.push(run(&pair, kubeconfig, &home, &editor, &command, &input).await);
        }
        if outputs[0] != outputs[1] {
            differences.push(format!("kubectl {command}\n--- real\n{}\n--- ours\n{}\n", outputs[0], outputs[1]));
        }
    }
    let count = differences.len();
    assert!(count == 0, "{count} of {} commands differ:\n{}", COMMANDS.len(), differences.join("\n"));
    pair.stop().await;
}

async fn run(pair: &Pair, kubeconfig: &Path, home: &Path, editor: &Path, command: &str, input: &str) -> String {
    let mut child = Command::new(&pair.kubectl)
        .arg("--kubeconfig")
        .arg(kubeconfig)
        .args(["--namespace", &pair.namespace])
        .args(command.split(' '))
        .env("HOME", home)
        .env("KUBE_EDITOR", editor)
        .env("KUBECTL_EXTERNAL_DIFF", "diff -u --label a --label b")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).await.unwrap();
    drop(stdin);
    let output = child.wait_with_output().await.unwrap();
    let printed = format!(
        "{}{}exit {:?}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
        output.status.code()
    );
    normal::output(&printed)
}
