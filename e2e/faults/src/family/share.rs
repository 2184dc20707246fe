//! A share of what there is to try: the whole takes hours, and can be done in parts.

use std::{
    fmt::Debug,
    hash::{DefaultHasher, Hash, Hasher},
    str::FromStr,
};

/// One of so many parts, from 1: `2/3`. Which one a point is in follows from the point alone, so that parts
/// that are tried on different days are the whole together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    nth: u64,
    of: u64,
}

impl Default for Share {
    fn default() -> Self {
        Self { nth: 1, of: 1 }
    }
}

impl Share {
    /// Those that are in it.
    pub fn of<P: Debug>(self, mut points: Vec<P>) -> Vec<P> {
        points.retain(|point| self.has(point));
        points
    }

    /// Whether that is in it.
    pub fn has(self, point: &impl Debug) -> bool {
        let mut hasher = DefaultHasher::new();
        format!("{point:?}").hash(&mut hasher);
        hasher.finish() % self.of == self.nth - 1
    }
}

impl FromStr for Share {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let numbers = text.split_once('/').and_then(|(nth, of)| Some((nth.parse().ok()?, of.parse().ok()?)));
        match numbers {
            Some((nth, of)) if 0 < nth && nth <= of => Ok(Self { nth, of }),
            _ => Err("write 1/3 for the first of three parts".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_the_whole() {
        let shares = ["1/3", "2/3", "3/3"].map(|text| text.parse::<Share>().unwrap());
        let mut sizes = [0; 3];
        for point in 0..300 {
            let has = shares.map(|share| share.has(&point));
            assert_eq!(has.into_iter().filter(|has| *has).count(), 1, "{point}");
            sizes = std::array::from_fn(|nth| sizes[nth] + usize::from(has[nth]));
        }
        assert!(sizes.iter().all(|size| *size > 60), "{sizes:?}");
        assert!(Share::default().has(&0));
        for bad in ["0/3", "4/3", "3", "a/b", "1/0"] {
            assert!(bad.parse::<Share>().is_err(), "{bad}");
        }
    }
}
