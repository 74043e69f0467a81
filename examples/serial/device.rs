//! One of the two devices: a connection with 2 KiB in each direction.

use crate::certificates::{Certificates, Issued};
use crate::line::Line;
use countersign::x509::{Answerer, Identities, Identity, Reloadable, SigningKey, Trust};
use countersign::{Error, Event, Handshake, Inbox, NamedGroup, Outbox, Policy, Role, Seed, Session};
use countersign::{SignatureScheme, Want};
use rustls_pki_types::UnixTime;
use std::sync::Arc;

/// The size of the inbox, and of the outbox.
pub const MEMORY: usize = 2 * 1024;

/// The limits for the peer fit the inbox: records of 491 bytes (a quarter of it, less 21) and flights of 1,533 bytes
/// (the rest, less 3). Only one group and one signature scheme are named, because each additional one makes messages
/// longer.
pub static POLICY: Policy = Policy::new()
    .fit_inbox(MEMORY)
    .groups(&[NamedGroup::X25519])
    .signature_schemes(&[SignatureScheme::ED25519])
    .signature_schemes_cert(&[SignatureScheme::ED25519]);

/// The record_size_limit of this policy, and of the other device.
pub const RECORD_SIZE_LIMIT: u16 = 491;

/// The longest chains of two certificates that a client and a server can show to such a peer.
pub const LONGEST_CHAINS: [usize; 2] = [1411, 1396];

const _: () = assert!(POLICY.inbox_needed() <= MEMORY);

/// The length of an Ed25519 signature in bytes.
const SIGNATURE: usize = 64;

/// One end.
pub struct Device {
    hs: Handshake<&'static Policy>,
    answerer: Answerer,
    rx: Inbox<[u8; MEMORY]>,
    tx: Outbox<[u8; MEMORY]>,
    session: Option<Session>,
    /// The data of the peer so far.
    pub heard: Vec<u8>,
}

impl Device {
    /// A device with this chain. A chain that does not fit the outbox is refused here, before the device is used.
    pub fn new(role: Role, own: Issued, pki: &Certificates) -> Result<Device, Box<dyn std::error::Error>> {
        let identity = Identity::new(own.chain, SigningKey::from_der(&own.key.serialize_der())?)?;
        // The other device accepts records of the same length.
        let needed = POLICY.outbox_needed(role, &identity.credential(), SIGNATURE, None, Some(RECORD_SIZE_LIMIT))?;
        if needed > MEMORY {
            return Err(format!("our chain takes an outbox of {needed} bytes, and there are {MEMORY}").into());
        }
        let (peer, hs) = match role {
            Role::Client => ("server.test", Handshake::client(&POLICY, Some("server.test"), Seed::random()?)?),
            Role::Server => ("client.test", Handshake::server(&POLICY, Seed::random()?)),
        };
        let identities = Arc::new(Reloadable::new(Identities::new(identity)));
        let trust = Arc::new(Reloadable::new(Trust::from_roots("root", pki.root())?));
        let answerer = Answerer::new(identities, trust, [peer.parse()?], UnixTime::now());
        let (rx, tx) = (Inbox::new([0; MEMORY]), Outbox::new([0; MEMORY]));
        Ok(Device { hs, answerer, rx, tx, session: None, heard: Vec::new() })
    }

    /// Does one step of the handshake, as the main loop of a device would. `true`: it is done.
    pub fn shake_hands(&mut self, line: &mut Line) -> Result<bool, Error> {
        match self.hs.drive(&mut self.rx, &mut self.tx)? {
            Want::Write => self.flush(line),
            Want::Read => self.fetch(line),
            Want::Done => {
                if self.session.is_none() {
                    self.session = self.hs.finish().ok();
                }
                return Ok(true);
            }
            question => {
                let answered = self.answerer.answer(&mut self.hs, &question, &self.rx, &mut self.tx);
                answered.expect("the outbox is as large as it must be");
            }
        }
        Ok(false)
    }

    /// Sends as much as has room, and returns how much. Call it again with the rest.
    pub fn say(&mut self, data: &[u8], line: &mut Line) -> usize {
        self.flush(line);
        let session = self.session.as_mut().expect("the handshake is done");
        session.write(data, &mut self.tx).expect("a session that is open")
    }

    /// Processes what has come.
    pub fn listen(&mut self, line: &mut Line) -> Result<(), Error> {
        let session = self.session.as_mut().expect("the handshake is done");
        match session.receive(&mut self.rx, &mut self.tx)? {
            Event::Data => {
                self.heard.extend_from_slice(self.rx.data());
                self.rx.consume(self.rx.data().len());
            }
            Event::Read => {
                self.flush(line);
                self.fetch(line);
            }
            _ => {}
        }
        Ok(())
    }

    /// Writes what is pending, also an alert.
    pub fn flush(&mut self, line: &mut Line) {
        let taken = line.write(self.hs.role(), self.tx.pending());
        self.tx.sent(taken);
    }

    fn fetch(&mut self, line: &mut Line) {
        let came = line.read(self.hs.role(), self.rx.space());
        if came > 0 {
            self.rx.filled(came); // a serial line has no end of stream, so this is never 0
        }
    }
}

/// Both devices take turns until their handshakes have ended. Returns the results.
pub fn connect(client: &mut Device, server: &mut Device, line: &mut Line) -> [Result<(), Error>; 2] {
    let mut outcomes = [None, None];
    for _ in 0..100_000 {
        for (device, outcome) in [&mut *client, &mut *server].into_iter().zip(&mut outcomes) {
            match outcome {
                None => match device.shake_hands(line) {
                    Ok(false) => {}
                    Ok(true) => *outcome = Some(Ok(())),
                    Err(error) => *outcome = Some(Err(error)),
                },
                // The server's last record stays on the line, because nobody reads it.
                Some(Ok(())) => *outcome = Some(device.listen(line)),
                Some(Err(_)) => device.flush(line), // sends its alert
            }
        }
        if let [Some(client), Some(server)] = outcomes {
            return [client, server];
        }
    }
    panic!("neither goes on: {outcomes:?}")
}

/// Both send and receive this many bytes.
pub fn talk(client: &mut Device, server: &mut Device, line: &mut Line, data: &[u8]) -> Result<(), Error> {
    let mut said = [0, 0];
    while client.heard.len() < data.len() || server.heard.len() < data.len() {
        for (device, said) in [&mut *client, &mut *server].into_iter().zip(&mut said) {
            *said += device.say(&data[*said..], line);
            device.listen(line)?;
        }
    }
    Ok(())
}
