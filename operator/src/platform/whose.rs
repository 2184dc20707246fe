//! Whose installation it is that stands in the platform's database: what all tenants share is not another
//! cluster's to change.

use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// A database that has not answered for so long is as one that is down.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is known of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Known {
    /// It has not been asked.
    #[default]
    Unasked,
    /// It cannot be asked: then nothing can be changed there either.
    Unreachable,
    Ours,
    Anothers,
}

/// Whose it is, as soon as somebody has looked.
#[derive(Debug, Default)]
pub struct Whose(watch::Sender<Known>);

impl Whose {
    /// What came of looking: whether it is another's, or nothing if it could not be asked.
    pub fn looked(&self, is_anothers: Option<bool>) {
        self.0.send_replace(match is_anothers {
            None => Known::Unreachable,
            Some(false) => Known::Ours,
            Some(true) => Known::Anothers,
        });
    }

    /// Does the work once it is known not to be another's; if that turns out to be so, the term ends.
    pub async fn while_ours(&self, term: &CancellationToken, work: impl Future<Output = ()>) {
        let mut known = self.0.subscribe();
        let asked = tokio::time::timeout(PATIENCE, async {
            let _ = known.wait_for(|known| *known != Known::Unasked).await;
        });
        if term.run_until_cancelled(asked).await.is_none() {
            return;
        }
        // An error means that nobody looks any more, which ends the term as well.
        let may = known.wait_for(|known| *known != Known::Anothers);
        if !matches!(term.run_until_cancelled(may).await, Some(Ok(_))) {
            return;
        }
        let ends = async {
            if known.wait_for(|known| *known == Known::Anothers).await.is_ok() {
                tracing::error!("the installation is another's: nothing more is done here");
                term.cancel();
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = work => {}
            () = ends => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn works(whose: &Whose, then: impl Future<Output = ()>) -> (bool, bool) {
        let (term, begun, ended) = (CancellationToken::new(), CancellationToken::new(), CancellationToken::new());
        let work = whose.while_ours(&term, async {
            begun.cancel();
            term.cancelled().await;
            ended.cancel();
        });
        tokio::select! {
            () = work => {}
            () = then => {}
        }
        (begun.is_cancelled(), ended.is_cancelled())
    }

    async fn others_have_had_their_turn() {
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn nothing_is_done_about_what_is_anothers() {
        for (is_anothers, begins) in [(Some(true), false), (Some(false), true), (None, true)] {
            let whose = Whose::default();
            whose.looked(is_anothers);
            assert_eq!(works(&whose, others_have_had_their_turn()).await, (begins, false), "{is_anothers:?}");
        }
        assert_eq!(works(&Whose::default(), others_have_had_their_turn()).await, (false, false), "it is asked first");
    }

    #[tokio::test]
    async fn what_turns_out_to_be_anothers_is_left() {
        let whose = Whose::default();
        whose.looked(None);
        let later = async {
            others_have_had_their_turn().await;
            whose.looked(Some(true));
            std::future::pending::<()>().await;
        };
        assert_eq!(works(&whose, later).await, (true, true));
    }
}
