//! A user's requests.

use http::Method;
use plexica_contract::token::Subject;
use serde::Serialize;

use super::{Answer, TestHost};
use plexica_contract::name::Slug;

/// A signed-in user of a tenant, as the gateway would let it through.
#[derive(Clone, Debug)]
pub struct Client<'a> {
    host: &'a TestHost,
    tenant: Slug,
    user: String,
    permissions: Vec<String>,
}

impl<'a> Client<'a> {
    pub(super) fn new(host: &'a TestHost, tenant: Slug, permissions: Vec<String>) -> Self {
        Self { host, tenant, user: "ada".into(), permissions }
    }

    /// Another user of the same tenant with the same permissions.
    #[must_use]
    pub fn named(mut self, user: &str) -> Self {
        user.clone_into(&mut self.user);
        self
    }

    /// The platform token it would come with.
    pub fn token(&self) -> String {
        let subject = Subject::User {
            sub: self.user.clone(),
            username: Some(self.user.clone()),
            email: None,
            roles: vec!["user".into()],
            permissions: self.permissions.clone(),
        };
        self.host.platform().token(self.host.id(), Some(&self.tenant), subject)
    }

    /// `GET`.
    pub async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path)).await
    }

    /// `POST` with a JSON body.
    pub async fn post(&self, path: &str, body: impl Serialize) -> Answer {
        Answer::of(self.request(Method::POST, path).json(&body)).await
    }

    /// `PUT` with a JSON body.
    pub async fn put(&self, path: &str, body: impl Serialize) -> Answer {
        Answer::of(self.request(Method::PUT, path).json(&body)).await
    }

    /// `PATCH` with a JSON body.
    pub async fn patch(&self, path: &str, body: impl Serialize) -> Answer {
        Answer::of(self.request(Method::PATCH, path).json(&body)).await
    }

    /// `DELETE`.
    pub async fn delete(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::DELETE, path)).await
    }

    /// Any request, with the user's token.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.host.http(method, path).bearer_auth(self.token())
    }
}
