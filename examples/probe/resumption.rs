//! A client of pre-shared keys (RFC 9846 §2.2, §4.3.11), here and nowhere else: does a ticket let somebody in without a
//! fresh proof?

use crate::net;
use crate::target::Target;
use countersign::adversary::catalogue::{Case, Right, Who, all};
use countersign::adversary::peer::{Edit, Key, Msg, Peer, written};
use countersign::adversary::run::{Outcome, Want};
use countersign::adversary::script::Step;
use countersign::internals::codec::NewSessionTicket;
use countersign::internals::crypto::{CryptoMode, Hash, Label, Prk, Secret, Suite, TrafficKey};
use countersign::{AlertDescription, Epoch, ExtensionType, HandshakeType, Role};
use ring::hmac;

/// A ticket, and the key that goes with it.
pub(crate) struct Ticket {
    identity: Vec<u8>,
    age_add: u32,
    psk: Vec<u8>,
    suite: Suite,
    early_data: bool,
}

/// What is done with a ticket.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    Resume,
    WrongBinder,
    Forged,
    EarlyData,
}

/// The cases, all against servers.
pub(crate) fn cases() -> Vec<Case> {
    use HandshakeType as H;
    // If the server takes the ticket, this is all; if it does not, a Certificate is missing.
    let resume = || vec![Step::Send(H::CLIENT_HELLO), Step::Await(H::FINISHED), Step::Send(H::FINISHED), Step::Ask];
    let case = |name: &str, who, script: Vec<Step>, consequence: &str| Case {
        name: format!("resumption/{name}"),
        target: Role::Server,
        quick: true,
        who,
        script,
        rule: "RFC 9846 §2.2",
        requirements: Vec::new(),
        right: Right::Refuse(&[]),
        may_wait: false,
        unless: None,
        lax: false,
        consequence: consequence.into(),
    };
    let again = "a ticket lets its holder in again without a new proof, as TLS allows: whoever is revoked meanwhile stays until \
                 it ends";
    let early = Case {
        script: vec![Step::Send(H::CLIENT_HELLO), Step::Ask],
        may_wait: true,
        ..case(
            "early-data",
            Who::Good,
            vec![],
            "data in 0-RTT was answered, which is not proved afresh and can be replayed",
        )
    };
    let mut cases = vec![
        Case { lax: true, ..case("ticket-of-a-good-client", Who::Good, resume(), again) },
        Case { lax: true, rule: "RFC 9846 §F.5", ..early },
        Case {
            rule: "RFC 9846 §4.3.11",
            right: Right::Refuse(&[AlertDescription::DECRYPT_ERROR, AlertDescription::ILLEGAL_PARAMETER]),
            ..case("wrong-binder", Who::Good, resume(), "a client was served that has a ticket and not its key")
        },
        case("forged-ticket", Who::Good, resume(), "a client was served by a ticket that it made up"),
    ];
    for (name, who) in [("other-ca", Who::OtherCa), ("expired", Who::Expired), ("revoked", Who::Revoked)] {
        let words = "a stranger got a ticket before the server had judged its certificate, and was served by it";
        cases.push(case(&format!("ticket-of-{name}"), who, resume(), words));
    }
    let words = "a client without any certificate got a ticket, and was served by it";
    cases.push(case("ticket-of-nobody", Who::Good, resume(), words));
    cases
}

/// The handshake that gives the ticket.
fn giver(case: &Case) -> Option<Case> {
    let name = match case.name.strip_prefix("resumption/ticket-of-")? {
        "nobody" => "certificate/none".to_string(),
        "a-good-client" => return None,
        who => format!("certificate/{who}"),
    };
    all(Role::Server).into_iter().find(|case| case.name == name)
}

/// The case that tells whether the target gives tickets at all.
pub(crate) const OF_A_GOOD_CLIENT: &str = "resumption/ticket-of-a-good-client";
/// Nothing to get in by.
pub(crate) const NO_TICKET: &str = "it gives no ticket";

/// Why a case cannot be played.
pub(crate) type NotPlayed = String;

/// Gets a ticket and uses it.
pub(crate) fn play(
    target: &Target,
    case: &Case,
    tap: net::Tap<'_>,
    keys: &mut String,
) -> Result<(Outcome, Vec<u8>), NotPlayed> {
    let how = match case.name.trim_start_matches("resumption/") {
        "wrong-binder" => Use::WrongBinder,
        "forged-ticket" => Use::Forged,
        "early-data" => Use::EarlyData,
        _ => Use::Resume,
    };
    let giver = giver(case).unwrap_or_else(|| countersign::adversary::catalogue::good(Role::Server));
    let unreached = |error: std::io::Error| format!("the target could not be reached: {error}");
    // Closed before the next: some serve one at a time.
    let mut ticket = {
        // Without this extension nobody may be given a ticket (§4.7.1).
        let edits: Vec<(HandshakeType, Edit<'_>)> = vec![(HandshakeType::CLIENT_HELLO, &resumes)];
        let (stream, mut run, _) = target.begin(&giver, edits).map_err(unreached)?;
        net::play(&stream, &mut run, target.waits, &target.limits, &mut |_, _| {});
        ticket(run.peer()).ok_or(NO_TICKET)?
    };
    if how == Use::EarlyData && !ticket.early_data {
        return Err("its tickets allow no early data".into());
    }
    if how == Use::Forged {
        ticket.identity.iter_mut().for_each(|byte| *byte ^= 0x55);
    }
    let early_secret = || Secret::extract(ticket.suite.hash(), &vec![0; ticket.psk.len()], &ticket.psk);
    let edit = |msg: &mut Msg| offer(msg, &ticket, &early_secret(), how);
    let edits: Vec<(HandshakeType, Edit<'_>)> = vec![(HandshakeType::CLIENT_HELLO, &edit)];
    if !target.limits.wait() {
        return Err("no time was left".into());
    }
    let (stream, mut run, marker) = target.begin(case, edits).map_err(unreached)?;
    let peer = run.peer_mut();
    (peer.suite, peer.more_suites) = (ticket.suite, Vec::new());
    peer.early_secret = Some(early_secret());
    if how == Use::EarlyData && run.want() == Want::Write {
        let peer = run.peer_mut();
        let secret = Prk::new(&early_secret()).derive_secret(label(b"c e traffic")?, Some(&peer.transcript_hash()));
        let key = TrafficKey::derive(&Prk::new(&secret), ticket.suite, CryptoMode::Real);
        peer.write = Some(Key::new(Epoch::Handshake, key.map_err(|error| error.to_string())?));
    }
    let outcome = net::play(&stream, &mut run, target.waits, &target.limits, tap);
    keys.push_str(&run.peer().key_log());
    Ok((outcome, marker))
}

fn label(name: &'static [u8]) -> Result<Label<'static>, String> {
    Label::new(name).ok_or_else(|| "a label".to_string())
}

/// The last ticket of a connection, and its PSK (§4.7.1).
fn ticket(peer: &Peer<'_>) -> Option<Ticket> {
    let message = peer.received(HandshakeType::NEW_SESSION_TICKET)?;
    let ticket = NewSessionTicket::parse(message.get(4..)?).ok()?;
    let finished: Hash = peer.transcript_hash();
    let resumption_secret = peer.main_secret.as_ref()?.derive_secret(label(b"res master").ok()?, Some(&finished));
    Some(Ticket {
        identity: ticket.ticket.to_vec(),
        age_add: ticket.ticket_age_add,
        psk: expand(&resumption_secret, b"tls13 resumption", ticket.ticket_nonce, peer.suite),
        suite: peer.suite,
        early_data: ticket.extensions.has(ExtensionType::EARLY_DATA),
    })
}

/// HKDF-Expand-Label with a context that is no hash, of one block.
fn expand(secret: &Secret, label: &[u8], context: &[u8], suite: Suite) -> Vec<u8> {
    let len = suite.hash().output_len();
    let algorithm = if len == 32 { hmac::HMAC_SHA256 } else { hmac::HMAC_SHA384 };
    let info = written(|w| {
        w.u16(len as u16);
        w.vec_u8(|w| w.bytes(label));
        w.vec_u8(|w| w.bytes(context));
        w.u8(1);
    });
    hmac::sign(&hmac::Key::new(algorithm, secret.expose()), &info).as_ref().to_vec()
}

/// The client may resume, with an ECDHE exchange (§4.3.9).
fn resumes(msg: &mut Msg) {
    msg.push(ExtensionType::PSK_KEY_EXCHANGE_MODES, &[1, 1]);
}

/// Adds the offer, with its binder, to a ClientHello (§4.3.11).
fn offer(msg: &mut Msg, ticket: &Ticket, early_secret: &Secret, how: Use) {
    let len = ticket.psk.len();
    let body = |binder: &[u8]| {
        written(|w| {
            w.vec_u16(|w| {
                w.vec_u16(|w| w.bytes(&ticket.identity));
                w.u32(ticket.age_add.wrapping_add(100));
            });
            w.vec_u16(|w| w.vec_u8(|w| w.bytes(binder)));
        })
    };
    resumes(msg);
    if how == Use::EarlyData {
        msg.push(ExtensionType::EARLY_DATA, &[]);
    }
    msg.push(ExtensionType::PRE_SHARED_KEY, &body(&vec![0; len]));
    // All but the list of binders is bound by them.
    let mut bound = msg.bytes();
    bound.truncate(bound.len() - len - 3);
    let hash = ticket.suite.hash();
    let binder = |name: &'static [u8]| {
        let binder_key = Prk::new(early_secret).derive_secret(Label::new(name)?, Some(&hash.hash_of_nothing()));
        let finished_key = Prk::new(&binder_key).derive_secret(Label::new(b"finished")?, None);
        Some(Prk::new(&finished_key).mac(&hash.hash(&bound)).as_ref().to_vec())
    };
    let mut binder = binder(b"res binder").unwrap_or_default();
    if how == Use::WrongBinder
        && let Some(byte) = binder.first_mut()
    {
        *byte ^= 1;
    }
    msg.set(ExtensionType::PRE_SHARED_KEY, &body(&binder));
}
