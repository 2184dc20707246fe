//! HTTP header names of the platform.
//!
//! A header is never proof of anything: the platform token in `Authorization` is. These exist
//! for logs and tracing; the gateway removes inbound copies before it sets its own.

/// One id per request, made by the gateway unless the client sent a valid one (a UUID).
pub const CORRELATION_ID: &str = "x-correlation-id";
/// The tenant's slug, for logs of the upstream.
pub const TENANT: &str = "x-plexica-tenant";
/// The user's id (`sub` of the realm's token), for logs of the upstream.
pub const USER: &str = "x-plexica-user";
/// Every header with this prefix is the platform's own and is stripped from inbound requests.
pub const RESERVED_PREFIX: &str = "x-plexica-";
