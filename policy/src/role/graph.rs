//! What each role comes to.

use std::collections::{BTreeMap, HashMap};

use super::Role;
use crate::{Grant, Permission, Scope};

/// Why roles do not fit together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RoleError {
    /// Two have one name.
    #[error("two roles are called {0:?}")]
    Twice(String),
    /// It takes from one that is not there.
    #[error("role {role:?} inherits {inherited:?}, which is not there")]
    Unknown {
        /// Which.
        role: String,
        /// From which.
        inherited: String,
    },
    /// It takes from itself, by way of these.
    #[error("roles inherit in a circle: {}", .0.join(" → "))]
    Cycle(Vec<String>),
}

/// A grant that a role has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effective {
    /// The role itself, and those by which it comes to the one that is given it.
    pub by: Vec<String>,
    /// What is given.
    pub grant: Grant,
}

/// Roles that fit together.
#[derive(Clone, Debug, Default)]
pub struct Roles(HashMap<String, Vec<Effective>>);

impl Roles {
    /// Of all roles of a tenant.
    ///
    /// # Errors
    /// When two have one name, one inherits what is not there, or some inherit in a circle.
    pub fn new(roles: &[Role]) -> Result<Self, RoleError> {
        let mut by_name = BTreeMap::new();
        for role in roles {
            if by_name.insert(role.name.as_str(), role).is_some() {
                return Err(RoleError::Twice(role.name.clone()));
            }
        }
        let mut done = HashMap::new();
        for role in roles {
            resolve(role, &by_name, &mut Vec::new(), &mut done)?;
        }
        Ok(Self(done))
    }

    /// What a role has, its own first; nothing if it is not there.
    pub fn effective(&self, role: &str) -> &[Effective] {
        self.0.get(role).map_or(&[], Vec::as_slice)
    }

    /// The widest scope in which one of these roles has the permission.
    pub fn gives<'a>(&self, roles: impl IntoIterator<Item = &'a str>, permission: &Permission) -> Option<Scope> {
        let grants = roles.into_iter().flat_map(|role| self.effective(role));
        grants.filter_map(|effective| effective.grant.gives(permission)).max()
    }

    /// The grants of these roles.
    pub fn grants<'a>(&'a self, roles: impl IntoIterator<Item = &'a str>) -> impl Iterator<Item = &'a Grant> {
        roles.into_iter().flat_map(|role| self.effective(role)).map(|effective| &effective.grant)
    }
}

fn resolve<'a>(
    role: &'a Role,
    roles: &BTreeMap<&'a str, &'a Role>,
    path: &mut Vec<&'a str>,
    done: &mut HashMap<String, Vec<Effective>>,
) -> Result<(), RoleError> {
    if done.contains_key(&role.name) {
        return Ok(());
    }
    if let Some(start) = path.iter().position(|name| *name == role.name) {
        let circle = path[start..].iter().copied().chain([role.name.as_str()]);
        return Err(RoleError::Cycle(circle.map(str::to_owned).collect()));
    }
    path.push(&role.name);
    let own = role.grants.iter().map(|grant| Effective { by: vec![role.name.clone()], grant: grant.clone() });
    let mut effective: Vec<_> = own.collect();
    for inherited in &role.inherits {
        let unknown = || RoleError::Unknown { role: role.name.clone(), inherited: inherited.clone() };
        resolve(roles.get(inherited.as_str()).ok_or_else(unknown)?, roles, path, done)?;
        for Effective { by, grant } in done.get(inherited).into_iter().flatten() {
            // What is had already by a shorter way is not had again by each other one.
            if !effective.iter().any(|had: &Effective| had.grant == *grant) {
                let by = [&role.name].into_iter().chain(by).cloned().collect();
                effective.push(Effective { by, grant: grant.clone() });
            }
        }
    }
    path.pop();
    done.insert(role.name.clone(), effective);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(name: &str, grants: &[&str], inherits: &[&str]) -> Role {
        Role {
            name: name.into(),
            grants: grants.iter().map(|grant| grant.parse().unwrap()).collect(),
            inherits: inherits.iter().map(|name| (*name).into()).collect(),
        }
    }

    #[test]
    fn the_widest_scope_counts() {
        let roles = [
            role("admin", &["users:*"], &["member"]),
            role("member", &["users:read:own", "crm:contacts:read:team"], &["guest"]),
            role("guest", &["crm:contacts:read:own"], &[]),
        ];
        let roles = Roles::new(&roles).unwrap();
        let gives = |names: &[&str], permission: &str| roles.gives(names.iter().copied(), &permission.parse().unwrap());
        assert_eq!(gives(&["admin"], "users:read"), Some(Scope::All));
        assert_eq!(gives(&["member"], "users:read"), Some(Scope::Own));
        assert_eq!(gives(&["guest", "member"], "crm:contacts:read"), Some(Scope::Team));
        assert_eq!(gives(&["guest"], "users:read"), None);
        assert_eq!(gives(&["nobody"], "users:read"), None);
    }

    #[test]
    fn a_grant_says_by_which_roles_it_comes() {
        let roles = [role("a", &[], &["b"]), role("b", &[], &["c"]), role("c", &["users:read"], &[])];
        let roles = Roles::new(&roles).unwrap();
        let [only] = roles.effective("a") else { panic!() };
        assert_eq!(only.by, ["a", "b", "c"]);
    }

    #[test]
    fn many_ways_to_one_grant_are_one() {
        // Each level twice: 2^20 ways.
        let name = |level: usize, side: &str| format!("{side}{level}");
        let mut all = vec![role("end", &["users:read"], &[])];
        for level in (0..20).rev() {
            let below =
                if level == 19 { ["end".into(), "end".into()] } else { [name(level + 1, "l"), name(level + 1, "r")] };
            for side in ["l", "r"] {
                all.push(role(&name(level, side), &[], &below.each_ref().map(String::as_str)));
            }
        }
        assert_eq!(Roles::new(&all).unwrap().effective("l0").len(), 1);
    }

    #[test]
    fn what_does_not_fit_says_why() {
        let unknown = RoleError::Unknown { role: "a".into(), inherited: "b".into() };
        assert_eq!(Roles::new(&[role("a", &[], &["b"])]).unwrap_err(), unknown);
        assert_eq!(Roles::new(&[role("a", &[], &[]), role("a", &[], &[])]).unwrap_err(), RoleError::Twice("a".into()));
        let circle = [role("x", &[], &["a"]), role("a", &[], &["b"]), role("b", &[], &["c"]), role("c", &[], &["a"])];
        let error = Roles::new(&circle).unwrap_err();
        assert_eq!(error.to_string(), "roles inherit in a circle: a → b → c → a");
        assert!(matches!(Roles::new(&[role("a", &[], &["a"])]).unwrap_err(), RoleError::Cycle(_)));
    }
}
