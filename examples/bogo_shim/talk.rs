//! After the handshake: what is said over the connection.

use crate::flags::Flags;
use crate::run::Failure;
use crate::token_table;
use crate::wire::Wire;
use countersign::{Event, Exporter, Receiver, Reply, Sender, Session};

/// The two halves of a session. The runner counts our answers to its KeyUpdates: it wants one for several, and that
/// only before our next data. Whoever holds the halves decides when to answer.
pub(crate) struct Talk {
    pub(crate) sender: Sender,
    receiver: Receiver,
    owed: Option<Reply>,
}

impl Talk {
    pub(crate) fn new(session: Session) -> (Talk, Exporter) {
        let (sender, receiver, exporter) = session.split();
        (Talk { sender, receiver, owed: None }, exporter)
    }

    /// Sends all of `data`.
    pub(crate) fn write(&mut self, wire: &mut Wire, mut data: &[u8]) -> Result<(), Failure> {
        if let Some(reply) = self.owed.take() {
            self.sender.reply(&reply, &mut wire.tx)?;
        }
        while !data.is_empty() {
            let taken = self.sender.write(data, &mut wire.tx)?;
            data = &data[taken..];
            wire.send();
        }
        Ok(())
    }

    /// Sends both traffic secrets, the one that we read with first, and their length.
    pub(crate) fn write_secrets(&mut self, wire: &mut Wire) -> Result<(), Failure> {
        let (theirs, ours) = (self.receiver.expose_secret(), self.sender.expose_secret());
        let secrets = [&(ours.len() as u16).to_le_bytes(), theirs, ours].concat();
        self.write(wire, &secrets)
    }

    /// Waits for application data, and says how much there is; `None`: the peer has closed.
    pub(crate) fn receive(&mut self, wire: &mut Wire) -> Result<Option<usize>, Failure> {
        loop {
            match self.receiver.receive(&mut wire.rx) {
                Ok(Event::Read) => wire.read()?,
                Ok(Event::Data) => return Ok(Some(wire.rx.data().len())),
                Ok(Event::Owed(reply)) => self.owed = Some(reply), // it stands for those before it
                Ok(Event::Confirmed) => {}
                Ok(Event::Closed) => return Ok(None),
                Err(error) => return Err(self.sender.alert(&error, &mut wire.tx)?.into()),
            }
        }
    }

    /// Sends back whatever comes, each byte inverted, until the peer closes, with or without close_notify.
    pub(crate) fn echo(&mut self, flags: &Flags, wire: &mut Wire) -> Result<(), Failure> {
        loop {
            let len = match self.receive(wire) {
                Ok(Some(len)) => len.min(flags.read_size),
                Ok(None) => return Ok(()),
                Err(failure) if failure.token == token_table::TRUNCATED => return Ok(()),
                Err(failure) => return Err(failure),
            };
            let answer: Vec<u8> = wire.rx.data()[..len].iter().map(|byte| byte ^ 0xff).collect();
            wire.rx.consume(len);
            if flags.key_update {
                self.sender.update_key(&mut wire.tx)?;
            }
            self.write(wire, &answer)?;
        }
    }
}
