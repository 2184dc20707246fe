//! From nothing to a bucket and back.

use aws_sdk_s3::types::{Tag, Tagging};
use plexica_backends::ownership::{Found, Mark};
use plexica_backends::postgres::intent::Intents;
use plexica_backends::postgres::{Placement, Provisioner};
use plexica_backends::s3::bucket::{self, Desired};
use plexica_backends::{Kind, Retired, Secret, System};
use plexica_crds::tenant::AdoptionPolicy;
use plexica_crds::tenant::DeletionPolicy::{Delete, Retain};

use crate::on_stores;
use crate::world::{World, put, read};

on_stores! {
    a_bucket_is_made_kept_taken_back_and_removed
    a_foreign_bucket_is_not_touched
    what_was_interrupted_is_completed
    two_at_once_make_one_bucket
    tags_of_others_stay
    nothing_is_retired_twice
    whose_a_bucket_is_is_known_while_intents_cannot_be_read
}

async fn a_bucket_is_made_kept_taken_back_and_removed(world: World) {
    let first = World::desired("1");
    let made = world.ensure(&first).await.unwrap();
    let bucket = &first.bucket;
    assert_eq!(made.to_string(), format!("created bucket {bucket}, marked bucket {bucket}"));
    assert!(world.ensure(&first).await.unwrap().is_empty());
    assert_eq!(world.intents.find(bucket).await.unwrap(), None);
    put(&world.root(), bucket, "a/b", "kept").await;

    assert_eq!(bucket::retire(&world.store, &world.intents, &first, Retain).await.unwrap(), Retired::Kept);
    assert_eq!(bucket::retire(&world.store, &world.intents, &first, Retain).await.unwrap(), Retired::Kept);
    let second = Desired { mark: Mark { uid: "2".into(), ..first.mark.clone() }, ..first.clone() };
    let never = Desired { adoption: AdoptionPolicy::Never, ..second.clone() };
    assert_eq!(world.ensure(&never).await.unwrap_err().kind, Kind::AdoptionRefused);
    assert_eq!(world.ensure(&second).await.unwrap().to_string(), format!("took back bucket {bucket}"));
    assert!(world.ensure(&second).await.unwrap().is_empty());
    assert_eq!(bucket::retire(&world.store, &world.intents, &first, Delete).await.unwrap(), Retired::Foreign);
    assert_eq!(read(&world.root(), bucket, "a/b").await, "kept");

    for key in ["x", "y/z", "ä ö+&?"] {
        put(&world.root(), bucket, key, "x").await;
    }
    assert_eq!(bucket::retire(&world.store, &world.intents, &second, Delete).await.unwrap(), Retired::Removed);
    assert_eq!(bucket::retire(&world.store, &world.intents, &second, Delete).await.unwrap(), Retired::Gone);
    assert!(world.root().head_bucket().bucket(bucket).send().await.is_err());
}

async fn a_foreign_bucket_is_not_touched(world: World) {
    let desired = World::desired("1");
    world.root().create_bucket().bucket(&desired.bucket).send().await.unwrap();
    let refuse = |what: &'static str| {
        let (world, desired) = (&world, &desired);
        async move {
            assert_eq!(world.ensure(desired).await.unwrap_err().kind, Kind::Conflict, "{what}");
            for policy in [Retain, Delete] {
                let retired = bucket::retire(&world.store, &world.intents, desired, policy).await.unwrap();
                assert_eq!(retired, Retired::Foreign, "{what}");
            }
        }
    };
    refuse("no mark").await;
    tag(&world, &desired.bucket, &[("team", "theirs")]).await;
    refuse("others' tags").await;
    let foreign = Mark { installation: "staging".into(), ..desired.mark.clone() }.stamp();
    let pairs = foreign.to_pairs();
    tag(&world, &desired.bucket, &pairs.iter().map(|(key, value)| (*key, value.as_str())).collect::<Vec<_>>()).await;
    refuse("another installation's").await;
    // An intent alone does not make a bucket with something in it ours.
    tag(&world, &desired.bucket, &[("team", "theirs")]).await;
    world.intents.record(&desired.bucket, &desired.mark).await.unwrap();
    put(&world.root(), &desired.bucket, "theirs", "theirs").await;
    refuse("not empty").await;
    assert_eq!(read(&world.root(), &desired.bucket, "theirs").await, "theirs");
}

async fn what_was_interrupted_is_completed(world: World) {
    // After the intent.
    let first = World::desired("1");
    world.intents.record(&first.bucket, &first.mark).await.unwrap();
    assert_eq!(world.ensure(&first).await.unwrap().iter().count(), 2);
    // After the creation; by another uid, as after a restore.
    let second = World::desired("1");
    let earlier = Mark { uid: "0".into(), ..second.mark.clone() };
    world.intents.record(&second.bucket, &earlier).await.unwrap();
    world.root().create_bucket().bucket(&second.bucket).send().await.unwrap();
    assert_eq!(world.ensure(&second).await.unwrap().to_string(), format!("marked bucket {}", second.bucket));
    // After the creation, and deleted instead of completed.
    let third = World::desired("1");
    world.intents.record(&third.bucket, &third.mark).await.unwrap();
    world.root().create_bucket().bucket(&third.bucket).send().await.unwrap();
    assert_eq!(bucket::retire(&world.store, &world.intents, &third, Delete).await.unwrap(), Retired::Removed);
    assert_eq!(world.intents.find(&third.bucket).await.unwrap(), None);
    // After the tags.
    let marked = World::desired("1");
    let _made = world.ensure(&marked).await.unwrap();
    world.intents.record(&marked.bucket, &marked.mark).await.unwrap();
    let forgot = format!("forgot the intent to create bucket {}", marked.bucket);
    assert_eq!(world.ensure(&marked).await.unwrap().to_string(), forgot);
    assert_eq!(world.intents.find(&marked.bucket).await.unwrap(), None);
    assert!(world.ensure(&marked).await.unwrap().is_empty());
    // After the intent, and deleted.
    let fourth = World::desired("1");
    world.intents.record(&fourth.bucket, &fourth.mark).await.unwrap();
    assert_eq!(bucket::retire(&world.store, &world.intents, &fourth, Delete).await.unwrap(), Retired::Gone);
    assert_eq!(world.intents.find(&fourth.bucket).await.unwrap(), None);
}

async fn two_at_once_make_one_bucket(world: World) {
    let desired = World::desired("1");
    let observed = bucket::observe(&world.store, &world.intents, &desired).await.unwrap();
    let ensure = || bucket::ensure(&world.store, &world.intents, &desired, &observed);
    let (one, two, three) = tokio::join!(ensure(), ensure(), ensure());
    for result in [one, two, three] {
        let _changes = result.unwrap();
    }
    assert!(world.ensure(&desired).await.unwrap().is_empty());
}

async fn tags_of_others_stay(world: World) {
    let first = World::desired("1");
    let _made = world.ensure(&first).await.unwrap();
    let pairs = first.mark.stamp().to_pairs();
    let mut tags: Vec<_> = pairs.iter().map(|(key, value)| (*key, value.as_str())).collect();
    tags.push(("cost-centre", "42"));
    tag(&world, &first.bucket, &tags).await;
    assert!(world.ensure(&first).await.unwrap().is_empty());
    assert_eq!(bucket::retire(&world.store, &world.intents, &first, Retain).await.unwrap(), Retired::Kept);
    let tags = world.root().get_bucket_tagging().bucket(&first.bucket).send().await.unwrap();
    assert!(tags.tag_set().iter().any(|tag| tag.key() == "cost-centre" && tag.value() == "42"));
    assert!(tags.tag_set().iter().any(|tag| tag.key() == "plexica.io/retained-at"));
}

async fn nothing_is_retired_twice(world: World) {
    let desired = World::desired("1");
    for policy in [Retain, Delete] {
        assert_eq!(bucket::retire(&world.store, &world.intents, &desired, policy).await.unwrap(), Retired::Gone);
    }
}

async fn tag(world: &World, bucket: &str, tags: &[(&str, &str)]) {
    let tags = tags.iter().map(|(key, value)| Tag::builder().key(*key).value(*value).build().unwrap()).collect();
    let tagging = Tagging::builder().set_tag_set(Some(tags)).build().unwrap();
    world.root().put_bucket_tagging().bucket(bucket).tagging(tagging).send().await.unwrap();
}

async fn whose_a_bucket_is_is_known_while_intents_cannot_be_read(world: World) {
    // Nothing listens there.
    let url = Secret::new("postgres://nobody@127.0.0.1:1/nothing");
    let away = Intents::new(Provisioner::new(&Placement { url, plugin_url: None }, None).unwrap(), System::S3);
    let observe = async |desired: &Desired| bucket::observe(&world.store, &away, desired).await;
    let ours = World::desired("1");
    assert_eq!(observe(&ours).await.unwrap().found(), &Found::Absent);
    world.root().create_bucket().bucket(&ours.bucket).send().await.unwrap();
    let unknown = observe(&ours).await.unwrap_err();
    assert_eq!((unknown.system, unknown.kind), (System::Postgres, Kind::Unavailable), "it may be ours to complete");
    put(&world.root(), &ours.bucket, "x", "theirs").await;
    assert_eq!(observe(&ours).await.unwrap().found(), &Found::unmarked());

    let ours = World::desired("1");
    let _made = world.ensure(&ours).await.unwrap();
    let seen = observe(&ours).await.unwrap();
    assert!(bucket::ensure(&world.store, &away, &ours, &seen).await.unwrap().is_empty());
    let other = Desired { mark: Mark { name: "another".into(), ..ours.mark.clone() }, ..ours.clone() };
    let seen = observe(&other).await.unwrap();
    assert_eq!(bucket::ensure(&world.store, &away, &other, &seen).await.unwrap_err().kind, Kind::Conflict);
    assert_eq!(bucket::retire(&world.store, &away, &other, Delete).await.unwrap(), Retired::Foreign);
}
