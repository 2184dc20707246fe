//! User name and password.

use std::time::Instant;

use super::super::fault::Fault;
use super::super::server::App;
use super::super::store::Account;

/// Why somebody may not sign in.
pub enum Refused {
    /// Unknown, or a wrong password, or too many of them: all look the same.
    Credentials,
    /// The account is switched off.
    Disabled,
    /// The password is right, but something is asked of them first.
    MustAct(Box<Account>),
}

impl From<Refused> for Fault {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Credentials => Self::unauthorized("invalid_grant", "Invalid user credentials"),
            Refused::Disabled => Self::oauth("invalid_grant", "Account disabled"),
            Refused::MustAct(_) => Self::oauth("invalid_grant", "Account is not fully set up"),
        }
    }
}

/// Who it is, if the password is theirs.
pub async fn sign_in(app: &App, realm: &str, name: &str, password: &str) -> Result<Result<Account, Refused>, Fault> {
    let account = app.store.account_named(realm, name).await?;
    // By the account where there is one: name and address must not double the guesses.
    let key = account.as_ref().map_or_else(|| name.to_lowercase(), |account| account.username.clone());
    if app.throttle.waits(realm, &key, Instant::now()) {
        return Ok(Err(Refused::Credentials));
    }
    let kept = account.as_ref().and_then(|account| account.password.clone());
    let matches = app.passwords.check(password.to_owned(), kept).await?;
    let Some(account) = account.filter(|_| matches) else {
        app.throttle.failed(realm, &key, Instant::now());
        return Ok(Err(Refused::Credentials));
    };
    app.throttle.succeeded(realm, &key);
    Ok(match account {
        account if !account.enabled() => Err(Refused::Disabled),
        account if account.must_act() => Err(Refused::MustAct(Box::new(account))),
        account => Ok(account),
    })
}
