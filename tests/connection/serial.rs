//! The example `serial`: messages that fit 2 KiB in each direction are accepted, and one byte more is refused with a
//! clear sentence.

use crate::certificates::Certificates;
use crate::device::{Device, LONGEST_CHAINS, MEMORY, POLICY, RECORD_SIZE_LIMIT, connect, talk};
use crate::line::Line;
use countersign::{Blame, Credential, Error, ErrorKind, Role};
use rustls_pki_types::CertificateDer;

/// A device with a chain of this length.
fn device(role: Role, bytes: usize, pki: &Certificates) -> Result<Device, String> {
    let name = if role == Role::Client { "client.test" } else { "server.test" };
    Device::new(role, pki.issue(name, bytes), pki).map_err(|error| error.to_string())
}

/// Two devices with chains of these lengths, and the results of their handshake.
fn pair(lengths: [usize; 2]) -> ([Device; 2], Line, [Result<(), Error>; 2]) {
    let (pki, mut line) = (Certificates::new(), Line::default());
    let mut client = device(Role::Client, lengths[0], &pki).expect("it fits the outbox");
    let mut server = device(Role::Server, lengths[1], &pki).expect("it fits the outbox");
    let outcomes = connect(&mut client, &mut server, &mut line);
    ([client, server], line, outcomes)
}

#[test]
fn the_longest_chains_shake_hands_and_talk_in_2_kib_each_way() {
    let ([mut client, mut server], mut line, outcomes) = pair(LONGEST_CHAINS);
    assert_eq!(outcomes, [Ok(()), Ok(())]);
    let data: Vec<u8> = (0..20_000u32).map(|n| (n % 251) as u8).collect();
    talk(&mut client, &mut server, &mut line, &data).unwrap();
    assert_eq!((client.heard, server.heard), (data.clone(), data));
}

#[test]
fn a_chain_that_is_a_byte_too_long_is_refused_with_the_limit_that_it_exceeds() {
    let [of_client, of_server] = LONGEST_CHAINS;
    for (lengths, refuses) in [([of_client + 1, of_server], Role::Server), ([of_client, of_server + 1], Role::Client)] {
        let (_, _, [client, server]) = pair(lengths);
        let (refused, told) = if refuses == Role::Client { (client, server) } else { (server, client) };
        let error = refused.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::MessageTooLong { .. }), "{error}");
        let sentence = error.to_string();
        assert!(sentence.contains("1534 bytes, and our limit is 1533: `Policy::max_flight` sets it"), "{sentence}");
        assert!(sentence.contains("alert illegal_parameter sent"), "{sentence}");
        // A client may be done before its server has judged it (RFC 9846 §F.1.2).
        assert_eq!(
            told.map_err(|error| error.blame()),
            if refuses == Role::Client { Err(Blame::Peer) } else { Ok(()) }
        );
    }
}

/// The error comes before there is a connection, and has the number.
#[test]
fn a_chain_that_does_not_fit_our_own_outbox_is_refused_when_the_device_is_made() {
    let pki = Certificates::new();
    for role in [Role::Client, Role::Server] {
        let needed = |bytes: usize| {
            let certificates = [bytes - 600, 600].map(|len| CertificateDer::from(vec![0; len]));
            POLICY.outbox_needed(role, &Credential::new(&certificates), 64, None, Some(RECORD_SIZE_LIMIT)).unwrap()
        };
        let longest = (1_000..3_000).rev().find(|bytes| needed(*bytes) == MEMORY).expect("one that fills the outbox");
        assert!(device(role, longest, &pki).is_ok());
        let refused = device(role, longest + 1, &pki).err().expect("a byte too long");
        assert_eq!(refused, "our chain takes an outbox of 2049 bytes, and there are 2048");
    }
}
