//! What the gateway says about a request, in place of what the client said.

use std::net::IpAddr;

use http::{HeaderMap, HeaderValue, header::AUTHORIZATION, header::InvalidHeaderValue};
use plexica_contract::{header, name::Slug};
use uuid::Uuid;

/// What the gateway says about a request.
#[derive(Debug)]
pub struct Identity<'a> {
    /// The platform token for the one receiver.
    pub token: &'a str,
    /// Whose user is calling.
    pub tenant: Option<&'a Slug>,
    /// `sub` of the user.
    pub user: &'a str,
    /// The request.
    pub correlation_id: Uuid,
    /// The client's address.
    pub client: IpAddr,
    /// `Host` as the client wrote it.
    pub host: Option<&'a HeaderValue>,
    /// Whether the client came by TLS.
    pub tls: bool,
    /// What was stripped from the path.
    pub prefix: Option<&'a str>,
}

impl Identity<'_> {
    pub(super) fn set(&self, headers: &mut HeaderMap) -> Result<(), InvalidHeaderValue> {
        let mut token = HeaderValue::from_str(&format!("Bearer {}", self.token))?;
        token.set_sensitive(true);
        headers.insert(AUTHORIZATION, token);
        if let Some(tenant) = self.tenant {
            headers.insert(header::TENANT, HeaderValue::from_str(tenant.as_str())?);
        }
        headers.insert(header::USER, HeaderValue::from_str(self.user)?);
        headers.insert(header::CORRELATION_ID, HeaderValue::from_str(&self.correlation_id.to_string())?);
        headers.insert("x-forwarded-for", HeaderValue::from_str(&self.client.to_string())?);
        headers.insert("x-forwarded-proto", HeaderValue::from_static(if self.tls { "https" } else { "http" }));
        if let Some(host) = self.host {
            headers.insert("x-forwarded-host", host.clone());
        }
        if let Some(prefix) = self.prefix {
            headers.insert("x-forwarded-prefix", HeaderValue::from_str(prefix)?);
        }
        Ok(())
    }
}
