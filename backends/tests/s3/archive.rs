//! The bucket of what outlives tenants.

use futures::{StreamExt, future, stream};
use plexica_backends::Kind;
use plexica_backends::ownership::Mark;
use plexica_backends::s3::archive::{Upload, clear, create, ensure, page, read};
use plexica_backends::s3::bucket;
use plexica_crds::tenant::DeletionPolicy::Delete;
use plexica_testkit::require;
use sha2::{Digest, Sha256};

use crate::on_stores;
use crate::world::{World, put};

on_stores! {
    objects_of_any_size_are_written_as_streams
    the_place_is_made_once_and_nobody_elses
    all_pages_are_listed
    one_of_several_writes_an_object_that_is_written_once
    what_is_of_no_use_any_more_goes
}

const MIB: usize = 1024 * 1024;

/// A bucket that is there.
async fn place(world: &World) -> bucket::Desired {
    let desired = World::desired("archive");
    let _ = ensure(&world.store, &world.intents, &desired.bucket, &desired.mark).await.unwrap();
    desired
}

async fn remove(world: &World, place: &bucket::Desired) {
    let _ = bucket::retire(&world.store, &world.intents, place, Delete).await.unwrap();
}

async fn objects_of_any_size_are_written_as_streams(world: World) {
    let place = place(&world).await;
    for size in [0, 1, 8 * MIB - 1, 8 * MIB, 17 * MIB] {
        let content: Vec<u8> = (0..size).map(|at| u8::try_from(at % 251).unwrap()).collect();
        let key = format!("a/{size}");
        let mut upload = Upload::begin(&world.store, &place.bucket, key.clone());
        for piece in content.chunks(3 * MIB) {
            upload.write(piece).await.unwrap();
        }
        assert_eq!(read(&world.store, &place.bucket, &key).await.unwrap(), None, "it is not whole yet");
        let written = upload.finish().await.unwrap();
        assert_eq!((written.size, written.sha256), (size as u64, hex::encode(Sha256::digest(&content))));
        assert!(read(&world.store, &place.bucket, &key).await.unwrap().unwrap() == content, "{size}");
    }
    remove(&world, &place).await;
}

#[tokio::test]
async fn what_was_not_finished_never_was() {
    let (Some(server), Some(minio)) = (require!(postgres17), require!(minio)) else { return };
    let world = World::minio(server, minio).await;
    let place = place(&world).await;
    let begin = || Upload::begin(&world.store, &place.bucket, "dump".into());
    let uploads = async || {
        let listed = world.root().list_multipart_uploads().bucket(&place.bucket).prefix("dump").send().await.unwrap();
        listed.uploads().len()
    };
    let mut killed = begin();
    killed.write(&vec![0; 9 * MIB]).await.unwrap();
    drop(killed);
    assert_eq!(uploads().await, 1);
    clear(&world.store, &place.bucket, "dump", |_| false).await.unwrap();
    assert_eq!(uploads().await, 0);
    let mut aborted = begin();
    aborted.write(&vec![0; 9 * MIB]).await.unwrap();
    aborted.abort().await.unwrap();
    assert_eq!((uploads().await, read(&world.store, &place.bucket, "dump").await.unwrap()), (0, None));
    remove(&world, &place).await;
}

async fn the_place_is_made_once_and_nobody_elses(world: World) {
    let place = place(&world).await;
    let again = ensure(&world.store, &world.intents, &place.bucket, &place.mark).await.unwrap();
    assert!(again.is_empty());
    // Whoever made it died before it was forgotten who would.
    world.intents.record(&place.bucket, &place.mark).await.unwrap();
    let tidied = ensure(&world.store, &world.intents, &place.bucket, &place.mark).await.unwrap();
    assert_eq!((tidied.iter().count(), world.intents.find(&place.bucket).await.unwrap()), (1, None));
    let another = Mark { installation: "another".into(), ..place.mark.clone() };
    let refused = ensure(&world.store, &world.intents, &place.bucket, &another).await.unwrap_err();
    assert_eq!(refused.kind, Kind::Conflict);
    remove(&world, &place).await;
    // What a person has made for it is used as it is.
    world.root().create_bucket().bucket(&place.bucket).send().await.unwrap();
    let theirs = ensure(&world.store, &world.intents, &place.bucket, &place.mark).await.unwrap();
    assert!(theirs.is_empty() && world.root().get_bucket_tagging().bucket(&place.bucket).send().await.is_err());
    world.root().delete_bucket().bucket(&place.bucket).send().await.unwrap();
    assert_eq!(read(&world.store, &place.bucket, "a").await.unwrap(), None);
    assert_eq!(page(&world.store, &place.bucket, "", None).await.unwrap(), (Vec::new(), None));
}

async fn all_pages_are_listed(world: World) {
    let place = place(&world).await;
    let root = world.root();
    let (client, bucket) = (&root, place.bucket.as_str());
    let puts = stream::iter(0..1001).map(|n| async move { put(client, bucket, &format!("{n:04} ä+&"), "x").await });
    puts.buffer_unordered(32).collect::<Vec<_>>().await;
    let (mut keys, mut from) = (Vec::new(), None);
    loop {
        let (objects, next) = page(&world.store, bucket, "", from).await.unwrap();
        assert!(objects.iter().all(|object| object.size == 1 && object.modified.is_some()));
        keys.extend(objects.into_iter().map(|object| object.key));
        from = next;
        if from.is_none() {
            break;
        }
    }
    keys.sort();
    assert_eq!(keys, (0..1001).map(|n| format!("{n:04} ä+&")).collect::<Vec<_>>());
    remove(&world, &place).await;
}

async fn one_of_several_writes_an_object_that_is_written_once(world: World) {
    let place = place(&world).await;
    let all =
        (0..8_u8).map(async |content| create(&world.store, &place.bucket, "a/once", vec![content]).await.unwrap());
    let first: Vec<bool> = future::join_all(all).await;
    let written = read(&world.store, &place.bucket, "a/once").await.unwrap().unwrap();
    assert!(first[usize::from(written[0])], "{written:?} {first:?}");
    // The embedded store looks first and writes then; nobody shares it.
    assert!(world.is_embedded() || first.iter().filter(|first| **first).count() == 1, "{first:?}");
    assert!(!create(&world.store, &place.bucket, "a/once", b"late".to_vec()).await.unwrap());
    assert_eq!(read(&world.store, &place.bucket, "a/once").await.unwrap(), Some(written));
    remove(&world, &place).await;
}

async fn what_is_of_no_use_any_more_goes(world: World) {
    let place = place(&world).await;
    for key in ["a/manifest", "a/1/x", "a/2/x", "a/2/y", "ab/x"] {
        put(&world.root(), &place.bucket, key, "x").await;
    }
    for _ in 0..2 {
        clear(&world.store, &place.bucket, "a/", |key| key == "a/manifest" || key.starts_with("a/1/")).await.unwrap();
        let (left, _) = page(&world.store, &place.bucket, "", None).await.unwrap();
        assert_eq!(left.iter().map(|object| object.key.as_str()).collect::<Vec<_>>(), ["a/1/x", "a/manifest", "ab/x"]);
    }
    let (some, _) = page(&world.store, &place.bucket, "a/1", None).await.unwrap();
    assert_eq!(some.len(), 1);
    remove(&world, &place).await;
    clear(&world.store, &place.bucket, "a/", |_| false).await.unwrap();
}
