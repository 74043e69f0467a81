//! What went wrong: who (peer, us, caller), during which state, what, and which alert was sent or received.
//!
//! An [`Error`] ends a connection (or asks for more memory); a [`Misuse`] is a call that does not fit and changes
//! nothing. [`ErrorKind`] is one table: each kind has its blame, its alert and its sentence in one line.
//!
//! Each of them has a `name()`. **Names are stable**: within a major version none is changed or given another meaning;
//! new ones may come. Build metrics and alerting on names, and show the sentences (`Display`) to people.

#[cfg(feature = "std")]
mod io;
mod key_kind;
mod kind;
mod misuse;
mod offered;
mod rejection;
mod sentences;

pub use key_kind::KeyKind;
pub use kind::{Ending, ErrorKind};
pub use misuse::Misuse;
pub use offered::Offered;
pub use rejection::Rejection;
pub(crate) use sentences::sentences;

use crate::codec::AlertDescription;
use crate::role::{Role, State, stable_names};
use core::fmt;

/// Who is to blame for an [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// The peer broke the protocol, ended the connection, or shares nothing with us.
    Peer,
    /// Our side decided so: a verdict, a declined question, a failed primitive.
    Us,
    /// The embedding program: memory too small. Nothing was lost; mend it and call again.
    Caller,
}

stable_names! { Blame: Peer Us Caller }

/// An alert, and which way it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alert {
    /// We send it: it lies in the outbox.
    Sent(AlertDescription),
    /// The peer sent it.
    Received(AlertDescription),
}

/// Why a connection cannot go on: who, during which state, what, and which alert. 24 bytes, `Copy`.
///
/// Only [`Error::is_fatal`] errors stay: every later call returns the same one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error {
    pub(crate) kind: ErrorKind,
    pub(crate) role: Role,
    pub(crate) state: State,
    /// An alert of ours tells the peer. False where our last had been said before, or where nobody knows yet.
    pub(crate) alerts: bool,
}

impl Error {
    /// What went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The kind's stable name, for metrics and alerting.
    pub fn name(&self) -> &'static str {
        self.kind.name()
    }

    /// Who is to blame.
    pub fn blame(&self) -> Blame {
        self.kind.blame()
    }

    /// Our role in the connection.
    pub fn role(&self) -> Role {
        self.role
    }

    /// What the connection awaited when it went wrong.
    pub fn state(&self) -> State {
        self.state
    }

    /// The alert that was sent or received. `None`: the transport just ended, or the caller can mend the matter.
    pub fn alert(&self) -> Option<Alert> {
        match self.kind.received() {
            Some(alert) => Some(Alert::Received(alert)),
            None if self.alerts => self.kind.alert().map(Alert::Sent),
            None => None,
        }
    }

    /// False: the caller's memory is too small, nothing has changed; call again with larger memory.
    pub fn is_fatal(&self) -> bool {
        self.kind.blame() != Blame::Caller
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.kind, self.state) {
            // Health checks do so all day long.
            (ErrorKind::Truncated, State::WaitClientHello) => {
                f.write_str(
                    "the peer closed the transport before its ClientHello was complete; checks of a port do so",
                )?;
            }
            (kind, _) => write!(f, "{kind}")?,
        }
        write!(f, " (as {}, in {}", self.role, self.state)?;
        if let Some(Alert::Sent(alert)) = self.alert() {
            write!(f, ", alert {alert} sent")?;
        }
        f.write_str(")")
    }
}

impl core::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;
    use std::string::String;

    #[test]
    fn who_only_looks_whether_the_port_is_open_is_told_from_who_breaks_off() {
        let error = |state| Error { kind: ErrorKind::Truncated, role: Role::Server, state, alerts: false };
        let told = |state| format!("{}", error(state));
        assert_eq!(
            told(State::WaitClientHello),
            "the peer closed the transport before its ClientHello was complete; checks of a port do so (as server, in \
             WaitClientHello)"
        );
        assert_eq!(
            told(State::WaitFinished),
            "the transport ended without close_notify: what has come may not be all (as server, in WaitFinished)"
        );
    }

    /// Names are stable: each is the variant's own, and a renamed variant is a new name.
    #[test]
    fn every_name_is_that_of_its_variant() {
        fn same(name: &str, debug: String) {
            assert_eq!(debug.split(|c: char| !c.is_alphanumeric()).next(), Some(name));
        }
        let alert = AlertDescription::UNKNOWN_CA;
        for misuse in [
            Misuse::StaleQuestion,
            Misuse::ForeignInbox,
            Misuse::ForeignOutbox,
            Misuse::ForeignReply,
            Misuse::NoRoom { needed: 1 },
            Misuse::UnfitCredential,
            Misuse::UnfitSignature,
            Misuse::UnfitExtension,
            Misuse::NoCommonSignatureScheme,
            Misuse::TooManyRequests,
            Misuse::NotNow,
            Misuse::InvalidServerName,
            Misuse::Closed,
            Misuse::NoRandomness,
        ] {
            same(misuse.name(), format!("{misuse:?}"));
        }
        for rejection in [
            Rejection::UnknownCa,
            Rejection::Expired,
            Rejection::Revoked,
            Rejection::WrongName,
            Rejection::BadCertificate,
            Rejection::UnsupportedCertificate,
            Rejection::AccessDenied,
            Rejection::CertificateUnknown,
            Rejection::Alert(alert),
        ] {
            same(rejection.name(), format!("{rejection:?}"));
        }
        for ending in [Ending::Alert(alert), Ending::Silence] {
            same(ending.name(), format!("{ending:?}"));
        }
        for blame in [Blame::Peer, Blame::Us, Blame::Caller] {
            same(blame.name(), format!("{blame:?}"));
        }
        for kind in [ErrorKind::NotTls, ErrorKind::Rejected { reason: Rejection::Revoked }] {
            same(kind.name(), format!("{kind:?}"));
        }
        for (name, at) in ErrorKind::TABLE.iter().map(|(name, ..)| name).zip(0..) {
            let twice = ErrorKind::TABLE.iter().position(|(other, ..)| other == name);
            assert_eq!(twice, Some(at), "{name} stands twice");
        }
    }

    #[test]
    fn a_bug_says_that_it_is_one_and_asks_for_a_report() {
        let error = Error { kind: ErrorKind::Bug, role: Role::Client, state: State::AskSign, alerts: true };
        let said = format!("{error}");
        assert!(said.contains("a bug in countersign") && said.contains("report"), "{said}");
        assert_eq!(ErrorKind::Bug.alert(), Some(AlertDescription::INTERNAL_ERROR));
        assert_eq!(ErrorKind::CryptoFailed.alert(), Some(AlertDescription::INTERNAL_ERROR));
    }
}
