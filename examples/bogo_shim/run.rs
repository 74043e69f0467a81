//! One connection, from the handshake to the close.

use crate::flags::{Expect, Flags};
use crate::talk::Talk;
use crate::wire::Wire;
use crate::{ours, tokens};
use countersign::x509::{self, JudgeOptions, RefusalReason, Trust};
use countersign::{
    AlertDescription, CertificateType, Error, Handshake, Misuse, Offer, Peer, Policy, Rejection, Role, Seed, Session,
    Verdict, Want,
};
use rustls_pki_types::{CertificateDer, UnixTime, pem::PemObject};
use std::fmt::{Debug, Display};

/// Why a test fails: the runner's token, and a sentence for people.
pub(crate) struct Failure {
    pub(crate) token: String,
    pub(crate) sentence: String,
}

impl Failure {
    pub(crate) fn new(token: impl Display, sentence: impl Display) -> Failure {
        Failure { token: token.to_string(), sentence: sentence.to_string() }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::new(tokens::token(&error), error)
    }
}

impl From<Misuse> for Failure {
    fn from(misuse: Misuse) -> Failure {
        Failure::new("INTERNAL_ERROR", misuse)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Failure {
        Failure::new("SYSCALL", error)
    }
}

/// Compares the results of a test with the expected ones.
fn expect<T: PartialEq + Debug>(what: &str, expected: &Option<T>, found: &T) -> Result<(), Failure> {
    match expected {
        Some(expected) if expected != found => {
            Err(Failure::new("EXPECTATION_NOT_MET", format!("{what}: expected {expected:02x?}, found {found:02x?}")))
        }
        _ => Ok(()),
    }
}

/// Runs the test.
pub(crate) fn run(flags: &Flags, wire: &mut Wire) -> Result<(), Failure> {
    let mut talk = Talk::new(handshake(flags, wire)?, flags.whole_session);
    if let Some(len) = flags.export {
        let mut out = vec![0; len];
        let exported = talk.exporter().export(&flags.export_label, &flags.export_context, &mut out);
        exported.map_err(|_| Failure::new("INTERNAL_ERROR", "nothing can be exported for this label"))?;
        talk.write(wire, &out)?;
    }
    if flags.export_traffic_secrets {
        talk.write_secrets(wire)?;
    }
    if flags.send_alert {
        return talk.abort(wire, AlertDescription::DECOMPRESSION_FAILURE);
    }
    if flags.read_with_unfinished_write {
        talk.seal(wire, b"hello")?;
        wire.send_some(1);
    } else if flags.shim_writes_first {
        talk.write(wire, b"hello")?;
    }
    if !flags.shim_shuts_down {
        talk.echo(flags, wire)?;
    }
    if flags.check_close_notify {
        talk.close(wire)?;
        wire.send();
    }
    if flags.check_close_notify && flags.shim_shuts_down {
        while let Some(len) = talk.receive(wire)? {
            wire.rx.consume(len);
        }
    }
    Ok(())
}

fn handshake(flags: &Flags, wire: &mut Wire) -> Result<Session, Failure> {
    let seed = Seed::random().map_err(|_| Misuse::NoRandomness)?;
    let mut hs = match flags.role {
        Role::Client => Handshake::client(&flags.policy, flags.server_name.as_deref(), seed)?,
        Role::Server => Handshake::server(&flags.policy, seed),
    };
    let mut chosen = None;
    loop {
        match hs.drive(&mut wire.rx, &mut wire.tx)? {
            Want::Write => wire.send(),
            Want::Read => wire.read()?,
            Want::Credential(question) => {
                let offer = hs.offer(&wire.rx)?;
                check_offer(&flags.expect, &offer)?;
                let choice = ours::choose(&flags.ours, &offer);
                match choice.map(|place| (place, flags.ours[place].credential())) {
                    _ if flags.reject_alpn => hs.decline(&question, AlertDescription::NO_APPLICATION_PROTOCOL)?,
                    Ok((place, Some(credential))) => {
                        chosen = Some(place);
                        hs.answer_credential(&question, &credential, &mut wire.tx)?;
                    }
                    Ok((_, None)) => return Err(Misuse::UnfitCredential.into()),
                    Err(token) => {
                        hs.decline(&question, AlertDescription::HANDSHAKE_FAILURE)?;
                        let _ = hs.drive(&mut wire.rx, &mut wire.tx);
                        return Err(Failure::new(token, "none of our credentials suits the peer"));
                    }
                }
            }
            Want::Sign(question) => {
                let signature = chosen.map(|place| flags.ours[place].sign(&question));
                match signature {
                    Some(Ok(signature)) => hs.answer_sign(&question, &signature, &mut wire.tx)?,
                    _ => hs.decline(&question, AlertDescription::INTERNAL_ERROR)?,
                }
            }
            Want::Verify(question) => {
                let peer = hs.peer(&wire.rx)?;
                check_peer(&flags.expect, &peer)?;
                let verdict = verdict(flags, &peer);
                hs.answer_verify(&question, verdict)?;
                if let (Verdict::Reject(Rejection::UnsupportedCertificate), Err(error)) =
                    (verdict, hs.drive(&mut wire.rx, &mut wire.tx).map(drop))
                {
                    return Err(Failure::new("KEY_USAGE_BIT_INCORRECT", error));
                }
            }
            Want::Done => break,
        }
    }
    check_handshake(flags, &hs, chosen)?;
    Ok(hs.finish()?)
}

/// Accepts any peer whose key may sign. Its signature has been verified before.
fn verdict(flags: &Flags, peer: &Peer<'_>) -> Verdict {
    if let Some(alert) = flags.verify_fail {
        return Verdict::Reject(Rejection::Alert(alert));
    }
    if let (CertificateType::RAW_PUBLIC_KEY, Some(pin)) = (peer.certificate_type(), flags.expect.peer_key) {
        let expect = [x509::Expect::Spki(pin)];
        return Verdict::from(&Trust::raw_keys_only().judge(peer, &JudgeOptions::new(&expect, UnixTime::now())));
    }
    let trust = flags.trust.as_ref().and_then(|roots| Trust::from_roots("-trust-cert", roots).ok());
    let judged = trust.map(|trust| trust.judge(peer, &JudgeOptions::new(&[], UnixTime::now())));
    match judged {
        Some(Err(refusal)) if matches!(refusal.reason(), RefusalReason::KeyUsage(_)) => Verdict::from(&refusal),
        _ => Verdict::Accept,
    }
}

fn check_offer(expected: &Expect, offer: &Offer<'_>) -> Result<(), Failure> {
    let schemes = Some(&expected.peer_schemes).filter(|schemes| !schemes.is_empty()).cloned();
    expect("signature_algorithms", &schemes, &offer.signature_schemes().collect())?;
    let names = offer.certificate_authorities().map(<[u8]>::to_vec).collect();
    expect("certificate_authorities", &expected.authorities, &names)?;
    let alpn = offer.alpn().flat_map(|name| [&[name.len() as u8], name].concat()).collect();
    expect("offered ALPN", &expected.advertised_alpn, &alpn)
}

fn check_peer(expected: &Expect, peer: &Peer<'_>) -> Result<(), Failure> {
    let pem = expected.peer_chain.as_ref();
    let chain = pem.map(|pem| CertificateDer::pem_slice_iter(pem).flatten().map(|each| each.to_vec()).collect());
    expect("certificate type", &expected.peer_type, &peer.certificate_type())?;
    expect("chain", &chain, &peer.chain().map(<[u8]>::to_vec).collect::<Vec<_>>())?;
    expect("OCSP staple", &expected.ocsp_staple, &peer.ocsp_staple().unwrap_or_default().to_vec())?;
    expect("SCTs", &expected.scts, &peer.scts().unwrap_or_default().to_vec())
}

fn check_handshake(flags: &Flags, hs: &Handshake<&Policy>, chosen: Option<usize>) -> Result<(), Failure> {
    let expected = &flags.expect;
    expect("group", &expected.group.map(Some), &hs.group())?;
    expect("HelloRetryRequest", &expected.retried, &hs.retried())?;
    expect("peer's scheme", &expected.peer_scheme, &hs.peer_scheme().map_or(0, |scheme| scheme.0))?;
    expect("ALPN", &expected.alpn, &hs.alpn().unwrap_or_default().to_vec())?;
    expect("server name", &expected.server_name, &hs.server_name().unwrap_or_default().as_bytes().to_vec())?;
    // Our last credential is the default one, which the runner calls -1.
    let chosen = chosen.filter(|place| place + 1 < flags.ours.len()).map_or(-1, |place| place as isize);
    expect("selected credential", &expected.selected, &chosen)
}
