//! What there is of a tenant after each step of a life that nothing disturbs: in the end a disturbed one has the same.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde_json::Value;
use tokio::sync::OnceCell;

use super::Row;
use crate::{
    check,
    proxy::{Call, Plan},
    story::{Order, STEPS, Step},
    world::{Case, Violation, World, fails},
};

/// What is as it was so long ago has come to rest.
const REST: Duration = Duration::from_secs(1);

/// What a step is while nothing disturbs it.
#[derive(Clone, Debug, Default)]
pub struct Peace {
    /// What is called.
    pub calls: Vec<Call>,
    /// How long it takes.
    pub took: Duration,
}

/// Lives in peace, for all families. In which order resources were applied makes no difference to what they come to.
#[derive(Debug, Default)]
pub struct InPeace {
    /// What there was, by the steps until then.
    seen: Mutex<BTreeMap<Vec<Step>, Value>>,
    /// Lives that are led, or have been.
    led: Mutex<BTreeMap<Vec<Step>, Arc<OnceCell<()>>>>,
    /// What each step of a whole life was, by the order of its resources.
    recorded: Mutex<BTreeMap<Order, [Peace; STEPS]>>,
}

impl InPeace {
    /// Keeps what there is after these steps in peace, or compares it with what was kept before.
    ///
    /// # Errors
    /// What does not come to rest, or differs.
    pub async fn keep(&self, world: &World, case: &Case, steps: &[Step]) -> Result<(), Violation> {
        if self.after(steps).is_some() {
            return self.compare(world, case, steps).await;
        }
        let seen = world
            .converges(&format!("{} is at rest", case.slug), async || {
                let before = check::snapshot(world, case).await;
                tokio::time::sleep(REST).await;
                let now = check::snapshot(world, case).await;
                let differ = check::differences(&before, &now);
                if differ.is_empty() { Ok(now) } else { Err(differ.join("; ")) }
            })
            .await?;
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).entry(steps.to_vec()).or_insert(seen);
        Ok(())
    }

    /// Waits until a tenant has what one had in peace after the same steps. No operator that takes for done what was
    /// not comes to it: by itself it looks again only later than is waited for here.
    ///
    /// # Errors
    /// What differs.
    pub async fn compare(&self, world: &World, case: &Case, steps: &[Step]) -> Result<(), Violation> {
        let Some(in_peace) = self.after(steps) else {
            return fails(format!("nobody has come through {steps:?} in peace"));
        };
        world
            .converges(&format!("{} has what one has in peace", case.slug), async || {
                let differ = check::differences(&in_peace, &check::snapshot(world, case).await);
                if differ.is_empty() { Ok(()) } else { Err(format!("in peace, and now: {}", differ.join("; "))) }
            })
            .await
    }

    /// Leads that life in peace, if nobody has.
    pub async fn lead(&self, world: &World, life: &[Step], row: &mut Row) {
        let until = |steps| life.get(..steps).unwrap_or_default();
        if (1..=life.len()).all(|steps| self.after(until(steps)).is_some()) {
            return;
        }
        let led = self.led.lock().unwrap_or_else(PoisonError::into_inner).entry(life.to_vec()).or_default().clone();
        led.get_or_init(async || {
            world.script.set(Plan::Clean);
            let case = world.case();
            for (nth, step) in life.iter().enumerate() {
                step.ask(world, &case, Order::Forwards).await;
                let done = match step.done(world, &case).await {
                    Ok(()) => self.keep(world, &case, until(nth + 1)).await,
                    done => done,
                };
                if !row.note(format!("{step:?} in peace"), done) {
                    break;
                }
            }
        })
        .await;
    }

    /// What the steps of a whole life were, if one was led in this order.
    pub fn recorded(&self, order: Order) -> Option<[Peace; STEPS]> {
        self.recorded.lock().unwrap_or_else(PoisonError::into_inner).get(&order).cloned()
    }

    /// Keeps what they were.
    pub fn record(&self, order: Order, steps: [Peace; STEPS]) {
        self.recorded.lock().unwrap_or_else(PoisonError::into_inner).insert(order, steps);
    }

    fn after(&self, steps: &[Step]) -> Option<Value> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).get(steps).cloned()
    }
}

/// A life up to that step.
pub fn until(life: &[Step], step: Step) -> &[Step] {
    let steps = life.iter().take_while(|one| **one <= step).count();
    life.get(..steps).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_compared_is_known_by_the_steps_until_then() {
        use Step::{Create, Isolate, Remove, Rotate, Upgrade};
        let life = [Create, Upgrade, Isolate, Remove];
        assert_eq!(until(&life, Create), [Create]);
        assert_eq!(until(&life, Isolate), [Create, Upgrade, Isolate]);
        assert_eq!(until(&life, Remove), life);
        let peace = InPeace::default();
        peace.seen.lock().unwrap().insert(until(&life, Isolate).to_vec(), Value::Null);
        assert!(peace.after(&[Create, Upgrade, Isolate]).is_some());
        assert!(peace.after(&[Create, Upgrade, Rotate, Isolate]).is_none());
    }
}
