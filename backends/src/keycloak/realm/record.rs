//! Which settings of a realm its spec has, written on the realm: so that what leaves the spec goes
//! back to Keycloak's own default once, and what never was in it is left alone. Pure.

use std::collections::{BTreeSet, HashMap};

use plexica_crds::label::IDENTITY_SETTINGS;

use super::SignIn;

/// A setting that is ours only while a spec has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Setting {
    /// [`SignIn::brokers`].
    Brokers,
    /// [`SignIn::login_theme`].
    LoginTheme,
    /// [`SignIn::mfa`].
    Mfa,
    /// [`SignIn::password_policy`].
    PasswordPolicy,
    /// [`SignIn::smtp`].
    Smtp,
}

impl Setting {
    const ALL: [Self; 5] = [Self::Brokers, Self::LoginTheme, Self::Mfa, Self::PasswordPolicy, Self::Smtp];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Brokers => "brokers",
            Self::LoginTheme => "loginTheme",
            Self::Mfa => "mfa",
            Self::PasswordPolicy => "passwordPolicy",
            Self::Smtp => "smtp",
        }
    }
}

/// A set of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record(BTreeSet<Setting>);

impl Record {
    /// Those that somebody has said.
    pub fn of(sign_in: &SignIn) -> Self {
        let SignIn { mfa, password_policy, login_theme, brokers, smtp } = sign_in;
        let said = |setting, is: bool| is.then_some(setting);
        let all = [
            said(Setting::Brokers, !brokers.is_empty()),
            said(Setting::LoginTheme, login_theme.is_some()),
            said(Setting::Mfa, mfa.is_some()),
            said(Setting::PasswordPolicy, password_policy.is_some()),
            said(Setting::Smtp, smtp.is_some()),
        ];
        Self(all.into_iter().flatten().collect())
    }

    /// Those written on a realm. Words of a newer version are not ours to undo.
    pub fn read(attributes: Option<&HashMap<String, String>>) -> Self {
        let text = attributes.and_then(|attributes| attributes.get(IDENTITY_SETTINGS));
        let words: Vec<&str> = text.map(|text| text.split(',').collect()).unwrap_or_default();
        Self(Setting::ALL.into_iter().filter(|setting| words.contains(&setting.as_str())).collect())
    }

    /// Puts them in place of those of before.
    pub fn write(&self, attributes: &mut HashMap<String, String>) {
        attributes.remove(IDENTITY_SETTINGS);
        if !self.0.is_empty() {
            let words: Vec<&str> = self.0.iter().map(|setting| setting.as_str()).collect();
            attributes.insert(IDENTITY_SETTINGS.to_owned(), words.join(","));
        }
    }

    /// Those that are in this set and no longer in `next`.
    pub fn without(&self, next: &Self) -> Self {
        Self(self.0.difference(&next.0).copied().collect())
    }

    /// Whether it is among them.
    pub fn has(&self, setting: Setting) -> bool {
        self.0.contains(&setting)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_back_and_an_empty_one_leaves_nothing() {
        let sign_in =
            SignIn { login_theme: Some("acme".into()), password_policy: Some(String::new()), ..SignIn::default() };
        let record = Record::of(&sign_in);
        let mut attributes = HashMap::from([("theirs".to_owned(), "stays".to_owned())]);
        record.write(&mut attributes);
        assert_eq!(attributes[IDENTITY_SETTINGS], "loginTheme,passwordPolicy");
        assert_eq!(Record::read(Some(&attributes)), record);
        let left = record.without(&Record::of(&SignIn { login_theme: None, ..sign_in }));
        assert!(left.has(Setting::LoginTheme) && !left.has(Setting::PasswordPolicy) && !left.has(Setting::Mfa));
        Record::default().write(&mut attributes);
        assert_eq!(attributes.len(), 1);
        assert_eq!(Record::read(Some(&attributes)), Record::default());
        assert_eq!(Record::read(None), Record::default());
    }
}
