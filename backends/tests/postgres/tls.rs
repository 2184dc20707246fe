//! `sslmode` and the CA bundle are honoured.

use plexica_backends::postgres::{Placement, Provisioner};
use plexica_backends::{Kind, Secret};

use crate::on_postgres;
use crate::support::{Proxy, Start};
use crate::world::World;

on_postgres! { only_the_bundles_ca_is_trusted }

async fn only_the_bundles_ca_is_trusted(world: World) {
    let server = world.server.url();
    let proxy =
        Proxy::start(Start::Postgres, format!("{}:{}", server.host_str().unwrap(), server.port().unwrap())).await;
    let url = |host: &str| {
        let mut url = world.operator_url.clone();
        url.set_host(Some(host)).unwrap();
        url.set_port(Some(proxy.addr.port())).unwrap();
        url.set_query(Some("sslmode=verify-full"));
        Placement { url: Secret::new(url.to_string()), plugin_url: None }
    };
    let bundle = proxy.bundle();
    Provisioner::new(&url("localhost"), Some(&bundle)).unwrap().ping().await.unwrap();
    for (host, bundle) in [("localhost", None), ("127.0.0.1", Some(bundle.as_path()))] {
        let error = Provisioner::new(&url(host), bundle).unwrap().ping().await.unwrap_err();
        assert_eq!(error.kind, Kind::Unavailable, "{host} {error:?}");
        assert!(error.message.contains("certificate"), "{error}");
    }
    let plugin =
        Provisioner::new(&url("localhost"), Some(&bundle)).unwrap().plugin_url("plugin_crm", &Secret::new("p/w"));
    assert!(plugin.unwrap().reveal().ends_with("?sslmode=verify-full"), "plugins are told the same");
}
