//! QUIC: quinn-proto with our TLS against quinn-proto with rustls, in memory and with a clock of our own; and RFC 9001's
//! vectors.

mod data;
mod handshakes;
mod levels;
mod pair;
mod refusals;
mod udp;
mod vectors;
mod world;
