use super::*;
use crate::fixture;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use plexica_crds::label::FINALIZER;
use proptest::prelude::*;

fn going(uid: u8) -> PluginInstall {
    let mut install = fixture::install("tenant-acme", "crm", "acme", "crm");
    install.metadata.uid = Some(format!("{uid:03}"));
    install.metadata.deletion_timestamp = Some(Time(Timestamp::UNIX_EPOCH));
    install.metadata.finalizers = Some(vec![FINALIZER.into()]);
    install
}

#[test]
fn one_that_stays_is_not_waited_for() {
    let mut stays = going(1);
    stays.metadata.deletion_timestamp = None;
    assert_eq!(waits_for(&going(5), &[stays.clone()]), None);
    assert_eq!(waits_for(&going(5), &[stays, going(2)]), Some(&going(2)));
}

#[test]
fn what_waits_for_somebody_elses_finalizer_has_left() {
    let mut install = going(1);
    assert!(!has_left(&install));
    install.metadata.finalizers = Some(vec!["example.com/theirs".into()]);
    assert!(has_left(&install));
    install.metadata.deletion_timestamp = None;
    assert!(!has_left(&install));
}

proptest! {
    /// However many go, and in whichever order, one goes when all others have.
    #[test]
    fn the_last_one_is_alone(mut uids in Just((0_u8..9).collect::<Vec<_>>()).prop_shuffle(), count in 1_usize..9) {
        uids.truncate(count);
        let mut here: Vec<_> = uids.into_iter().map(going).collect();
        let others = |here: &[PluginInstall], of: &PluginInstall| {
            here.iter().filter(|one| one.uid() != of.uid()).cloned().collect::<Vec<_>>()
        };
        while here.len() > 1 {
            let waiting = here.iter().filter(|one| waits_for(one, &others(&here, one)).is_some()).count();
            prop_assert_eq!(waiting, 1);
            let next = here.iter().position(|one| waits_for(one, &others(&here, one)).is_none());
            here.remove(next.expect("one that need not wait"));
        }
        prop_assert_eq!(waits_for(&here[0], &[]), None);
    }
}
