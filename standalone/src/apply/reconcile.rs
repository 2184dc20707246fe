//! Ownership after a change of the schema: what became one value is owned as one.

use super::path::{Path, PathElement};
use super::set::Set;
use super::types::{Items, Type};

/// The set with members below atomic lists and maps replaced by the list or map itself.
pub(crate) fn reconcile(at: Type<'_>, set: &Set) -> Set {
    let mut walker = Walker::default();
    walker.node(at, Some(set), false);
    if walker.whole.is_empty() {
        return set.clone();
    }
    set.recursive_difference(&walker.whole).union(&walker.whole)
}

#[derive(Default)]
struct Walker {
    path: Path,
    whole: Set,
}

impl Walker {
    /// `leaf` says that the place is a member and nothing below it is.
    fn node(&mut self, at: Type<'_>, set: Option<&Set>, leaf: bool) {
        let atom = at.atom();
        if let Some(map) = atom.map {
            if map.is_unknown() {
                return;
            }
            if map.atomic && !leaf {
                if set.is_some_and(|set| !set.is_empty()) {
                    self.whole.insert(&self.path);
                }
                return;
            }
            self.below(set, |element| match element {
                PathElement::Field(name) => map.member(name),
                _ => None,
            });
        } else if atom.scalar.is_none()
            && let Some(list) = atom.list
        {
            if list.by == Items::Atomic && !leaf {
                self.whole.insert(&self.path);
                return;
            }
            self.below(set, |_| Some(list.items()));
        }
    }

    fn below<'a>(&mut self, set: Option<&Set>, of: impl Fn(&PathElement) -> Option<Type<'a>>) {
        let Some(set) = set else { return };
        let only_children = set.children.keys().filter(|child| !set.members.contains(*child));
        for element in only_children.chain(&set.members) {
            let Some(at) = of(element) else { continue };
            let children = set.children.get(element);
            let leaf = set.members.contains(element) && children.is_none();
            self.path.push(element.clone());
            self.node(at, children, leaf);
            self.path.pop();
        }
    }
}
