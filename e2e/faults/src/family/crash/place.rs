//! Where operators are to die.

use std::{collections::BTreeMap, fmt};

use rand::{Rng, seq::SliceRandom};

use crate::{
    proxy::{At, Call},
    story::{Order, Step},
};

/// The one that follows is killed at one of so many writes: more are seldom left to it.
const LEFT: usize = 6;
/// In one of so many places.
const TWICE: usize = Order::ALL.len();

/// A write at which an operator dies.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Death {
    /// Which.
    pub at: At,
    /// Whether it is done.
    pub after: bool,
}

impl fmt::Display for Death {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", if self.after { "after" } else { "before" }, self.at)
    }
}

/// Where operators die while a step is done, with resources applied in that order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// In which order.
    pub order: Order,
    /// In which step.
    pub step: Step,
    /// Where the operator dies.
    pub first: Death,
    /// Where the one that follows it dies, if that comes to it: nobody knows how much is left to do.
    pub second: Option<Death>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { order, step, first, second } = self;
        write!(f, "{step:?} {order:?} {first}")?;
        second.as_ref().map_or(Ok(()), |second| write!(f, ", then {second}"))
    }
}

/// Before and after each of these writes of a step; and of each third once more with a second death.
pub fn places(order: Order, step: Step, calls: &[Call]) -> Vec<Place> {
    let which = Order::ALL.iter().position(|one| *one == order).unwrap_or_default();
    let mut places = Vec::new();
    for (nth, at) in At::each(calls.iter().filter(|call| call.writes)).into_iter().enumerate() {
        for after in [false, true] {
            let first = Death { at: at.clone(), after };
            places.push(Place { order, step, first: first.clone(), second: None });
            if (nth + usize::from(after)) % TWICE == which {
                let second = Death { at: At::Any(nth % LEFT), after: (nth / LEFT).is_multiple_of(2) };
                places.push(Place { order, step, first, second: Some(second) });
            }
        }
    }
    places
}

/// Deals them out to as few lives as can be, each with one place in a step.
pub fn deal(mut places: Vec<Place>, random: &mut impl Rng) -> Vec<Vec<Place>> {
    places.shuffle(random);
    let (mut lives, mut dealt) = (BTreeMap::<_, Vec<Place>>::new(), BTreeMap::<_, usize>::new());
    for place in places {
        let nth = dealt.entry((place.order, place.step)).or_default();
        *nth += 1;
        lives.entry((*nth, place.order)).or_default().push(place);
    }
    lives.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proxy::System;
    use rand::{SeedableRng, rngs::StdRng};
    use std::collections::BTreeSet;

    #[test]
    fn each_write_has_its_deaths_and_a_step_of_a_life_one_of_them() {
        let call = |what: &str| Call { system: System::S3, what: what.into(), writes: what.starts_with("PUT") };
        let calls = ["PUT /one", "GET /one", "PUT /one", "PUT /two"].map(call);
        let mut all = Vec::new();
        for order in Order::ALL {
            all.extend(places(order, Step::Create, &calls));
            all.extend(places(order, Step::Leave, &calls[..1]));
        }
        let single = all.iter().filter(|place| place.second.is_none()).count();
        assert_eq!((single, all.len() - single), (3 * (6 + 2), 6 + 2), "and each of them in one order with a second");
        let lives = deal(all.clone(), &mut StdRng::seed_from_u64(1));
        for life in &lives {
            let steps = life.iter().map(|place| place.step).collect::<BTreeSet<_>>();
            assert_eq!(steps.len(), life.len(), "{life:?}");
            assert!(life.iter().all(|place| place.order == life[0].order));
        }
        let mut dealt = lives.concat();
        dealt.sort();
        all.sort();
        assert_eq!(dealt, all);
        let most = all.iter().filter(|place| (place.order, place.step) == (Order::Forwards, Step::Create)).count();
        assert_eq!(lives.iter().filter(|life| life[0].order == Order::Forwards).count(), most, "as few as can be");
    }
}
