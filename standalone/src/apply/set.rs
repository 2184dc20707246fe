//! Sets of paths: what a manager owns.

use std::collections::{BTreeMap, BTreeSet};

use super::path::{Path, PathElement};
use super::types::Type;

/// A set of paths. A place can be a member itself, have members below it, or both.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Set {
    pub(crate) members: BTreeSet<PathElement>,
    pub(crate) children: BTreeMap<PathElement, Set>,
}

impl Set {
    /// The set of the given fields, each a path of names.
    pub(crate) fn of_fields(paths: &[&[&str]]) -> Self {
        let mut set = Self::default();
        for path in paths {
            let path: Path = path.iter().map(|name| PathElement::field(name)).collect();
            set.insert(&path);
        }
        set
    }

    pub(crate) fn insert(&mut self, path: &[PathElement]) {
        match path {
            [] => {}
            [last] => {
                self.members.insert(last.clone());
            }
            [first, rest @ ..] => self.children.entry(first.clone()).or_default().insert(rest),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.members.is_empty() && self.children.values().all(Set::is_empty)
    }

    pub(crate) fn has(&self, path: &[PathElement]) -> bool {
        match path {
            [] => false,
            [last] => self.members.contains(last),
            [first, rest @ ..] => self.children.get(first).is_some_and(|set| set.has(rest)),
        }
    }

    pub(crate) fn union(&self, other: &Self) -> Self {
        let mut out = self.clone();
        out.members.extend(other.members.iter().cloned());
        for (element, set) in &other.children {
            let merged = match out.children.get(element) {
                Some(mine) => mine.union(set),
                None => set.clone(),
            };
            out.children.insert(element.clone(), merged);
        }
        out
    }

    pub(crate) fn intersection(&self, other: &Self) -> Self {
        Self {
            members: self.members.intersection(&other.members).cloned().collect(),
            children: self
                .children_that(|element, set| other.children.get(element).map(|theirs| set.intersection(theirs))),
        }
    }

    /// What is a member here and not there.
    pub(crate) fn difference(&self, other: &Self) -> Self {
        Self {
            members: self.members.difference(&other.members).cloned().collect(),
            children: self.children_that(|element, set| {
                Some(match other.children.get(element) {
                    Some(theirs) => set.difference(theirs),
                    None => set.clone(),
                })
            }),
        }
    }

    /// Like [`Self::difference`], and what is below a member there goes too.
    pub(crate) fn recursive_difference(&self, other: &Self) -> Self {
        Self {
            members: self.members.difference(&other.members).cloned().collect(),
            children: self.children_that(|element, set| {
                if other.members.contains(element) {
                    return None;
                }
                Some(match other.children.get(element) {
                    Some(theirs) => set.recursive_difference(theirs),
                    None => set.clone(),
                })
            }),
        }
    }

    fn children_that(&self, keep: impl Fn(&PathElement, &Set) -> Option<Set>) -> BTreeMap<PathElement, Set> {
        let kept = self.children.iter().filter_map(|(element, set)| {
            let set = keep(element, set)?;
            (!set.is_empty()).then(|| (element.clone(), set))
        });
        kept.collect()
    }

    /// What is below a place.
    pub(crate) fn below(&self, element: &PathElement) -> Option<&Self> {
        self.children.get(element).filter(|set| !set.is_empty())
    }

    /// Adds the named fields of structs on the way to members, which are not members as a rule.
    pub(crate) fn with_named_fields(&self, at: Type<'_>) -> Self {
        let atom = at.atom();
        let mut out = Self { members: self.members.clone(), children: BTreeMap::new() };
        for (element, set) in &self.children {
            let below = match (element, &atom.map, &atom.list) {
                (PathElement::Field(name), Some(map), _) => {
                    if map.names(name) {
                        out.members.insert(element.clone());
                    }
                    map.member(name)
                }
                (PathElement::Key(_), _, Some(list)) => Some(list.items()),
                _ => None,
            };
            let set = match below {
                Some(below) => set.with_named_fields(below),
                None => set.clone(),
            };
            out.children.insert(element.clone(), set);
        }
        out
    }

    /// Every member, members of a place before what is below it.
    pub(crate) fn paths(&self) -> Vec<Path> {
        let mut out = Vec::new();
        self.collect(&mut Vec::new(), &mut out);
        out
    }

    fn collect(&self, prefix: &mut Path, out: &mut Vec<Path>) {
        for member in &self.members {
            let mut path = prefix.clone();
            path.push(member.clone());
            out.push(path);
        }
        for (element, set) in &self.children {
            prefix.push(element.clone());
            set.collect(prefix, out);
            prefix.pop();
        }
    }
}
