//! One contract for both: a real Keycloak and the embedded issuer.
//!
//! Every test runs against each, through a proxy that counts writes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod browser;
mod contract;
mod embedded;
mod mail;
mod proxy;
mod real;
mod real_brokers;
mod real_sign_in;
mod real_trust;
mod recipe;
mod subject;
mod tokens;

/// Runs each named function of `contract` against both.
macro_rules! both {
    ($($module:ident :: $name:ident),* $(,)?) => {
        mod on_keycloak {
            $(#[tokio::test]
            async fn $name() {
                let Some(subject) = crate::real::subject().await else { return };
                crate::contract::$module::$name(&subject).await;
                subject.clean().await;
            })*
        }
        mod on_embedded {
            $(#[tokio::test]
            async fn $name() {
                let Some(subject) = crate::embedded::subject().await else { return };
                crate::contract::$module::$name(&subject).await;
            })*
        }
    };
}

both! {
    realm::one_call_creates_it_and_nothing_is_written_again,
    realm::drift_is_repaired_and_the_rest_is_left_alone,
    realm::the_platform_realm_has_super_admins,
    realm::two_operators_at_once_do_no_harm,
    ownership::what_others_own_is_never_touched,
    ownership::a_kept_realm_gives_no_tokens_and_is_taken_back,
    ownership::a_deleted_realm_is_gone,
    ownership::an_earlier_realm_is_refused_without_adoption,
    users::users_are_made_once,
    users::the_first_user_must_set_a_password,
    export::a_realm_is_read_with_all_its_users_and_without_secrets,
    grants::tokens_of_every_grant_verify,
    grants::refresh_tokens_are_good_once,
    grants::what_is_wrong_is_refused,
    rotation::both_secrets_are_good_until_the_one_before_ends,
    rotation::two_operators_rotate_to_the_same,
    code::a_browser_signs_in_with_pkce,
    code::a_code_is_bound_to_who_asked,
    sign_in::tokens_and_sessions_live_as_long_as_said,
    sign_in::a_new_password_has_what_the_policy_asks,
    sign_in::a_theme_is_set_kept_and_given_back,
    sign_in::a_second_factor_is_asked_for_and_no_more,
    brokers::brokers_come_change_and_go,
    brokers::a_broker_waits_for_its_secret_and_leaves_others_alone,
    brokers::a_mail_server_comes_changes_and_goes,
    preflight::all_is_well,
    preflight::a_wrong_secret_is_named,
    stumble::a_call_that_keycloak_stumbles_over_is_repeated,
    stumble::a_realm_that_shows_its_name_alone_for_a_moment_is_ours,
    stumble::a_realm_in_the_making_is_nobody_elses,
}
