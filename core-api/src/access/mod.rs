//! Who may call. Each handler's first argument is one of these types, and being extracted is what
//! proves it.

mod any_user;
mod overseer;
mod plugin_credential;
mod public;
mod super_admin;
mod tenant_admin;
mod user;

pub use any_user::AnyUser;
pub use overseer::Overseer;
pub use plugin_credential::PluginCredential;
pub use public::Public;
pub use super_admin::SuperAdmin;
pub use tenant_admin::TenantAdmin;
pub use user::User;

/// A type whose extraction decides who may call.
pub trait Authorization {}

impl Authorization for AnyUser {}
impl Authorization for SuperAdmin {}
impl Authorization for TenantAdmin {}
impl Authorization for Overseer {}
impl Authorization for PluginCredential {}
impl Authorization for Public {}

/// The arguments of a handler whose first is an [`Authorization`]. (Axum passes them as a tuple
/// behind a marker of its own.)
pub trait Guarded {}

macro_rules! guarded {
    ($($argument:ident)*) => {
        impl<Marker, First: Authorization, $($argument),*> Guarded for (Marker, First, $($argument,)*) {}
    };
}
guarded!();
guarded!(A);
guarded!(A B);
guarded!(A B C);
guarded!(A B C D);
