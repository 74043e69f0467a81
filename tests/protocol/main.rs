//! One end of ours and a scripted peer: the rules of TLS 1.3, message by message and record by record.

#[path = "../support/end.rs"]
mod end;
#[path = "../support/identity.rs"]
mod identity;
mod peer;
#[path = "../support/rsa.rs"]
mod rsa;

mod alerts;
mod authentication;
mod catalogue;
mod certificate_types;
mod changes;
mod client_hello;
#[cfg(feature = "mlkem")]
mod hybrids;
mod judge;
mod late;
mod lessons;
mod parameters;
mod records;
mod refragment;
mod runs;
mod server_hello;
mod session;
mod table;
mod verdicts;
