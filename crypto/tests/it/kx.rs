//! Key-exchange groups: shapes, agreement, and shares that must be refused.

use qianmo_crypto::tls::{Group, provider};
use rustls::crypto::{ActiveKeyExchange, CompletedKeyExchange, SupportedKxGroup};
use rustls::{Error, NamedGroup, PeerMisbehaved};

const BOTH: [Group; 2] = [Group::CurveSm2, Group::CurveSm2MlKem768];

fn implementation(group: Group) -> &'static dyn SupportedKxGroup {
    provider(&[group]).kx_groups[0]
}

fn start(group: Group) -> Box<dyn ActiveKeyExchange> {
    implementation(group).start().unwrap()
}

fn answer(group: Group, share: &[u8]) -> Result<CompletedKeyExchange, Error> {
    implementation(group).start_and_complete(share)
}

#[test]
fn both_sides_get_one_secret_of_the_documented_shape() {
    let shapes = [(Group::CurveSm2, [65, 65, 32]), (Group::CurveSm2MlKem768, [1249, 1153, 64])];
    for (group, [client_len, server_len, secret_len]) in shapes {
        let client = start(group);
        assert_eq!((client.group(), client.pub_key().len()), (group.named(), client_len), "{group}");
        let server = answer(group, client.pub_key()).unwrap();
        assert_eq!((server.group, server.pub_key.len()), (group.named(), server_len), "{group}");
        let secret = client.complete(&server.pub_key).unwrap();
        assert_eq!(secret.secret_bytes(), server.secret.secret_bytes());
        assert_eq!(secret.secret_bytes().len(), secret_len);
    }
}

#[test]
fn no_two_exchanges_share_a_key() {
    for group in BOTH {
        let client = start(group);
        let (a, b) = (answer(group, client.pub_key()).unwrap(), answer(group, client.pub_key()).unwrap());
        assert_ne!(a.secret.secret_bytes(), b.secret.secret_bytes(), "{group}");
        assert_ne!(a.pub_key, b.pub_key);
        assert_ne!(start(group).pub_key(), client.pub_key());
    }
}

#[test]
fn the_hybrid_starts_with_the_sm2_part_everywhere() {
    let client = start(Group::CurveSm2MlKem768);
    let (component, share) = client.hybrid_component().unwrap();
    assert_eq!(component, Group::CurveSm2.named());
    assert_eq!(share, &client.pub_key()[..65]);
    // A server that knows curveSM2 alone answers that part.
    let server = answer(Group::CurveSm2, share).unwrap();
    let secret = client.complete_hybrid_component(&server.pub_key).unwrap();
    assert_eq!(secret.secret_bytes(), server.secret.secret_bytes());
    // And in the whole secret ECDH comes first: flip the KEM part and only the second half changes.
    let client = start(Group::CurveSm2MlKem768);
    let server = answer(Group::CurveSm2MlKem768, client.pub_key()).unwrap();
    let mut altered = server.pub_key.clone();
    altered[65] ^= 1;
    let secret = client.complete(&altered).unwrap();
    let (ours, theirs) = (secret.secret_bytes(), server.secret.secret_bytes());
    assert_eq!(ours[..32], theirs[..32]);
    assert_ne!(ours[32..], theirs[32..]);
}

#[test]
fn shares_of_a_wrong_length_are_the_peers_fault() {
    for group in BOTH {
        let good = start(group).pub_key().to_vec();
        let reply = answer(group, &good).unwrap().pub_key;
        let longer = |share: &[u8]| [share, &[0]].concat();
        for len in [0, 1, 64, good.len() - 1] {
            assert_refused(answer(group, &good[..len]).map(drop));
        }
        assert_refused(answer(group, &longer(&good)).map(drop));
        for len in [0, 1, 64, reply.len() - 1] {
            assert_refused(start(group).complete(&reply[..len]).map(drop));
        }
        assert_refused(start(group).complete(&longer(&reply)).map(drop));
    }
}

#[test]
fn points_off_the_curve_are_the_peers_fault() {
    for group in BOTH {
        let good = start(group).pub_key().to_vec();
        let mut off_curve = good.clone();
        off_curve[64] ^= 1;
        let mut compressed = good.clone();
        compressed[0] = 2;
        let mut infinity = good;
        infinity[..65].fill(0);
        for bad in [off_curve, compressed, infinity] {
            assert_refused(answer(group, &bad).map(drop));
        }
    }
}

/// FIPS 203, 7.2: coefficients of an encapsulation key must be below q.
#[test]
fn an_ml_kem_key_that_is_not_reduced_is_the_peers_fault() {
    let mut share = start(Group::CurveSm2MlKem768).pub_key().to_vec();
    share[65..70].fill(0xff);
    assert_refused(answer(Group::CurveSm2MlKem768, &share).map(drop));
}

#[test]
fn code_points_are_those_of_the_registry() {
    assert_eq!(Group::CurveSm2.named(), NamedGroup::Unknown(41));
    assert_eq!(Group::CurveSm2MlKem768.named(), NamedGroup::Unknown(4590));
    assert_eq!(BOTH.map(|group| Group::from_named(group.named())), BOTH.map(Some));
    assert_eq!(Group::from_named(NamedGroup::X25519), None);
    assert_eq!(BOTH.map(|group| group.to_string()), ["curveSM2", "curveSM2MLKEM768"]);
}

fn assert_refused(result: Result<(), Error>) {
    assert_eq!(result.err(), Some(PeerMisbehaved::InvalidKeyShare.into()));
}
