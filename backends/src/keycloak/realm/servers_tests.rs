use super::*;
use jiff::Timestamp;

/// As Keycloak has them after they were written over what there was.
fn written(servers: &Servers, mut there: Vec<ClientRepresentation>) -> Vec<ClientRepresentation> {
    for wanted in servers.clients(&ClientRepresentation { enabled: Some(true), ..ClientRepresentation::default() }) {
        let id = wanted.client_id.clone();
        let before = there.iter().position(|one| one.client_id == id).map(|at| there.remove(at));
        let secret = servers.secret_for(id.as_deref().unwrap(), before.as_ref());
        let before = before.unwrap_or_default();
        let mut attributes = before.attributes.unwrap_or_default();
        attributes.extend(wanted.attributes.clone().unwrap_or_default());
        there.push(ClientRepresentation {
            attributes: Some(attributes),
            secret: secret.or(before.secret).or_else(|| Some("made by Keycloak".into())),
            ..wanted
        });
    }
    there
}

fn good(clients: &[ClientRepresentation]) -> Vec<(&str, &str)> {
    let enabled = clients.iter().filter(|one| one.enabled == Some(true));
    let mut good: Vec<_> =
        enabled.map(|one| (one.client_id.as_deref().unwrap(), one.secret.as_deref().unwrap())).collect();
    good.sort_unstable();
    good
}

fn servers(generation: Generation) -> Servers {
    let secret = (generation.number > 1).then(|| Secret::new(format!("secret {}", generation.number)));
    Servers { generation, secret }
}

#[test]
fn what_is_written_is_found_again_and_generations_take_turns() {
    let at = |second| Timestamp::from_second(second).unwrap();
    let mut generation = Generation::default();
    let mut there = written(&servers(generation.clone()), Vec::new());
    assert_eq!(found(&there), generation);
    assert_eq!(good(&there), [("api", "made by Keycloak")]);
    for (step, both, alone) in [
        (1, [("api", "made by Keycloak"), ("api-2", "secret 2")], ("api-2", "secret 2")),
        (2, [("api", "secret 3"), ("api-2", "secret 2")], ("api", "secret 3")),
        (3, [("api", "secret 3"), ("api-2", "secret 4")], ("api-2", "secret 4")),
    ] {
        generation = generation.next([format!("request{step}")].into(), at(step));
        there = written(&servers(generation.clone()), there);
        assert_eq!(found(&there), generation);
        assert_eq!(good(&there), both);
        generation = generation.alone();
        there = written(&servers(generation.clone()), there);
        assert_eq!(found(&there), generation);
        assert_eq!(good(&there), [alone]);
    }
}

#[test]
fn what_was_replaced_is_not_good_again_when_its_successor_is_removed() {
    let second = Generation::default().next(BTreeSet::new(), Timestamp::UNIX_EPOCH).alone();
    let mut there = written(&servers(Generation::default()), Vec::new());
    there = written(&servers(second), there);
    there.retain(|one| one.client_id.as_deref() == Some("api"));
    let generation = found(&there);
    assert_eq!((generation.number, generation.previous), (2, false));
    there = written(&servers(generation), there);
    assert_eq!(good(&there), [("api-2", "secret 2")]);
}
