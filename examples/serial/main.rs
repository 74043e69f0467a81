//! Two devices on a serial line, each with an inbox and an outbox of 2 KiB. First a handshake with chains that just
//! fit, and 10,000 bytes in each direction. Then chains that are one byte too long.
//!
//! `cargo run --example serial`. docs/GUIDE.md, "What fits", explains the sizes.

mod certificates;
mod device;
mod line;

use certificates::Certificates;
use countersign::Role;
use device::{Device, LONGEST_CHAINS, MEMORY, connect, talk};
use line::Line;
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let pki = Certificates::new();
    for too_long in [[0, 0], [1, 0], [0, 1]] {
        let [of_client, of_server] = LONGEST_CHAINS;
        let lengths = [of_client + too_long[0], of_server + too_long[1]];
        println!("{MEMORY} bytes each way; chains: {} bytes of the client, {} of the server", lengths[0], lengths[1]);
        let mut client = Device::new(Role::Client, pki.issue("client.test", lengths[0]), &pki)?;
        let mut server = Device::new(Role::Server, pki.issue("server.test", lengths[1]), &pki)?;
        let mut line = Line::default();
        match connect(&mut client, &mut server, &mut line) {
            [Ok(()), Ok(())] => {
                talk(&mut client, &mut server, &mut line, &[7; 10_000])?;
                println!("  shaken hands, 10,000 bytes each way");
            }
            outcomes => {
                for (who, outcome) in ["client", "server"].into_iter().zip(outcomes) {
                    println!("  {who}: {}", outcome.map_or_else(|error| error.to_string(), |()| "done".into()));
                }
            }
        }
    }
    Ok(())
}
