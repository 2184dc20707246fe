//! How people sign in to a realm, as far as somebody has said it.

use plexica_crds::tenant::{IdentitySpec, Mfa, PasswordPolicy, SecretKeyRef};

use super::{Broker, Smtp};
use crate::Secret;

/// Finds what a spec refers to; `None` if it is not there (yet).
pub type Find<'a> = &'a dyn Fn(&SecretKeyRef) -> Option<Secret>;

/// How people sign in to a realm. `None` is not ours: it stays as people set it in Keycloak.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignIn {
    /// Whether a second factor is needed.
    pub mfa: Option<Mfa>,
    /// What a password must have, in Keycloak's words.
    pub password_policy: Option<String>,
    /// Theme of the sign-in pages.
    pub login_theme: Option<String>,
    /// Other places where users may sign in.
    pub brokers: Vec<Broker>,
    /// The server that sends the realm's mail.
    pub smtp: Option<Smtp>,
}

impl SignIn {
    /// What a spec says. What `find` does not find is left as it is, and a broker without its secret
    /// is not made.
    pub fn new(spec: &IdentitySpec, find: Find<'_>) -> Self {
        let IdentitySpec { mfa, sessions: _, password_policy, login_theme, brokers, smtp } = spec;
        Self {
            mfa: *mfa,
            password_policy: password_policy.as_ref().map(policy),
            login_theme: login_theme.clone(),
            brokers: brokers.iter().map(|broker| Broker::new(broker, find)).collect(),
            smtp: smtp.as_ref().map(|smtp| Smtp::new(smtp, find)),
        }
    }
}

/// `length(12) and notUsername`, as Keycloak writes it.
fn policy(policy: &PasswordPolicy) -> String {
    let PasswordPolicy {
        min_length,
        max_length,
        min_digits,
        min_lower_case,
        min_upper_case,
        min_special,
        not_username,
        not_email,
        history_count,
        max_age_days,
    } = policy;
    let number = |name: &str, value: &Option<i32>| value.map(|value| format!("{name}({value})"));
    let flag = |name: &str, set: bool| set.then(|| name.to_owned());
    let parts = [
        number("length", min_length),
        number("maxLength", max_length),
        number("digits", min_digits),
        number("lowerCase", min_lower_case),
        number("upperCase", min_upper_case),
        number("specialChars", min_special),
        flag("notUsername", *not_username),
        flag("notEmail", *not_email),
        number("passwordHistory", history_count),
        number("forceExpiredPasswordChange", max_age_days),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" and ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_in_keycloaks_words() {
        let some = PasswordPolicy {
            min_length: Some(12),
            not_username: true,
            history_count: Some(3),
            ..PasswordPolicy::default()
        };
        assert_eq!(policy(&some), "length(12) and notUsername and passwordHistory(3)");
        let all = PasswordPolicy {
            min_length: Some(12),
            max_length: Some(64),
            min_digits: Some(1),
            min_lower_case: Some(2),
            min_upper_case: Some(3),
            min_special: Some(4),
            not_username: true,
            not_email: true,
            history_count: Some(5),
            max_age_days: Some(90),
        };
        assert_eq!(
            policy(&all),
            "length(12) and maxLength(64) and digits(1) and lowerCase(2) and upperCase(3) and specialChars(4) and \
             notUsername and notEmail and passwordHistory(5) and forceExpiredPasswordChange(90)"
        );
        assert_eq!(policy(&PasswordPolicy::default()), "", "nothing is asked");
    }
}
