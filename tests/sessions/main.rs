//! Several sessions at once, and an attacker who has everything that was sent: every order of everything that he can
//! bring to honest ends, on the real code. What is real and what is not stands in `model`; what is explored, and the
//! numbers, in docs/TESTING.md.

mod authenticators;
mod explore;
mod handshakes;
mod model;
mod planted;
