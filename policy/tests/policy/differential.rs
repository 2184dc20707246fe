//! Two engines, one answer.

use plexica_policy::{Attributes, Condition, Environment, Pattern, Permission, Policy, Request, Role, Snapshot};
use proptest::{prelude::*, test_runner::Config};
use serde_json::Value as Json;

use crate::{
    generate::{case, condition, resource},
    naive,
};

struct Case {
    snapshot: Snapshot,
    roles: Vec<String>,
    permission: Permission,
    user: Attributes,
    environment: Environment,
}

impl Case {
    fn of(json: &Json) -> Self {
        let roles: Vec<Role> = serde_json::from_value(json["roles"].clone()).unwrap();
        let policies: Vec<Policy> = serde_json::from_value(json["policies"].clone()).unwrap();
        let time = json["time"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
        Self {
            snapshot: Snapshot::new(1, &roles, policies).unwrap(),
            roles: serde_json::from_value(json["has"].clone()).unwrap(),
            permission: json["permission"].as_str().unwrap().parse().unwrap(),
            user: Attributes::of(&json["user"]),
            environment: Environment {
                time: time.to_zoned(jiff::tz::TimeZone::UTC),
                ip: json["ip"].as_str().map(|ip| ip.parse().unwrap()),
            },
        }
    }

    fn request<'a>(&'a self, resource: &'a Attributes) -> Request<'a> {
        Request { permission: &self.permission, user: &self.user, resource, environment: &self.environment }
    }
}

proptest! {
    #![proptest_config(Config::with_cases(2048))]

    #[test]
    fn decisions_are_those_of_the_plainest_way(json in case()) {
        let case = Case::of(&json);
        let resource = Attributes::of(&json["resource"]);
        let request = case.request(&resource);
        let decision = case.snapshot.decide(&case.roles, &request);
        prop_assert_eq!(decision.is_allowed(), naive::is_allowed(&json), "{:?}", decision);
        // What is remembered is no other answer, and the explanation has the same.
        prop_assert_eq!(&case.snapshot.decide(&case.roles, &request), &decision);
        let explained = case.snapshot.explain(&case.roles, &request);
        prop_assert_eq!(explained.allowed, decision.is_allowed());
    }

    #[test]
    fn a_list_shows_what_each_of_it_would_be_allowed(json in case(), resources in prop::collection::vec(resource(), 8)) {
        let case = Case::of(&json);
        let nothing = Attributes::default();
        let filter = case.snapshot.access(&case.roles, &case.permission).filter(&case.request(&nothing));
        for resource in resources {
            let resource = Attributes::of(&resource);
            let decision = case.snapshot.decide(&case.roles, &case.request(&resource));
            prop_assert_eq!(filter.shows(&resource), decision.is_allowed(), "{:?} {:?}", resource, decision);
        }
    }

    #[test]
    fn what_is_written_is_read_again(json in condition()) {
        let condition = Condition::read(&json).unwrap();
        prop_assert_eq!(Condition::read(&condition.to_json()).unwrap(), condition);
    }

    #[test]
    fn patterns_match_as_their_text_does(
        pattern in "(\\*|[ab]{1,2})(:(\\*|[ab]{1,2})){0,2}",
        permission in "[ab]{1,2}:[ab]{1,2}(:[ab]{1,2})?",
    ) {
        let permission: Permission = permission.parse().unwrap();
        if let Ok(parsed) = pattern.parse::<Pattern>() {
            prop_assert_eq!(parsed.matches(&permission), naive::matches(&pattern, permission.as_str()));
            prop_assert_eq!(parsed.to_string(), pattern);
        }
    }

    #[test]
    fn what_covers_another_matches_all_of_it(
        one in "(\\*|[ab])(:(\\*|[ab])){0,2}",
        other in "(\\*|[ab])(:(\\*|[ab])){0,2}",
    ) {
        let (Ok(one), Ok(other)) = (one.parse::<Pattern>(), other.parse::<Pattern>()) else { return Ok(()) };
        let permissions = ["a:a", "a:b", "b:a", "b:b", "c:c", "a:a:a", "a:b:a", "b:a:b", "a:a:b", "b:b:b", "c:a:c", "a:c:c"];
        let mut permissions = permissions.iter().map(|text| text.parse::<Permission>().unwrap());
        if one.covers(&other) {
            prop_assert!(permissions.all(|permission| !other.matches(&permission) || one.matches(&permission)));
        }
    }
}
