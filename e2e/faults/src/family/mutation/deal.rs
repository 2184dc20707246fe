//! Which changes are made, in which order: all of them, before any comes again.

use rand::{rngs::StdRng, seq::SliceRandom};

/// Deals a deck out to so many hands of that length, shuffled anew whenever it is used up.
pub fn deal<T: Clone>(deck: &[T], hands: usize, length: usize, random: &mut StdRng) -> Vec<Vec<T>> {
    let mut left = Vec::new();
    let mut next = || {
        if left.is_empty() {
            left = deck.to_vec();
            left.shuffle(random);
        }
        left.pop()
    };
    (0..hands).map(|_| (0..length).filter_map(|_| next()).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn each_comes_before_any_comes_again() {
        let deck: Vec<u32> = (0..10).collect();
        let hands = deal(&deck, 3, 4, &mut StdRng::seed_from_u64(7));
        assert!(hands.iter().all(|hand| hand.len() == 4));
        let mut first: Vec<u32> = hands.concat().into_iter().take(10).collect();
        first.sort_unstable();
        assert_eq!(first, deck);
        assert!(deal::<u32>(&[], 2, 4, &mut StdRng::seed_from_u64(7)).concat().is_empty());
    }
}
