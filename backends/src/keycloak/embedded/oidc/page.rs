//! The pages people see: small, escaped, never kept and never framed.

use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

/// The sign-in form. Posting it goes to the page's own address, which holds the request.
pub fn sign_in(realm: &str, query: &str, username: &str, message: Option<&str>, new_password: bool) -> Response {
    let message = message.map(|text| format!("<p role=\"alert\">{}</p>", escape(text))).unwrap_or_default();
    let new_password = if new_password {
        "<label>New password <input name=\"password-new\" type=\"password\" autocomplete=\"new-password\" minlength=\"8\" required></label>"
    } else {
        ""
    };
    let status = if message.is_empty() { StatusCode::OK } else { StatusCode::BAD_REQUEST };
    page(
        status,
        &format!("Sign in to {}", escape(realm)),
        &format!(
            "{message}<form method=\"post\" action=\"?{query}\">\
             <label>User name or e-mail <input name=\"username\" value=\"{username}\" autocomplete=\"username\" autofocus required></label>\
             <label>Password <input name=\"password\" type=\"password\" autocomplete=\"current-password\" required></label>\
             {new_password}<button>Sign in</button></form>",
            query = escape(query),
            username = escape(username),
        ),
    )
}

/// A sentence.
pub fn sentence(status: StatusCode, text: &str) -> Response {
    page(status, "Sign-in", &format!("<p>{}</p>", escape(text)))
}

fn page(status: StatusCode, title: &str, body: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title>\
         <style>body{{font:1rem sans-serif;max-width:20rem;margin:4rem auto;padding:0 1rem}}\
         label,button{{display:block;margin:1rem 0}}input{{display:block;width:100%;font:inherit}}</style>\
         </head><body><h1>{title}</h1>{body}</body></html>"
    );
    let headers = [
        (header::CACHE_CONTROL, "no-store"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
        ),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    (status, headers, Html(html)).into_response()
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_escapes_an_attribute() {
        assert_eq!(escape(r#""><script>alert('x')&"#), "&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&amp;");
    }
}
