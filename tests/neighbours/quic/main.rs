//! QUIC: quinn-proto with our TLS and quinn-proto with rustls, in memory and with a simulated clock; and the vectors of
//! RFC 9001.

mod data;
mod handshakes;
mod levels;
mod pair;
mod refusals;
mod udp;
mod vectors;
mod world;
