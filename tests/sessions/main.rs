//! Several sessions at once, and an attacker who has everything that was sent. Every order of everything that it can
//! deliver to honest ends is run on the real code. `model` says what is real and what is not. docs/TESTING.md has the
//! scenarios and the numbers.

mod authenticators;
mod explore;
mod handshakes;
mod model;
mod planted;
