use super::*;
use proptest::prelude::*;

/// What one reconcile sets, in this order.
type Sets = Vec<(ConditionType, &'static str, String)>;

fn sets() -> impl Strategy<Value = Sets> {
    let kind = proptest::sample::select(ORDER.to_vec());
    let status = proptest::sample::select(vec!["True", "False", "Unknown"]);
    proptest::collection::vec((kind, status, "[ab]"), 0..12)
}

fn reconcile(last: &[Condition], sets: &Sets, generation: i64, now: Timestamp) -> Vec<Condition> {
    let mut conditions = Conditions::new(last, Some(generation), now);
    for (kind, status, message) in sets {
        match *status {
            "True" => conditions.set_true(*kind, Reason::Provisioned, message),
            "False" => conditions.set_false(*kind, Reason::Pending, message),
            _ => conditions.set_unknown(*kind, Reason::Progressing, message),
        }
    }
    conditions.finish()
}

proptest! {
    /// Over any number of reconciles.
    #[test]
    fn order_content_and_times_hold(reconciles in proptest::collection::vec(sets(), 1..6)) {
        let mut last: Vec<Condition> = Vec::new();
        for (second, sets) in (1..).zip(&reconciles) {
            let now = Timestamp::from_second(second).unwrap_or_default();
            let next = reconcile(&last, sets, second, now);

            // The fixed order, each once, Ready in front if it is there at all.
            let place = |condition: &Condition| ORDER.iter().position(|kind| kind.as_str() == condition.type_);
            prop_assert!(next.windows(2).all(|pair| place(&pair[0]) < place(&pair[1])), "{next:?}");
            prop_assert_eq!(ORDER[0], ConditionType::Ready);

            // Exactly what was set, as it was set last.
            for kind in ORDER {
                let set = sets.iter().rev().find(|(set, ..)| *set == kind);
                let found = next.iter().find(|condition| condition.type_ == kind.as_str());
                prop_assert_eq!(
                    found.map(|found| (found.status.as_str(), found.message.as_str())),
                    set.map(|(_, status, message)| (*status, message.as_str()))
                );
            }

            // The time moves exactly when the status does.
            for condition in &next {
                let before = last.iter().find(|before| before.type_ == condition.type_);
                let same = before.filter(|before| before.status == condition.status);
                let since = same.map_or(Time(now), |before| before.last_transition_time.clone());
                prop_assert_eq!(&condition.last_transition_time, &since);
                prop_assert_eq!(condition.observed_generation, Some(second));
            }

            // The same again writes nothing, however late.
            prop_assert_eq!(&reconcile(&next, sets, second, Timestamp::MAX), &next);
            last = next;
        }
    }
}
