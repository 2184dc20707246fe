//! Who may call a route: the first argument of every handler.

use std::marker::PhantomData;

use axum::extract::FromRequestParts;
use http::request::Parts;

use crate::{Declaration, Error, Permission, User, caller};

/// What a route asks of its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// A signed-in user of the tenant who has this permission.
    Permission(Declaration),
    /// Any signed-in user of the tenant.
    SignedIn,
    /// Anybody who reaches the plugin, without a token and so without a tenant.
    Public,
}

/// An extractor that lets a request pass or not. [`Allowed`], [`SignedIn`] and [`Public`] are the
/// usual ones; one of your own may decide on more than a permission.
pub trait Guard {
    /// For the list of routes and the manifest.
    const ACCESS: Access;
}

/// Lets users with the permission `P` pass: 401 without a valid token, 403 without the permission.
#[derive(Clone, Copy, Debug)]
pub struct Allowed<P>(PhantomData<P>);

/// Lets every signed-in user of the tenant pass.
#[derive(Clone, Copy, Debug)]
pub struct SignedIn;

/// Lets everybody pass. There is no tenant then: what it serves is the same for all.
#[derive(Clone, Copy, Debug)]
pub struct Public;

impl<P: Permission> Guard for Allowed<P> {
    const ACCESS: Access = Access::Permission(P::DECLARATION);
}

impl Guard for SignedIn {
    const ACCESS: Access = Access::SignedIn;
}

impl Guard for Public {
    const ACCESS: Access = Access::Public;
}

impl<S: Sync, P: Permission> FromRequestParts<S> for Allowed<P> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        let user: User = caller::authenticate(parts).await?.user.clone();
        if user.may::<P>() {
            Ok(Self(PhantomData))
        } else {
            Err(Error::forbidden(format!("This needs the permission {}.", P::DECLARATION.key)))
        }
    }
}

impl<S: Sync> FromRequestParts<S> for SignedIn {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        caller::authenticate(parts).await.map(|_| Self)
    }
}

impl<S: Sync> FromRequestParts<S> for Public {
    type Rejection = Error;

    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, Error> {
        Ok(Self)
    }
}

/// The arguments of a handler, when the first of them is a [`Guard`]. A handler without one is no
/// route: that is checked by the compiler, so none is open by oversight.
#[diagnostic::on_unimplemented(
    message = "this handler has no guard",
    label = "its first argument must say who may call it",
    note = "take `_: Allowed<SomePermission>`, `_: SignedIn` or, for everybody, `_: Public` as the first argument"
)]
pub trait Guarded {
    /// What the guard asks.
    const ACCESS: Access;
}

macro_rules! guarded {
    ($($other:ident),*) => {
        // `M` is axum's marker of how the last argument is extracted.
        impl<M, G: Guard, $($other),*> Guarded for (M, G, $($other,)*) {
            const ACCESS: Access = G::ACCESS;
        }
    };
}

guarded!();
guarded!(A2);
guarded!(A2, A3);
guarded!(A2, A3, A4);
guarded!(A2, A3, A4, A5);
guarded!(A2, A3, A4, A5, A6);
guarded!(A2, A3, A4, A5, A6, A7);
guarded!(A2, A3, A4, A5, A6, A7, A8);
