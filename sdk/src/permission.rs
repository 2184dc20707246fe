//! Permissions as types, so that a handler names what it needs in its signature.

use plexica_contract::manifest::PermissionDeclaration;

/// A permission that the plugin defines. Declare them with [`permissions!`](crate::permissions).
pub trait Permission: Send + Sync + 'static {
    /// What the manifest says about it.
    const DECLARATION: Declaration;
}

/// A [`PermissionDeclaration`] known at compile time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Declaration {
    /// `<plugin id>:<resource>:<action>`.
    pub key: &'static str,
    /// Name for people.
    pub name: &'static str,
    /// Roles of the tenant that have it from the start.
    pub default_roles: &'static [&'static str],
}

impl From<Declaration> for PermissionDeclaration {
    fn from(declaration: Declaration) -> Self {
        Self {
            key: declaration.key.to_owned(),
            name: declaration.name.to_owned(),
            default_roles: declaration.default_roles.iter().map(|&role| role.to_owned()).collect(),
        }
    }
}

/// Declares permissions: a type, its key, its name for people, and the roles of a tenant that have
/// it from the start. What a route asks for is in the manifest by itself.
///
/// ```
/// plexica_sdk::permissions! {
///     /// May see greetings.
///     pub GreetingsRead = "hello:greetings:read", "Read greetings", ["user", "admin"];
/// }
/// # use plexica_sdk::Permission;
/// assert_eq!(GreetingsRead::DECLARATION.key, "hello:greetings:read");
/// ```
#[macro_export]
macro_rules! permissions {
    ($($(#[$meta:meta])* $vis:vis $name:ident = $key:literal, $label:literal, [$($role:literal),* $(,)?];)*) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug)]
        $vis struct $name;

        impl $crate::Permission for $name {
            const DECLARATION: $crate::Declaration =
                $crate::Declaration { key: $key, name: $label, default_roles: &[$($role),*] };
        }
    )*};
}
