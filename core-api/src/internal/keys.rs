//! The platform's public keys.

use axum::extract::State;
use http::{HeaderName, header};
use plexica_contract::{error::Code, token::PublicKeys};

use crate::{
    access::Public,
    http::{ApiError, Json},
    state::Shared,
};

/// The keys that platform tokens are verified with (a JWK set).
pub async fn keys(
    _: Public,
    State(state): State<Shared>,
) -> Result<([(HeaderName, &'static str); 1], Json<PublicKeys>), ApiError> {
    let keys =
        state.public_keys().ok_or_else(|| ApiError::new(Code::Unavailable, "There are no keys yet; try again."))?;
    Ok(([(header::CACHE_CONTROL, "max-age=10")], Json(keys)))
}
