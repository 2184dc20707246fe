//! The API's document. A test holds it against the routes.

use serde::{Deserialize, Serialize};
use utoipa::{
    Modify, OpenApi, ToSchema,
    openapi::security::{Http, HttpAuthScheme, SecurityScheme},
};

use crate::{contact, deal};

#[derive(OpenApi)]
#[openapi(
    info(title = "Contacts and deals", description = "A tenant's contacts and the deals made with them."),
    servers((url = "/api/plugins/crm")),
    paths(
        contact::list::list,
        contact::create::create,
        contact::get::get,
        contact::update::update,
        contact::delete::delete,
        deal::list::list,
        deal::create::create,
        deal::get::get,
        deal::update::update,
        deal::advance::advance,
        deal::delete::delete,
    ),
    components(schemas(ErrorBody)),
    modifiers(&Bearer)
)]
pub(crate) struct Document;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    }
}

/// What every error looks like (the SDK answers it).
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct ErrorBody {
    pub(crate) error: Problem,
}

/// What went wrong.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Problem {
    /// A stable reason, such as `NOT_FOUND`.
    pub(crate) code: String,
    /// A sentence for people.
    pub(crate) message: String,
    /// The fields at fault.
    #[serde(default)]
    pub(crate) details: Vec<Detail>,
    /// Finds the request in the logs.
    pub(crate) correlation_id: Option<String>,
}

/// One mistake.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Detail {
    /// Where, as in `stages[0].name`.
    pub(crate) field: String,
    /// What is wrong with it.
    pub(crate) message: String,
}
