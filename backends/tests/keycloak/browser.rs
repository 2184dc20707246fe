//! A browser that signs in: it follows forms and keeps cookies.

use std::collections::BTreeMap;

use reqwest::{Response, header};
use url::Url;

/// Cookies by name.
#[derive(Default)]
pub struct Browser {
    cookies: BTreeMap<String, String>,
}

/// Where a sign-in ended.
pub enum End {
    /// Sent back to the client.
    Back(Url),
    /// On a page, with that status.
    Page(u16, String),
}

impl Browser {
    /// Opens the page, fills in its form and posts it.
    pub async fn sign_in(&mut self, http: &reqwest::Client, url: &str, user: &str, password: &str) -> End {
        let answer = http.get(url).send().await.unwrap();
        self.keep(&answer);
        let base = answer.url().clone();
        let page = match end(answer).await {
            End::Page(200, page) => page,
            other => return other,
        };
        let form = [("username", user), ("password", password), ("credentialId", "")];
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let answer = http
            .post(base.join(&action(&page)).unwrap())
            .header(header::COOKIE, cookies.join("; "))
            .form(&form)
            .send()
            .await
            .unwrap();
        end(answer).await
    }

    fn keep(&mut self, answer: &Response) {
        for cookie in answer.headers().get_all(header::SET_COOKIE) {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
    }
}

async fn end(answer: Response) -> End {
    match answer.headers().get(header::LOCATION) {
        Some(location) => End::Back(location.to_str().unwrap().parse().unwrap()),
        None => End::Page(answer.status().as_u16(), answer.text().await.unwrap()),
    }
}

/// Where the page's form goes.
fn action(page: &str) -> String {
    let (_, rest) = page.split_once("<form").expect("a form");
    let (_, rest) = rest.split_once("action=\"").expect("an action");
    rest.split('"').next().unwrap().replace("&amp;", "&")
}

/// A parameter of a URL.
pub fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}
