//! R1: a program may send its parts to another thread, and read them from several.

use countersign::flow::{Flow, FlowInbox, FlowOutbox};
use countersign::x509::{Answerer, Identities, Identity, Reloadable, SignatureMemo, SigningKey, Trust};
use countersign::{
    Credential, CredentialQuestion, Error, Event, Exporter, Handshake, Inbox, Outbox, Peer, Policy, Receiver, Seed,
    Sender, Session, SignQuestion, Step, Verdict, VerifyQuestion, Want,
};

fn send_and_sync<T: Send + Sync>() {}

fn kept_for_later<T: Send + Sync + Clone + 'static>() {}

#[test]
fn a_connection_and_all_its_parts_are_send_and_sync() {
    send_and_sync::<Handshake<Policy>>();
    send_and_sync::<Handshake<&Policy>>();
    send_and_sync::<Session>();
    send_and_sync::<Sender>();
    send_and_sync::<Receiver>();
    send_and_sync::<Exporter>();
    send_and_sync::<Inbox<Vec<u8>>>();
    send_and_sync::<Outbox<Vec<u8>>>();
    send_and_sync::<Flow<Policy>>();
    send_and_sync::<FlowInbox<Vec<u8>>>();
    send_and_sync::<FlowOutbox<Vec<u8>>>();
    send_and_sync::<Peer<'_>>();
    send_and_sync::<Credential<'_>>();
    send_and_sync::<Seed>();
    send_and_sync::<Event>();
}

#[test]
fn who_answers_is_send_and_sync() {
    send_and_sync::<Answerer>();
    send_and_sync::<Identity>();
    send_and_sync::<Identities>();
    send_and_sync::<SigningKey>();
    send_and_sync::<Trust>();
    send_and_sync::<Reloadable<Trust>>();
    send_and_sync::<SignatureMemo>();
}

#[test]
fn questions_verdicts_and_errors_can_be_kept_for_later_anywhere() {
    kept_for_later::<Want>();
    kept_for_later::<Step>();
    kept_for_later::<CredentialQuestion>();
    kept_for_later::<SignQuestion>();
    kept_for_later::<VerifyQuestion>();
    kept_for_later::<Verdict>();
    kept_for_later::<Error>();
    kept_for_later::<Policy>();
}
