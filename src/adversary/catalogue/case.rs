//! One deviation, and what is right then.

use super::who::Who;
use crate::adversary::script::{Change, Step, instead, legal};
use crate::codec::{AlertDescription, ExtensionType, HandshakeType};
use crate::role::Role;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// What is said about a value that makes no sense (§6.2).
pub(super) const ILLEGAL: &[AlertDescription] = &[AlertDescription::ILLEGAL_PARAMETER];
/// What is said about a message that cannot be parsed.
pub(super) const DECODE: &[AlertDescription] = &[AlertDescription::DECODE_ERROR, AlertDescription::ILLEGAL_PARAMETER];

/// What a target may say about a certificate that it does not trust (§6.2).
pub(super) const NOT_TRUSTED: Right = Right::Refuse(&[
    AlertDescription::BAD_CERTIFICATE,
    AlertDescription::UNSUPPORTED_CERTIFICATE,
    AlertDescription::CERTIFICATE_REVOKED,
    AlertDescription::CERTIFICATE_EXPIRED,
    AlertDescription::CERTIFICATE_UNKNOWN,
    AlertDescription::UNKNOWN_CA,
    AlertDescription::ACCESS_DENIED,
    AlertDescription::HANDSHAKE_FAILURE,
    AlertDescription::DECRYPT_ERROR,
]);

/// One deviation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Its name: stable, unique for each target.
    pub name: String,
    /// Whom it attacks.
    pub target: Role,
    /// The case asks whether a stranger can get in.
    pub quick: bool,
    /// Who the peer says it is.
    pub who: Who,
    /// What it does.
    pub script: Vec<Step>,
    /// Where the rule stands.
    pub rule: &'static str,
    /// The requirements of `docs/requirements.txt` that it tries.
    pub requirements: Vec<&'static str>,
    /// What is right.
    pub right: Right,
    /// The target may continue to wait, for example for the rest of a message.
    pub may_wait: bool,
    /// If the target's hello has this extension, the case is no deviation.
    pub unless: Option<ExtensionType>,
    /// To serve the peer is lax, but lets no stranger in. It counts as a wrong alert does.
    pub lax: bool,
    /// What it means if the peer is served nevertheless.
    pub consequence: String,
}

/// What a target does if it is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// It does not serve the peer. Its alert, if it sends one, is one of these; an empty list allows any alert.
    Refuse(&'static [AlertDescription]),
    /// It serves the peer.
    Serve,
    /// It serves the peer, as if it did not know what is wrong, or refuses it by one of these.
    Either(&'static [AlertDescription]),
    /// The standards leave it open.
    Open,
}

/// The case without a deviation.
pub fn good(target: Role) -> Case {
    case(target, "good", legal(target.peer()), "RFC 9846 §2", Right::Serve)
}

/// A case in which one message is changed.
pub(super) fn bent(target: Role, message: HandshakeType, name: &str, changes: Vec<Change>, right: Right) -> Case {
    let script = instead(legal(target.peer()), message, [Step::Changed(message, changes)]);
    case(target, format!("{message}/{name}"), script, "RFC 9846 §4.3", right).damaged()
}

pub(super) fn case(target: Role, name: impl Into<String>, script: Vec<Step>, rule: &'static str, right: Right) -> Case {
    Case {
        name: name.into(),
        target,
        quick: false,
        who: Who::Good,
        script,
        rule,
        requirements: Vec::new(),
        right,
        may_wait: false,
        unless: None,
        lax: false,
        consequence: String::new(),
    }
}

impl Case {
    pub(super) fn quick(mut self) -> Case {
        self.quick = true;
        self
    }

    pub(super) fn by(mut self, who: Who) -> Case {
        self.who = who;
        self
    }

    pub(super) fn may_wait(mut self) -> Case {
        self.may_wait = true;
        self
    }

    pub(super) fn lax(mut self) -> Case {
        self.lax = true;
        self
    }

    pub(super) fn req(mut self, ids: &[&'static str]) -> Case {
        self.requirements.extend(ids);
        self
    }

    /// The peer breaks the protocol, but proves who it is.
    pub(super) fn damaged(self) -> Case {
        self.so("a peer that broke the protocol was served, once it had proved who it is").lax()
    }

    /// The same where the proof, or the protection of the data, is at stake.
    pub(super) fn grave(mut self, consequence: impl Into<String>) -> Case {
        self.lax = false;
        self.so(consequence)
    }

    pub(super) fn so(mut self, consequence: impl Into<String>) -> Case {
        self.consequence = consequence.into();
        self
    }
}
