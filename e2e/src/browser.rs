//! A person's sign-in: authorization code with PKCE, as a browser does it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use plexica_testkit::unique;
use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Client, Response, redirect::Policy};
use serde_json::Value;
use sha2::{Digest, Sha256};
use url::Url;

/// The realm's public client.
const CLIENT: &str = "web";

/// A browser before a realm's sign-in page.
pub struct Browser {
    realm: String,
    redirect: String,
    client: Client,
}

impl Browser {
    /// Of that realm.
    pub fn new(keycloak: &str, realm: &str, redirect: &str) -> Self {
        let client = Client::builder().redirect(Policy::none()).build().unwrap();
        Self { realm: format!("{keycloak}/realms/{realm}/protocol/openid-connect"), redirect: redirect.into(), client }
    }

    /// An access token of that user.
    pub async fn sign_in(&self, user: &str, password: &str) -> String {
        let verifier = format!("{}-{}-{}-{}", unique("a"), unique("b"), unique("c"), unique("d"));
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
        let query = [
            ("response_type", "code"),
            ("client_id", CLIENT),
            ("redirect_uri", &self.redirect),
            ("scope", "openid"),
            ("code_challenge_method", "S256"),
            ("code_challenge", &challenge),
        ];
        let page = self.client.get(format!("{}/auth", self.realm)).query(&query).send().await.unwrap();
        assert_eq!(page.status(), 200, "{:?}", page.text().await);
        let cookies = cookies(&page);
        let action = form_action(&page.text().await.unwrap());
        let form = [("username", user), ("password", password)];
        let signed_in = self.client.post(action).header(COOKIE, cookies).form(&form).send().await.unwrap();
        let code = code(&signed_in);
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", CLIENT),
            ("redirect_uri", &self.redirect),
            ("code", &code),
            ("code_verifier", &verifier),
        ];
        let answer = self.client.post(format!("{}/token", self.realm)).form(&form).send().await.unwrap();
        let answer: Value = answer.json().await.unwrap();
        answer["access_token"].as_str().unwrap_or_else(|| panic!("no token: {answer}")).to_owned()
    }
}

fn cookies(page: &Response) -> String {
    let pairs = page.headers().get_all(SET_COOKIE).iter().filter_map(|cookie| cookie.to_str().ok()?.split(';').next());
    pairs.collect::<Vec<_>>().join("; ")
}

fn form_action(page: &str) -> String {
    let from = page.find("action=\"").expect("a form") + "action=\"".len();
    let length = page[from..].find('"').expect("a closing quote");
    page[from..from + length].replace("&amp;", "&")
}

fn code(answer: &Response) -> String {
    let location = answer.headers().get(LOCATION).expect("a redirect back, so the sign-in was accepted");
    let location: Url = location.to_str().unwrap().parse().unwrap();
    let code = location.query_pairs().find(|(name, _)| name == "code");
    code.unwrap_or_else(|| panic!("no code in {location}")).1.into_owned()
}
