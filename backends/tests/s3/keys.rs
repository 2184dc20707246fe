//! Keys of one tenant open its bucket alone.

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart, Delete, ObjectIdentifier};
use jiff::{Timestamp, ToSpan};
use plexica_backends::s3::credential::{self, Credentials};

use crate::on_stores;
use crate::world::{World, put, read};

on_stores! {
    a_tenant_works_in_its_bucket
    a_tenant_reaches_nothing_else
    keys_end
}

fn denied<T: std::fmt::Debug, E: ProvideErrorMetadata + std::fmt::Debug>(result: Result<T, SdkError<E>>, what: &str) {
    let error = result.expect_err(what);
    let status = error.raw_response().map(|response| response.status().as_u16());
    assert_eq!(status, Some(403), "{what}: {error:?}");
}

async fn a_tenant_works_in_its_bucket(world: World) {
    let desired = World::desired("1");
    let _made = world.ensure(&desired).await.unwrap();
    let bucket = &desired.bucket;
    let keys = credential::issue(&world.store, bucket).await.unwrap();
    let tenant = world.tenant(&keys);
    tenant.head_bucket().bucket(bucket).send().await.unwrap();
    put(&tenant, bucket, "a/b", "text").await;
    assert_eq!(read(&tenant, bucket, "a/b").await, "text");
    let source = format!("{bucket}/a/b");
    tenant.copy_object().bucket(bucket).key("copy").copy_source(source).send().await.unwrap();
    let listed = tenant.list_objects_v2().bucket(bucket).send().await.unwrap();
    assert_eq!(listed.contents().iter().filter_map(|object| object.key()).collect::<Vec<_>>(), ["a/b", "copy"]);

    let upload = tenant.create_multipart_upload().bucket(bucket).key("big").send().await.unwrap();
    let id = upload.upload_id().unwrap();
    let part = tenant.upload_part().bucket(bucket).key("big").upload_id(id).part_number(1);
    let part = part.body(b"part".to_vec().into()).send().await.unwrap();
    let part = CompletedPart::builder().part_number(1).set_e_tag(part.e_tag).build();
    let parts = CompletedMultipartUpload::builder().parts(part).build();
    let complete = tenant.complete_multipart_upload().bucket(bucket).key("big").upload_id(id);
    complete.multipart_upload(parts).send().await.unwrap();
    assert_eq!(read(&tenant, bucket, "big").await, "part");

    let objects = ["a/b", "copy", "big"].map(|key| ObjectIdentifier::builder().key(key).build().unwrap());
    let delete = Delete::builder().set_objects(Some(objects.to_vec())).build().unwrap();
    tenant.delete_objects().bucket(bucket).delete(delete).send().await.unwrap();
    assert!(tenant.list_objects_v2().bucket(bucket).send().await.unwrap().contents().is_empty());
}

async fn a_tenant_reaches_nothing_else(world: World) {
    let (own, other) = (World::desired("1"), World::desired("2"));
    for desired in [&own, &other] {
        let _made = world.ensure(desired).await.unwrap();
    }
    let (own, other) = (&own.bucket, &other.bucket);
    put(&world.root(), other, "secret", "theirs").await;
    let tenant = world.tenant(&credential::issue(&world.store, own).await.unwrap());
    put(&tenant, own, "mine", "mine").await;

    denied(tenant.get_object().bucket(other).key("secret").send().await, "get");
    denied(tenant.head_object().bucket(other).key("secret").send().await, "head");
    denied(tenant.put_object().bucket(other).key("x").body(b"x".to_vec().into()).send().await, "put");
    denied(tenant.delete_object().bucket(other).key("secret").send().await, "delete");
    denied(tenant.list_objects_v2().bucket(other).send().await, "list");
    denied(tenant.head_bucket().bucket(other).send().await, "head bucket");
    let copy = tenant.copy_object().bucket(own).key("stolen").copy_source(format!("{other}/secret"));
    denied(copy.send().await, "copy from");
    let copy = tenant.copy_object().bucket(other).key("planted").copy_source(format!("{own}/mine"));
    denied(copy.send().await, "copy to");
    denied(tenant.create_multipart_upload().bucket(other).key("x").send().await, "upload");
    denied(tenant.get_bucket_tagging().bucket(other).send().await, "read its mark");
    denied(tenant.delete_bucket_tagging().bucket(own).send().await, "remove the mark");
    denied(tenant.delete_bucket_policy().bucket(own).send().await, "remove the policy");
    denied(tenant.delete_bucket().bucket(own).send().await, "remove the bucket");
    denied(tenant.create_bucket().bucket(format!("{own}-more")).send().await, "create");
    // MinIO shows a caller the buckets it may open; S3 lets nobody list without the right to.
    match tenant.list_buckets().send().await {
        Ok(listed) => assert!(listed.buckets().iter().all(|bucket| bucket.name() == Some(own.as_str()))),
        Err(error) => denied::<(), _>(Err(error), "list buckets"),
    }
    for key in [format!("../{other}/secret"), format!("a/../../{other}/secret")] {
        assert!(tenant.get_object().bucket(own).key(&key).send().await.is_err(), "{key}");
        let put = tenant.put_object().bucket(own).key(&key).body(b"planted".to_vec().into());
        assert!(put.send().await.is_err(), "{key}");
        let copy = tenant.copy_object().bucket(own).key("stolen").copy_source(format!("{own}/{key}"));
        assert!(copy.send().await.is_err(), "{key}");
    }
    assert_eq!(read(&world.root(), other, "secret").await, "theirs");
}

async fn keys_end(world: World) {
    let desired = World::desired("1");
    let _made = world.ensure(&desired).await.unwrap();
    let before = Timestamp::now();
    let keys = credential::issue(&world.store, &desired.bucket).await.unwrap();
    let end = keys.expires_at.unwrap();
    let expected = before + 1.hour();
    assert!((end.as_second() - expected.as_second()).abs() < 60, "{end}");
    assert!(!credential::is_due(&world.store, keys.expires_at, before));
    assert!(!credential::is_due(&world.store, keys.expires_at, before + 39.minutes()));
    assert!(credential::is_due(&world.store, keys.expires_at, before + 42.minutes()));
    assert!(credential::is_due(&world.store, None, before));

    let bucket = &desired.bucket;
    let half = Credentials { session_token: None, ..keys.clone() };
    denied(world.tenant(&half).list_objects_v2().bucket(bucket).send().await, "without the token");
    let wrong = Credentials { secret_access_key: "wrong".to_owned().into(), ..keys };
    denied(world.tenant(&wrong).list_objects_v2().bucket(bucket).send().await, "with a wrong secret");
}
