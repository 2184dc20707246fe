//! Traces for people who operate the platform, exported by [OTLP] over HTTP.
//!
//! Off unless `OTEL_EXPORTER_OTLP_ENDPOINT` (or `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`) is set. The
//! other variables of the OpenTelemetry specification (headers, timeout, sampler, resource
//! attributes) count as it says.
//!
//! [OTLP]: https://opentelemetry.io/docs/specs/otlp/

mod client;
mod propagation;

use std::{env, path::PathBuf, time::Duration};

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{
    ExporterBuildError, OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, SpanExporter,
    WithExportConfig, WithHttpConfig,
};
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
use tokio::runtime::Handle;
use tracing::{Level, Subscriber};
use tracing_subscriber::{Layer, filter::Targets, registry::LookupSpan};

pub use propagation::{answered, continue_trace, inject};

use crate::trust;
use client::Client;

/// Targets of the platform's own spans begin with this; what its libraries do is no matter of
/// traces.
const OURS: &str = "plexica";
/// How long the last spans may take to be sent.
const END: Duration = Duration::from_secs(5);
/// Turns everything off, as the specification says.
const DISABLED: &str = "OTEL_SDK_DISABLED";
/// PEM file of CAs for the collector; without it, the platform's own bundle.
const CERTIFICATES: [&str; 2] = ["OTEL_EXPORTER_OTLP_CERTIFICATE", "PLEXICA_CA_BUNDLE"];

/// Why there are no traces although they are asked for.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What a variable says cannot be done.
    #[error("traces cannot be exported: see the variables OTEL_EXPORTER_OTLP_…")]
    Exporter(#[from] ExporterBuildError),
    /// The CA bundle cannot be used.
    #[error(transparent)]
    Trust(#[from] trust::Error),
    /// No client.
    #[error("there can be no HTTP client for traces")]
    HttpClient(#[from] reqwest::Error),
}

/// Takes spans and exports them in the background. A collector that is away costs the spans of that
/// time and nothing else.
#[derive(Debug)]
pub struct Traces {
    provider: SdkTracerProvider,
    service: String,
}

impl Traces {
    /// As the environment says: nothing, unless it names a collector.
    ///
    /// # Errors
    /// [`Error`] when it names one that cannot be used.
    pub fn from_environment(service: &str, runtime: &Handle) -> Result<Option<Self>, Error> {
        let value = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
        let disabled = value(DISABLED).is_some_and(|value| value.eq_ignore_ascii_case("true"));
        let named = [OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT]
            .into_iter()
            .any(|name| value(name).is_some());
        if disabled || !named {
            return Ok(None);
        }
        let bundle = CERTIFICATES.into_iter().find_map(value).map(PathBuf::from);
        let client = Client::new(trust::http_client(bundle.as_deref())?, runtime)?;
        let exporter = SpanExporter::builder().with_http().with_http_client(client).build()?;
        Ok(Some(Self::new(exporter, service)))
    }

    /// To the collector at this URL, path and all.
    ///
    /// # Errors
    /// [`Error`] when it cannot be used.
    pub fn to(url: &str, service: &str, runtime: &Handle) -> Result<Self, Error> {
        let client = Client::new(trust::http_client(None)?, runtime)?;
        let exporter = SpanExporter::builder().with_http().with_http_client(client).with_endpoint(url).build()?;
        Ok(Self::new(exporter, service))
    }

    fn new(exporter: SpanExporter, service: &str) -> Self {
        let mut resource = Resource::builder();
        if env::var_os("OTEL_SERVICE_NAME").is_none() {
            resource = resource.with_service_name(service.to_owned());
        }
        let provider =
            SdkTracerProvider::builder().with_resource(resource.build()).with_batch_exporter(exporter).build();
        Self { provider, service: service.to_owned() }
    }

    /// What hands spans over; beside the logs' layer.
    pub fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'span> LookupSpan<'span>,
    {
        let tracer = self.provider.tracer(self.service.clone());
        let layer = tracing_opentelemetry::layer().with_tracer(tracer).with_location(false).with_threads(false);
        layer.with_filter(Targets::new().with_target(OURS, Level::INFO))
    }

    /// Sends what is left. It blocks, and needs the runtime to be there still.
    pub fn end(self) {
        if let Err(error) = self.provider.shutdown_with_timeout(END) {
            tracing::warn!(%error, "the last traces were not sent");
        }
    }
}
