//! The schema and role that a dump is restored into.

use plexica_crds::tenant::AdoptionPolicy;

use crate::Result;
use crate::ownership::Mark;
use crate::postgres::failure::failure;
use crate::postgres::provisioner::run;
use crate::postgres::space::{self, Space};
use crate::postgres::{CORE_API, Provisioner};

/// What there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// A schema with nothing in it.
    Empty,
    /// One with something in it, of the same owner: an earlier attempt went as far.
    Full,
}

/// Makes a tenant's schema and role (`of_plugin`: of one of its plugins) with the mark of an owner that
/// is gone, so that its next namesake takes them back.
///
/// # Errors
/// [`Conflict`](crate::Kind::Conflict) or [`AdoptionRefused`](crate::Kind::AdoptionRefused) when what
/// has the name is not that owner's.
pub async fn room(provisioner: &Provisioner, name: &str, of_plugin: bool, mark: &Mark) -> Result<Room> {
    let (privileges, member): (&'static [&'static str], _) =
        if of_plugin { (&["CREATE", "USAGE"], None) } else { (&["USAGE"], Some(CORE_API)) };
    let space = Space { name: name.to_owned(), privileges, member, mark, adoption: AdoptionPolicy::Never };
    let doing = format!("set up schema {name}");
    let mut transaction = provisioner.begin(name).await?;
    let plan = space::plan(&space, &space::observe(&mut transaction, name).await?)?;
    run(&mut transaction, &doing, &plan.statements).await?;
    let query =
        "SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1)";
    let full: bool =
        sqlx::query_scalar(query).bind(name).fetch_one(&mut *transaction).await.map_err(failure(&doing))?;
    transaction.commit().await.map_err(failure(&doing))?;
    Ok(if full { Room::Full } else { Room::Empty })
}
