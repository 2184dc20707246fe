//! A browser that signs in: it follows forms and redirects and keeps cookies.

use std::collections::BTreeMap;

use reqwest::{RequestBuilder, Response, header};
use url::Url;

/// Cookies by path and name, and the page it is on.
#[derive(Default)]
pub struct Browser {
    cookies: BTreeMap<(String, String), String>,
    on: Option<(Url, String)>,
}

/// Where a step ended.
pub enum End {
    /// Sent to another site: back to the client, or to a broker.
    Back(Url),
    /// On a page, with that status.
    Page(u16, String),
}

impl End {
    /// The page.
    pub fn page(self) -> String {
        match self {
            Self::Page(_, page) => page,
            Self::Back(to) => panic!("sent to {to}"),
        }
    }

    /// The other site.
    pub fn back(self) -> Url {
        match self {
            Self::Back(to) => to,
            Self::Page(status, page) => panic!("on a page: {status} {page}"),
        }
    }
}

impl Browser {
    /// Opens the page, fills in its form and posts it.
    pub async fn sign_in(&mut self, http: &reqwest::Client, url: &str, user: &str, password: &str) -> End {
        match self.open(http, url).await {
            End::Page(200, _) => {
                let form = [("username", user), ("password", password), ("credentialId", "")];
                self.submit(http, &form).await
            }
            other => other,
        }
    }

    /// Opens the page.
    pub async fn open(&mut self, http: &reqwest::Client, url: &str) -> End {
        let url: Url = url.parse().unwrap();
        self.follow(http, http.get(url.clone()), url).await
    }

    /// Posts the form of the page it is on, with these fields.
    pub async fn submit(&mut self, http: &reqwest::Client, fields: &[(&str, &str)]) -> End {
        let (base, page) = self.on.as_ref().expect("a page");
        let url = base.join(&action(page)).unwrap();
        self.follow(http, http.post(url.clone()).form(fields), url).await
    }

    /// Follows a link of the page it is on.
    pub async fn click(&mut self, http: &reqwest::Client, id: &str) -> End {
        let (base, page) = self.on.as_ref().expect("a page");
        let (_, rest) = page.split_once(&format!("id=\"{id}\"")).unwrap_or_else(|| panic!("no {id} in {page}"));
        let (_, rest) = rest.split_once("href=\"").expect("a link");
        let url = base.join(&rest.split('"').next().unwrap().replace("&amp;", "&")).unwrap();
        self.follow(http, http.get(url.clone()), url).await
    }

    async fn follow(&mut self, http: &reqwest::Client, mut request: RequestBuilder, mut at: Url) -> End {
        loop {
            let answer = request.header(header::COOKIE, self.cookies(&at)).send().await.unwrap();
            self.keep(&answer);
            let Some(location) = answer.headers().get(header::LOCATION) else {
                let (status, page) = (answer.status().as_u16(), answer.text().await.unwrap());
                self.on = Some((at, page.clone()));
                return End::Page(status, page);
            };
            let to = at.join(location.to_str().unwrap()).unwrap();
            if to.origin() != at.origin() {
                return End::Back(to);
            }
            request = http.get(to.clone());
            at = to;
        }
    }

    fn cookies(&self, at: &Url) -> String {
        let sent = self.cookies.iter().filter(|((path, _), _)| at.path().starts_with(path.as_str()));
        sent.map(|((_, name), value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    fn keep(&mut self, answer: &Response) {
        for cookie in answer.headers().get_all(header::SET_COOKIE) {
            let mut parts = cookie.to_str().unwrap().split(';').map(str::trim);
            let (name, value) = parts.next().unwrap().split_once('=').unwrap();
            let path = parts.find_map(|part| part.strip_prefix("Path=")).unwrap_or("/");
            self.cookies.insert((path.to_owned(), name.to_owned()), value.to_owned());
        }
    }
}

/// Where the page's form goes.
fn action(page: &str) -> String {
    let (_, rest) = page.split_once("<form").unwrap_or_else(|| panic!("no form in {page}"));
    let (_, rest) = rest.split_once("action=\"").expect("an action");
    rest.split('"').next().unwrap().replace("&amp;", "&")
}

/// The value of a field of the page.
pub fn field(page: &str, name: &str) -> String {
    let (_, rest) = page.split_once(&format!("name=\"{name}\"")).unwrap_or_else(|| panic!("no {name} in {page}"));
    let (_, rest) = rest.split_once("value=\"").expect("a value");
    rest.split('"').next().unwrap().to_owned()
}

/// A parameter of a URL.
pub fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}
