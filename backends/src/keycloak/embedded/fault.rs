//! Errors in OAuth's form ([RFC 6749 § 5.2]) and in that of Keycloak's admin API.
//!
//! [RFC 6749 § 5.2]: https://www.rfc-editor.org/rfc/rfc6749#section-5.2

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// What goes wrong in a handler.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// An OAuth error.
    #[error("{error}: {description}")]
    OAuth { status: StatusCode, error: &'static str, description: &'static str },
    /// An error of the admin API.
    #[error("{message}")]
    Admin { status: StatusCode, message: String },
    /// The database failed.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    /// A key or a hash that we wrote cannot be used.
    #[error("a stored secret cannot be used")]
    Stored(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Fault {
    /// 400, as most OAuth errors are.
    pub const fn oauth(error: &'static str, description: &'static str) -> Self {
        Self::OAuth { status: StatusCode::BAD_REQUEST, error, description }
    }

    /// 401.
    pub const fn unauthorized(error: &'static str, description: &'static str) -> Self {
        Self::OAuth { status: StatusCode::UNAUTHORIZED, error, description }
    }

    /// Of the admin API.
    pub fn admin(status: StatusCode, message: impl Into<String>) -> Self {
        Self::Admin { status, message: message.into() }
    }

    /// 404 of the admin API.
    pub fn missing(what: &str) -> Self {
        Self::admin(StatusCode::NOT_FOUND, format!("{what} not found"))
    }

    /// A key or a hash that we wrote cannot be used.
    pub fn stored(source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Stored(Box::new(source))
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let (status, body) = match &self {
            Self::OAuth { status, error, description } => {
                (*status, json!({ "error": error, "error_description": description }))
            }
            Self::Admin { status, message } => (*status, json!({ "errorMessage": message })),
            Self::Database(_) | Self::Stored(_) => {
                let cause = std::error::Error::source(&self).map(ToString::to_string);
                tracing::error!(error = %self, cause, "the embedded issuer cannot answer");
                (StatusCode::SERVICE_UNAVAILABLE, json!({ "error": "temporarily_unavailable" }))
            }
        };
        (status, [(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
    }
}
