//! `countersign`: a TLS 1.3 handshake and record state machine for **mutual TLS only**, sans-IO.
//!
//! Both sides show a certificate and prove that they hold its key, both judge whose it is, or nothing happens. The
//! machine has no socket, clock, thread or callback: [`Handshake::drive`] says what it wants ([`Want`]), the caller
//! provides it and drives again, until there is a [`Session`].
//!
//! This is all there is between the machine and a socket, for clients and servers alike:
//!
//! ```
//! # #[cfg(feature = "x509")]
//! # mod example {
//! use countersign::pki_types::UnixTime;
//! use countersign::x509::{Answerer, Expect, Identities, Identity, Reloadable, Trust};
//! use countersign::{Handshake, Inbox, Outbox, Policy, Seed, Session, Want};
//! use std::{error::Error, io::Read, io::Write, net::TcpStream, sync::Arc};
//!
//! fn shake_hands(
//!     hs: &mut Handshake<Policy>,
//!     answerer: &mut Answerer,
//!     io: &mut TcpStream,
//!     (rx, tx): (&mut Inbox<Vec<u8>>, &mut Outbox<Vec<u8>>),
//! ) -> Result<Session, Box<dyn Error>> {
//!     loop {
//!         match hs.drive(rx, tx) {
//!             Ok(Want::Write) => { let n = io.write(tx.pending())?; tx.sent(n) }
//!             Ok(Want::Read) => { let n = io.read(rx.space())?; rx.filled(n) } // 0: the end of the stream
//!             Ok(Want::Done) => return Ok(hs.finish()?),
//!             Ok(question) => drop(answerer.answer(hs, &question, rx, tx)?), // Credential, Sign, Verify
//!             Err(error) => { io.write_all(tx.pending())?; return Err(error.into()) } // the alert is in tx
//!         }
//!     }
//! }
//!
//! /// `our_chain` and `our_key`: who we are. `ca`: whom we trust. `server`: whom we expect. The files are in PEM.
//! fn client(
//!     our_chain: &[u8],
//!     our_key: &[u8],
//!     ca: &[u8],
//!     server: &str,
//!     io: &mut TcpStream,
//! ) -> Result<Session, Box<dyn Error>> {
//!     let identities = Identities::new(Identity::from_pem_or_der(our_chain, our_key)?);
//!     let trust = Trust::from_roots("ca.pem", ca)?;
//!     let expect: Expect = server.parse()?;
//!     let (identities, trust) = (Arc::new(Reloadable::new(identities)), Arc::new(Reloadable::new(trust)));
//!     let mut answerer = Answerer::new(identities, trust, [expect], UnixTime::now());
//!     let mut hs = Handshake::client(Policy::new(), Some(server), Seed::random()?)?; // or ::server(policy, seed)
//!     let (mut rx, mut tx) = (Inbox::new(vec![0; 32 * 1024]), Outbox::new(vec![0; 20 * 1024]));
//!     shake_hands(&mut hs, &mut answerer, io, (&mut rx, &mut tx)) // rx and tx go on with the session
//! }
//! #
//! # fn server(chain: &[u8], key: &[u8], ca: &[u8], io: &mut TcpStream) -> Result<Session, Box<dyn Error>> {
//! #     let identities = Arc::new(Reloadable::new(Identities::new(Identity::from_pem_or_der(chain, key)?)));
//! #     let trust = Arc::new(Reloadable::new(Trust::from_roots("ca.pem", ca)?));
//! #     let mut answerer = Answerer::new(identities, trust, ["client.test".parse()?], UnixTime::now());
//! #     let mut hs = Handshake::server(Policy::new(), Seed::random()?);
//! #     let (mut rx, mut tx) = (Inbox::new(vec![0; 32 * 1024]), Outbox::new(vec![0; 20 * 1024]));
//! #     shake_hands(&mut hs, &mut answerer, io, (&mut rx, &mut tx))
//! # }
//! #
//! # pub fn main() -> Result<(), Box<dyn Error>> {
//! #     let mut params = rcgen::CertificateParams::default();
//! #     params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
//! #     let ca = rcgen::CertifiedIssuer::self_signed(params, rcgen::KeyPair::generate()?)?;
//! #     let issue = |name: &str| -> Result<(String, String), rcgen::Error> {
//! #         let key = rcgen::KeyPair::generate()?;
//! #         let certificate = rcgen::CertificateParams::new([name.to_owned()])?.signed_by(&key, &ca)?;
//! #         Ok((certificate.pem(), key.serialize_pem()))
//! #     };
//! #     let ((client_chain, client_key), (server_chain, server_key)) = (issue("client.test")?, issue("server.test")?);
//! #     let (ca, listener) = (ca.pem(), std::net::TcpListener::bind("127.0.0.1:0")?);
//! #     let mut io = TcpStream::connect(listener.local_addr()?)?;
//! #     let (mut accepted, _) = listener.accept()?;
//! #     std::thread::scope(|scope| {
//! #         scope.spawn(|| {
//! #             server(server_chain.as_bytes(), server_key.as_bytes(), ca.as_bytes(), &mut accepted).map(drop).unwrap()
//! #         });
//! #         client(client_chain.as_bytes(), client_key.as_bytes(), ca.as_bytes(), "server.test", &mut io).map(drop)
//! #     })
//! # }
//! # }
//! # #[cfg(feature = "x509")]
//! # example::main().unwrap();
//! ```
//!
//! Where to look: [`Handshake`] and [`Session`] for records over a stream, [`flow`] for transports that protect
//! handshake bytes themselves, [`x509`] for the answers to the questions, [`ErrorKind`] for everything that can go wrong,
//! [`table`] for the transitions; and `tests/step_by_step.rs` for a handshake told step by step.
//!
//! ## Features
//!
//! | Feature | Default | Gives |
//! |---|---|---|
//! | `x509` | yes | chains, names, CRLs, key files; needs `std` |
//! | `std` | by `x509` | the standard library |
//! | `alloc` | by `std` | RSA |
//! | `stream` | no | mutual TLS over `std`'s sockets and anything else that reads and writes; needs `x509` |
//! | `mlkem` | no | the hybrid groups X25519MLKEM768 (offered first) and SecP256r1MLKEM768, and `Policy::require_post_quantum`; no heap needed; Rust 1.94 |
//! | `mldsa` | no | ML-DSA-44, 65 and 87: in CertificateVerify, certificates and CRLs, and for our own keys; Rust 1.94 |
//! | `aws-lc-rs` | no | aws-lc-rs instead of *ring*: often faster, and verifies P-521; needs `std` and a heap |
//! | `tokio` | no | the same over tokio's `AsyncRead` and `AsyncWrite`; needs `x509` |
//! | `quinn` | no | mutual TLS for QUIC, by quinn-proto and quinn 0.11; needs `x509`; follows their versions, so no promise of stability |
//! | `study` | no | explains handshakes byte by byte, from captured records and a key log; needs `x509` |
//! | `study-pcap` | no | reads captures (pcap, pcapng) for `study` |
//! | `study-live` | no | `study` of live runs with published private keys, so that every secret can be shown; enables the test seams: for learning, not for products |
//! | `adversary` | no | a peer that breaks one rule at a time, to test any implementation of mutual TLS; no test seams, needs `x509`; no promise of stability |
#![no_std]
#![forbid(unsafe_code)]
#![deny(missing_docs)]
// docs.rs shows beside each item which feature gives it.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

/// The layers below the handshake: certificates, messages, cryptography, key schedule; for study, for tests and for tools.
///
/// **No promise of stability.** What is here may change in any release. A connection never needs it:
/// [`Handshake`], [`Session`] and the types they name are at the root.
#[path = "."]
pub mod internals {
    pub mod asn1;
    pub mod codec;
    pub mod crypto;
    pub mod schedule;
}
#[cfg(any(feature = "quinn", feature = "stream", feature = "tokio"))]
pub mod adapters;
#[cfg(feature = "adversary")]
pub mod adversary;
mod engine;
pub mod error;
mod flight;
/// The handshake by messages, for transports that protect handshake bytes themselves, as QUIC does: [`Flow`](flow::Flow) and
/// its memory.
pub mod flow {
    pub use crate::handshake::{ExposedSecret, Flow, FlowSession};
    pub use crate::messages::{FlowInbox, FlowOutbox};
}
mod handshake;
pub mod limits;
mod list;
mod memory;
mod messages;
mod policy;
mod record;
mod role;
mod seed;
mod session;
#[cfg(feature = "study")]
pub mod study;
pub mod trace;
#[cfg(feature = "x509")]
pub mod x509;

use internals::{asn1, codec, crypto, schedule};

pub use codec::Malformed;
pub use codec::names::*;
pub use crypto::{CryptoFailed, EcdsaSigValue, MessageDigest, Suite};
pub use engine::question::{Credential, CredentialQuestion, Offer, Peer, SignQuestion, Verdict, VerifyQuestion};
pub use engine::{authenticator, table};
pub use error::{Alert, Blame, Ending, Error, ErrorKind, KeyKind, Misuse, Offered, Rejection};
pub use handshake::{
    AnyInbox, AnyOutbox, Carrier, Event as TransitionEvent, Handshake, Messages, Question, Records, Step, Transition,
    Want,
};
pub use memory::Memory;
pub use policy::{Bytes, Padding, Policy};
pub use record::{Inbox, Outbox};
pub use role::{Epoch, Role, State};
/// The crate whose types stand for certificates, names and times here.
pub use rustls_pki_types as pki_types;
pub use schedule::Pair;
pub use seed::Seed;
pub use session::{Asleep, AsleepReceiver, AsleepSender};
pub use session::{Counters, Event, Exporter, Receiver, Reply, Reservation, Sender, Session, SessionInfo, Traffic};

// The code in the documents compiles.
#[cfg(all(doctest, feature = "x509"))]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(all(doctest, feature = "x509"))]
#[doc = include_str!("../docs/GUIDE.md")]
struct Guide;

#[cfg(all(doctest, feature = "x509"))]
#[doc = include_str!("../docs/TRUST.md")]
struct TrustPage;
