//! An attacker on the path flips any bit of a handshake, cuts it off anywhere, or inserts records of another
//! connection. The result is an error of the right kind, or nothing where RFC 9846 says that a field is ignored. There
//! is never a panic, never two ends that disagree, and never a session or data on the attacked side.
//!
//! The cryptography is real. With Ed25519 all lengths are the same in each run, so positions are comparable.

use crate::common::{End, Identity, Pki, receive};
use crate::script;
use countersign::{
    AlertDescription, Blame, Ending, Error, ErrorKind, Event, Handshake, Inbox, NamedGroup, Policy, Role, Seed, State,
    Verdict, Want,
};
use std::sync::LazyLock;

static IDENTITY: LazyLock<Identity> = LazyLock::new(|| Pki::new().issue("server.test", &rcgen::PKCS_ED25519));

fn ends(retry: bool, seed: u8) -> (End<'static>, End<'static>) {
    let policy = Policy::new().groups(&[NamedGroup::X25519]); // a hybrid share would have ten thousand bits to flip
    let policy = if retry { policy.key_shares(&[]) } else { policy };
    ends_with(policy, Policy::new(), seed)
}

fn ends_with(client: Policy, server: Policy, seed: u8) -> (End<'static>, End<'static>) {
    let mut c = End::new(Role::Client, client.clone(), &IDENTITY);
    let mut s = End::new(Role::Server, server.clone(), &IDENTITY);
    c.hs = Handshake::client(client, Some("server.test"), Seed::from_bytes(&[seed; 64])).unwrap();
    s.hs = Handshake::server(server, Seed::from_bytes(&[seed + 100; 64]));
    // A flipped bit may make a length of up to 64 KiB.
    (c.rx, s.rx) = (Inbox::new(vec![0; 100_000]), Inbox::new(vec![0; 100_000]));
    (c, s)
}

/// The results of both ends when their bytes pass through `middle`. When nothing more comes, the transport ends.
fn relay<'a>(
    client: &mut End<'a>,
    server: &mut End<'a>,
    middle: &mut dyn FnMut(Role, Vec<u8>) -> Vec<u8>,
) -> [Result<(), Error>; 2] {
    let mut outcomes = [None, None];
    let mut ended = false;
    loop {
        let mut moved = false;
        for (number, role) in [Role::Client, Role::Server].into_iter().enumerate() {
            let (end, other) =
                if role == Role::Client { (&mut *client, &mut *server) } else { (&mut *server, &mut *client) };
            if outcomes[number].is_none() {
                outcomes[number] = match end.drive() {
                    Ok(Want::Done) => Some(Ok(())),
                    Ok(_) => None,
                    Err(error) => Some(Err(error)),
                };
            }
            let bytes = end.sends();
            moved |= !bytes.is_empty();
            let bytes = if bytes.is_empty() { bytes } else { middle(role, bytes) };
            other.gets(&bytes);
        }
        if let [Some(client), Some(server)] = outcomes {
            return [client, server];
        }
        if !moved {
            assert!(!ended, "an end of the transport ends the handshake");
            ended = true;
            client.rx.filled(0);
            server.rx.filled(0);
        }
    }
}

/// A record of an undisturbed run: its sender, its position in that direction, and its bytes.
#[derive(Clone, Debug)]
struct Record {
    sender: Role,
    from: usize,
    bytes: Vec<u8>,
}

/// All records of a handshake, in order, in each direction.
fn clean_run(retry: bool) -> Vec<Record> {
    let (mut client, mut server) = ends(retry, 1);
    let mut streams = [Vec::new(), Vec::new()];
    let outcome = relay(&mut client, &mut server, &mut |sender, bytes| {
        streams[usize::from(sender == Role::Server)].extend_from_slice(&bytes);
        bytes
    });
    assert_eq!(outcome, [Ok(()), Ok(())]);
    let mut records = Vec::new();
    for (sender, stream) in [Role::Client, Role::Server].into_iter().zip(streams) {
        let mut from = 0;
        for bytes in script::records(&stream) {
            let len = bytes.len();
            records.push(Record { sender, from, bytes: bytes.to_vec() });
            from += len;
        }
    }
    records
}

const PROTECTED: u8 = 23;
const CHANGE_CIPHER_SPEC: u8 = 20;
const HANDSHAKE: u8 = 22;

/// Runs a handshake in which one bit is flipped.
fn flipped(retry: bool, sender: Role, at: usize, bit: u8) -> [Result<(), Error>; 2] {
    let (mut client, mut server) = ends(retry, 1);
    let mut position = 0;
    let outcome = relay(&mut client, &mut server, &mut |from, mut bytes| {
        if from == sender {
            if (position..position + bytes.len()).contains(&at) {
                bytes[at - position] ^= 1 << bit;
            }
            position += bytes.len();
        }
        bytes
    });
    if outcome == [Ok(()), Ok(())] {
        let (c, s) = (client.hs.finish().unwrap(), server.hs.finish().unwrap());
        assert_eq!(c.exporter().expose_secret(), s.exporter().expose_secret(), "two ends that are done agree");
    }
    if let [Ok(()), Err(error)] = outcome {
        // The client was done first. Its session receives no data, and reports the failure.
        let mut session = client.hs.finish().unwrap();
        match receive(&mut session, &mut client) {
            Ok((data, events)) => assert!(data.is_empty() && events.is_empty(), "{error}"),
            Err(error) => assert_eq!(error.blame(), Blame::Peer),
        }
    }
    outcome
}

/// Whether this is the right error for a flipped bit at this position of a protected record.
fn protected_verdict(record: &Record, at: usize, error: Error) -> bool {
    let kind = error.kind();
    match at {
        // The content type is checked first (RFC 9846 §5).
        0 => {
            matches!(
                kind,
                ErrorKind::UnexpectedRecord { .. }
                    | ErrorKind::UnexpectedChangeCipherSpec
                    | ErrorKind::MalformedAlert
                    | ErrorKind::UnauthenticatedAlert { .. }
                    | ErrorKind::InterleavedRecord
            )
        }
        // legacy_record_version and length are additional data of the AEAD (§5.2).
        1 | 2 => kind == ErrorKind::BadRecordMac,
        3 | 4 => matches!(kind, ErrorKind::BadRecordMac | ErrorKind::RecordOverflow { .. } | ErrorKind::Truncated),
        _ => kind == ErrorKind::BadRecordMac && at < record.bytes.len(),
    }
}

/// Whether this is a right error for a flipped bit in an unprotected handshake message.
fn plain_verdict(error: Error) -> bool {
    // Before the keys nothing is authenticated. Either the changed message is refused, or the two ends have different
    // transcripts and so different keys.
    use AlertDescription as A;
    match error.kind().alert() {
        Some(alert) => [
            A::DECODE_ERROR,
            A::ILLEGAL_PARAMETER,
            A::PROTOCOL_VERSION,
            A::UNEXPECTED_MESSAGE,
            A::UNSUPPORTED_EXTENSION,
            A::MISSING_EXTENSION,
            A::HANDSHAKE_FAILURE,
            A::RECORD_OVERFLOW,
            A::BAD_RECORD_MAC,
        ]
        .contains(&alert),
        None => matches!(
            error.kind(),
            ErrorKind::Truncated
                | ErrorKind::PeerAlert { .. }
                | ErrorKind::UnauthenticatedAlert { .. }
                | ErrorKind::ClosedInHandshake
        ),
    }
}

/// Flips every bit of these records.
fn flip_every_bit(retry: bool, records: &[Record]) -> usize {
    let mut flips = 0;
    for record in records {
        // The client sends its Finished last, so it may be done before the server fails.
        let last_flight = record.sender == Role::Client && (record.bytes[0] != HANDSHAKE);
        for at in 0..record.bytes.len() {
            for bit in 0..8 {
                let [client, server] = flipped(retry, record.sender, record.from + at, bit);
                let case = || {
                    format!(
                        "{} record {} (retry {retry}), byte {at}, bit {bit}: {client:?}, {server:?}",
                        record.sender, record.bytes[0]
                    )
                };
                flips += 1;
                let ignored = record.bytes[0] != PROTECTED && (at == 1 || at == 2);
                if ignored {
                    // §5.1: legacy_record_version "MUST be ignored for all purposes".
                    assert_eq!([client, server], [Ok(()), Ok(())], "{}", case());
                    continue;
                }
                assert!(server.is_err() || is_confirming(record), "{}", case());
                assert!(client.is_err() || last_flight || is_confirming(record), "{}", case());
                for error in [client, server].into_iter().filter_map(Result::err) {
                    assert_eq!(error.blame(), Blame::Peer, "{}", case());
                }
                let attacked = if record.sender == Role::Client { server } else { client };
                match record.bytes[0] {
                    PROTECTED if is_confirming(record) => {}
                    PROTECTED => assert!(protected_verdict(record, at, attacked.unwrap_err()), "{}", case()),
                    _ => {
                        for error in [client, server].into_iter().filter_map(Result::err) {
                            assert!(plain_verdict(error), "{}", case());
                        }
                    }
                }
            }
        }
    }
    flips
}

/// The server's KeyUpdate after the handshake, which confirms the client's session.
fn is_confirming(record: &Record) -> bool {
    record.sender == Role::Server && record.bytes.len() == 5 + 5 + 1 + 16
}

// req: 9846-5.1-13, 9846-5.2-3
#[test]
fn every_flipped_bit_of_a_handshake_is_an_error_or_ignored_by_rule() {
    let records = clean_run(false);
    let types: Vec<_> = records.iter().map(|record| (record.sender, record.bytes[0])).collect();
    let (c, s) = (Role::Client, Role::Server);
    let expected = [
        (c, HANDSHAKE),
        (c, CHANGE_CIPHER_SPEC),
        (c, PROTECTED),
        (s, HANDSHAKE),
        (s, CHANGE_CIPHER_SPEC),
        (s, PROTECTED),
        (s, PROTECTED),
    ];
    assert_eq!(types, expected);
    let flips = flip_every_bit(false, &records);
    assert_eq!(flips, records.iter().map(|record| record.bytes.len() * 8).sum::<usize>());
}

#[test]
fn every_flipped_bit_of_a_retry_is_an_error_or_ignored_by_rule() {
    let records: Vec<_> = clean_run(true).into_iter().filter(|record| record.bytes[0] == HANDSHAKE).collect();
    assert_eq!(records.len(), 4, "ClientHello, HelloRetryRequest, ClientHello, ServerHello");
    flip_every_bit(true, &records);
}

/// The first record that the server sends to the client's session.
#[test]
fn every_flipped_bit_of_the_confirming_record_is_found_by_the_session() {
    for at in 0..27 {
        for bit in 0..8 {
            let (mut client, mut server) = ends(false, 1);
            let mut flights = 0;
            let outcome = relay(&mut client, &mut server, &mut |from, mut bytes| {
                flights += usize::from(from == Role::Server);
                if flights == 2 && from == Role::Server {
                    assert_eq!(bytes.len(), 27);
                    bytes[at] ^= 1 << bit;
                }
                bytes
            });
            assert_eq!(outcome, [Ok(()), Ok(())]);
            let mut session = client.hs.finish().unwrap();
            client.rx.filled(0);
            let error = receive(&mut session, &mut client).unwrap_err();
            assert!(!session.is_confirmed(), "{error}");
            let kind = error.kind();
            let expected = match at {
                0 => matches!(kind, ErrorKind::UnexpectedRecord { .. } | ErrorKind::UnexpectedChangeCipherSpec),
                3 | 4 => matches!(
                    kind,
                    ErrorKind::BadRecordMac
                        | ErrorKind::RecordOverflow { .. }
                        | ErrorKind::PeerEndedUnconfirmed { how: Ending::Silence }
                ),
                _ => kind == ErrorKind::BadRecordMac,
            };
            assert!(expected, "byte {at}, bit {bit}: {error}");
        }
    }
}

/// If the bytes to an end are cut off anywhere, its error is `Truncated`, in that state.
#[test]
fn a_handshake_that_is_cut_off_anywhere_is_truncated() {
    for retry in [false, true] {
        let records = clean_run(retry);
        for sender in [Role::Client, Role::Server] {
            let whole: usize = records
                .iter()
                .filter(|record| record.sender == sender && !is_confirming(record))
                .map(|record| record.bytes.len())
                .sum();
            let mut states = Vec::new();
            for len in 0..whole {
                let (mut client, mut server) = ends(retry, 1);
                let mut left = len;
                let [c, s] = relay(&mut client, &mut server, &mut |from, mut bytes| {
                    if from == sender {
                        bytes.truncate(left);
                        left -= bytes.len();
                    }
                    bytes
                });
                let cut_off = if sender == Role::Client { s } else { c }.unwrap_err();
                assert_eq!(cut_off.kind(), ErrorKind::Truncated, "after {len} bytes");
                assert_eq!(cut_off.alert(), None);
                states.push(cut_off.state());
                if let Err(other) = if sender == Role::Client { c } else { s } {
                    assert_eq!(other.kind(), ErrorKind::Truncated);
                }
            }
            states.dedup();
            let expected: &[State] = match (sender, retry) {
                (Role::Client, false) => &[State::WaitClientHello, State::WaitCertificate],
                // The first and the second ClientHello have the same state name.
                (Role::Client, true) => &[State::WaitClientHello, State::WaitCertificate],
                (Role::Server, _) => &[State::WaitServerHello, State::WaitEncryptedExtensions],
            };
            assert_eq!(states, expected, "a flight of one record is read when it is whole");
        }
    }
}

/// The same with records that are shorter than messages, so that each state is reached.
#[test]
fn short_records_are_cut_off_in_every_state() {
    // The ends of records depend on the length of messages, and these on features. Several limits together reach every
    // state.
    let mut seen: [Vec<State>; 2] = Default::default();
    for (limit, sender) in (64..72).flat_map(|limit| [(limit, Role::Client), (limit, Role::Server)]) {
        let short = || Policy::new().record_size_limit(limit);
        let mut number = 0;
        loop {
            let (mut client, mut server) = ends_with(short(), short(), 1);
            let mut left = number;
            let [c, s] = relay(&mut client, &mut server, &mut |from, bytes| {
                if from != sender {
                    return bytes;
                }
                let records = script::records(&bytes);
                let kept = records.len().min(left);
                left -= kept;
                records[..kept].concat()
            });
            let Err(error) = (if sender == Role::Client { s } else { c }) else { break };
            assert_eq!(error.kind(), ErrorKind::Truncated, "after {number} records");
            seen[usize::from(sender == Role::Server)].push(error.state());
            number += 1;
        }
        assert!(number > 8, "{number} records");
    }
    use State::*;
    let server = [WaitClientHello, WaitCertificate, WaitCertificateVerify, WaitFinished];
    let client = [WaitServerHello, WaitEncryptedExtensions, WaitCertificateRequest, WaitCertificate];
    assert!(server.iter().all(|state| seen[0].contains(state)));
    assert!(client.iter().chain(&server[2..]).all(|state| seen[1].contains(state)));
}

/// What the attacker does to the record number `at` of one direction.
#[derive(Clone, Copy, Debug)]
enum Splice {
    Replace,
    Before,
    After,
    Drop,
}

/// Two connections at once: each record of one is replaced by each record of either, or followed by it.
#[test]
fn records_of_another_connection_or_of_another_time_do_not_fit() {
    for retry in [false, true] {
        // The other connection runs first with the same identities, so its records are available.
        let own = clean_run(retry);
        let mut cases = 0;
        for target in own.iter().filter(|record| !is_confirming(record)) {
            let number = own.iter().filter(|other| other.sender == target.sender && other.from < target.from).count();
            for (from_own, source) in own.iter().map(|record| (true, record)).chain(own.iter().map(|r| (false, r))) {
                for splice in [Splice::Replace, Splice::Before, Splice::After, Splice::Drop] {
                    if matches!(splice, Splice::Drop) && (from_own || source.from > 0) {
                        continue; // once is enough
                    }
                    cases += 1;
                    one_splice(retry, target, number, source, from_own, splice);
                }
            }
        }
        assert!(cases > 150, "{cases}");
    }
}

fn one_splice(retry: bool, target: &Record, number: usize, source: &Record, from_own: bool, splice: Splice) {
    let (mut client, mut server) = ends(retry, 2);
    let mut seen: Vec<Record> = Vec::new();
    let mut at = 0;
    let (mut changed, mut twice) = (false, false);
    let outcome = relay(&mut client, &mut server, &mut |sender, bytes| {
        let mut out = Vec::new();
        for record in script::records(&bytes) {
            seen.push(Record { sender, from: 0, bytes: record.to_vec() });
            if sender != target.sender {
                out.extend(record);
                continue;
            }
            let here = at == number;
            at += 1;
            // The connection's own record, if it has been sent. Otherwise that of the recorded connection.
            let own = seen.iter().filter(|other| other.sender == source.sender);
            let own = own.clone().find(|other| other.bytes.len() == source.bytes.len()).filter(|_| from_own);
            let other = own.map_or(&source.bytes, |record| &record.bytes).clone();
            twice |= here && other == record;
            match splice {
                _ if !here => out.extend(record),
                Splice::Replace => {
                    changed = other != record;
                    out.extend(other);
                }
                Splice::Before => {
                    changed = true;
                    out.extend(other);
                    out.extend(record);
                }
                Splice::After => {
                    changed = true;
                    out.extend(record);
                    out.extend(other);
                }
                Splice::Drop => changed = true,
            }
        }
        out
    });
    let case = || {
        format!(
            "{splice:?} {} record {number} ({}) by {} record of type {} (own {from_own}): {outcome:?}",
            target.sender, target.bytes[0], source.sender, source.bytes[0]
        )
    };
    for error in outcome.into_iter().filter_map(Result::err) {
        assert_eq!(error.blame(), Blame::Peer, "{}", case());
    }
    let attacked = outcome[usize::from(target.sender == Role::Client)];
    // change_cipher_spec has no meaning (RFC 9846 §5): it may be dropped or repeated during the handshake.
    let only_ccs = (target.bytes[0] == CHANGE_CIPHER_SPEC || !matches!(splice, Splice::Replace | Splice::Drop))
        && (source.bytes[0] == CHANGE_CIPHER_SPEC || matches!(splice, Splice::Drop));
    // Bytes that are inserted after a whole flight come after the handshake, so they belong to the session.
    let behind = (matches!(splice, Splice::After) || twice) && target.bytes[0] == PROTECTED;
    if changed && !only_ccs && !behind {
        assert!(attacked.is_err(), "{}", case());
    }
    if outcome == [Ok(()), Ok(())] {
        let (mut c, s) = (client.hs.finish().unwrap(), server.hs.finish().unwrap());
        assert_eq!(c.exporter().expose_secret(), s.exporter().expose_secret(), "{}", case());
        let session = receive(&mut c, &mut client);
        match session {
            Ok((data, events)) => {
                assert_eq!((data, events), (vec![], vec![Event::Confirmed]), "{}", case());
            }
            Err(error) => assert!(behind && error.blame() == Blame::Peer, "{}: {error}", case()),
        }
    }
}

/// Two clients, each with its server, and an attacker who gives one client's whole flight to the other's server.
#[test]
fn a_flight_of_another_connection_proves_nothing() {
    for sender in [Role::Client, Role::Server] {
        let (mut client, mut server) = ends(false, 1);
        let mut recorded = Vec::new();
        let _ = relay(&mut client, &mut server, &mut |from, bytes| {
            if from == sender {
                recorded.push(bytes.clone());
            }
            bytes
        });
        let (mut client, mut server) = ends(false, 1); // even with the same seeds
        client.verdict = Verdict::Accept;
        let mut flight = 0;
        let outcome = relay(&mut client, &mut server, &mut |from, bytes| {
            if from != sender {
                return bytes;
            }
            flight += 1;
            recorded.get(flight - 1).cloned().unwrap_or_default()
        });
        let attacked = outcome[usize::from(sender == Role::Client)].unwrap_err();
        let expected = [ErrorKind::BadRecordMac, ErrorKind::PeerAlert { alert: AlertDescription::BAD_RECORD_MAC }];
        let unauthenticated = ErrorKind::UnauthenticatedAlert { alert: AlertDescription::BAD_RECORD_MAC };
        assert!(expected.contains(&attacked.kind()) || attacked.kind() == unauthenticated, "{attacked}");
    }
}
