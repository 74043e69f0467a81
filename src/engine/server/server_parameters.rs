//! The server's messages before it signs: ServerHello (RFC 9846 §4.2.3), EncryptedExtensions and CertificateRequest
//! (§4.4), Certificate (§4.5.1).

use super::authentication::AskSign;
use crate::codec::{
    KeyShareEntry, TLS13, Writer, write_certificate_request, write_encrypted_extensions, write_server_hello,
};
use crate::crypto::{KeyExchange, Share, share_lens};
use crate::engine::authenticate::{ask_to_sign, choose_scheme, plan_certificate, send_certificate};
use crate::engine::certificate_request::write_extensions;
use crate::engine::check::bad_share;
use crate::engine::chosen::Choice;
use crate::engine::effects::{Effects, Plan, Secret, limit_records, plan, send};
use crate::engine::negotiated::Negotiated;
use crate::engine::question::Credential;
use crate::engine::transition::Context;
use crate::error::ErrorKind;
use crate::policy::{Bytes, Policy};
use crate::role::Role;
use crate::schedule::{Early, Transcript, at};

/// The ClientHello has been accepted. The caller is asked for our credential.
pub(crate) struct AskCredential {
    /// ServerHello.random.
    pub(super) random: [u8; 32],
    pub(super) transcript: Transcript<at::ClientHello>,
    pub(super) choice: Choice,
}

impl AskCredential {
    /// Sends ServerHello ... Certificate. The key exchange is the first asymmetric operation.
    pub(super) fn present(
        self,
        cx: &mut Context<'_>,
        credential: &Credential<'_>,
        out: &mut impl Effects,
    ) -> Result<AskSign, ErrorKind> {
        let AskCredential { random, transcript, choice } = self;
        let Choice { suite, group, .. } = choice;
        let scheme = choose_scheme(&choice.preferences, credential)?;
        cx.negotiated.set_own_scheme(scheme);
        let client_share = choice.client_share.as_ref().ok_or(ErrorKind::Bug)?;
        let (server_share, shared_secret) =
            KeyExchange::respond(group, client_share.as_ref(), cx.policy.crypto).map_err(bad_share(group))?;

        let transcript = send(out, transcript, |w| server_hello(&random, &choice, server_share.as_ref(), w))?;
        if cx.negotiated.middlebox_compatibility && !cx.negotiated.retried {
            out.change_cipher_spec()?; // after the first handshake message (§E.4)
        }
        let handshake = Early::new(suite.hash()).handshake(shared_secret);
        let secrets = handshake.traffic(&transcript.hash());
        out.write_key(suite, Secret::Handshake(&secrets.server))?;
        limit_records(out, cx.policy, choice.record_size_limit);

        let transcript = send(out, transcript, |w| encrypted_extensions(cx.policy, cx.negotiated, &choice, w))?;
        let transcript = send(out, transcript, |w| certificate_request(cx.policy, credential, w))?;
        let transcript = send_certificate(out, transcript, &choice.preferences, credential)?;
        let question = ask_to_sign(Role::Server, scheme, &transcript.hash());
        Ok(AskSign { suite, transcript, secrets, main: handshake.main(), question })
    }

    /// Plans what [`present`](Self::present) sends.
    pub(super) fn plan_present(
        &self,
        policy: &Policy,
        negotiated: &Negotiated,
        credential: &Credential<'_>,
        out: &mut impl Plan,
    ) -> Result<(), ErrorKind> {
        plan_present(policy, negotiated, &self.choice, credential, out)
    }
}

/// Plans the longest flight that a server sends before it signs, whatever the client asks for.
pub(crate) fn plan_longest_present(
    policy: &Policy,
    extension: Option<&Bytes>,
    peers_limit: u16,
    credential: &Credential<'_>,
    out: &mut impl Plan,
) -> Result<(), ErrorKind> {
    let negotiated = Negotiated::longest(true, extension);
    plan_present(policy, &negotiated, &Choice::longest(policy, peers_limit), credential, out)
}

fn plan_present(
    policy: &Policy,
    negotiated: &Negotiated,
    choice: &Choice,
    credential: &Credential<'_>,
    out: &mut impl Plan,
) -> Result<(), ErrorKind> {
    let [_, len] = share_lens(choice.group);
    let any_share = [0; Share::MAX_LEN];
    let server_share = any_share.get(..len).ok_or(ErrorKind::Bug)?;

    plan(out, |w| server_hello(&[0; 32], choice, server_share, w))?;
    if negotiated.middlebox_compatibility && !negotiated.retried {
        out.change_cipher_spec();
    }
    out.write_key();
    if let Some(limit) = choice.record_size_limit {
        out.peer_record_size_limit(limit);
    }

    plan(out, |w| encrypted_extensions(policy, negotiated, choice, w))?;
    plan(out, |w| certificate_request(policy, credential, w))?;
    plan_certificate(out, &choice.preferences, credential)
}

/// ServerHello (§4.2.3).
fn server_hello(random: &[u8; 32], choice: &Choice, key_exchange: &[u8], w: &mut Writer<'_>) {
    let session_id = choice.legacy_session_id.as_slice();
    write_server_hello(w, random, session_id, choice.suite.number(), |w| {
        w.selected_version(TLS13);
        w.server_share(KeyShareEntry { group: choice.group, key_exchange });
    });
}

/// EncryptedExtensions (§4.4.1): the answers to the client's extensions.
fn encrypted_extensions(policy: &Policy, negotiated: &Negotiated, choice: &Choice, w: &mut Writer<'_>) {
    write_encrypted_extensions(w, |w| {
        if choice.server_name.as_str().is_some() {
            w.server_name_used();
        }
        if let Some(name) = choice.alpn.and_then(|number| policy.protocol(number)) {
            w.selected_protocol(name);
        }
        if let (Some(own), Some(_)) = (policy.record_size_limit, choice.record_size_limit) {
            w.record_size_limit(own);
        }
        if choice.offers_client_types {
            w.client_certificate_type(choice.peer_type);
        }
        if choice.offers_server_types {
            w.server_certificate_type(choice.own_type);
        }
        if let Some((extension, body)) = negotiated.extension.as_ref().filter(|_| choice.offers_extension) {
            w.extension(*extension, |w| w.bytes(body.as_slice()));
        }
    });
}

/// CertificateRequest (§4.4.2), which is always sent.
fn certificate_request(policy: &Policy, credential: &Credential<'_>, w: &mut Writer<'_>) {
    let authorities = credential.certificate_authorities.unwrap_or(policy.certificate_authorities.as_slice());
    write_certificate_request(w, &[], |w| write_extensions(policy, authorities, w));
}
