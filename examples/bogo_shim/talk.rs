//! The application data of a connection.

use crate::flags::Flags;
use crate::run::Failure;
use crate::token_table;
use crate::wire::Wire;
use countersign::{
    AlertDescription, Ending, Error, ErrorKind, Event, Exporter, Misuse, Receiver, Reply, Sender, Session,
};

const CLOSED_UNCONFIRMED: ErrorKind =
    ErrorKind::PeerEndedUnconfirmed { how: Ending::Alert(AlertDescription::CLOSE_NOTIFY) };

/// A session, driven as a whole or in halves. The runner counts our answers to its KeyUpdates: it requires one answer
/// for several, and only before our next data.
pub(crate) enum Talk {
    Whole(Box<Session>),
    Halves(Box<Halves>),
}

/// As with two threads: the owner of the halves decides when to answer.
pub(crate) struct Halves {
    sender: Sender,
    receiver: Receiver,
    exporter: Exporter,
    owed: Option<Reply>,
}

impl Talk {
    pub(crate) fn new(session: Session, whole: bool) -> Talk {
        if whole {
            return Talk::Whole(Box::new(session));
        }
        let (sender, receiver, exporter) = session.split();
        Talk::Halves(Box::new(Halves { sender, receiver, exporter, owed: None }))
    }

    pub(crate) fn exporter(&self) -> &Exporter {
        match self {
            Talk::Whole(session) => session.exporter(),
            Talk::Halves(halves) => &halves.exporter,
        }
    }

    /// Seals as much of `data` as has room, and sends nothing yet.
    pub(crate) fn seal(&mut self, wire: &mut Wire, data: &[u8]) -> Result<usize, Misuse> {
        match self {
            Talk::Whole(session) => session.write(data, &mut wire.tx),
            Talk::Halves(halves) => {
                if let Some(reply) = halves.owed.take() {
                    halves.sender.reply(&reply, &mut wire.tx)?;
                }
                halves.sender.write(data, &mut wire.tx)
            }
        }
    }

    /// Sends all of `data`.
    pub(crate) fn write(&mut self, wire: &mut Wire, mut data: &[u8]) -> Result<(), Failure> {
        while !data.is_empty() {
            let taken = self.seal(wire, data)?;
            data = &data[taken..];
            wire.send();
        }
        Ok(())
    }

    /// Sends both traffic secrets, the read secret first, after their length.
    pub(crate) fn write_secrets(&mut self, wire: &mut Wire) -> Result<(), Failure> {
        let (ours, theirs) = match self {
            Talk::Whole(session) => session.expose_secrets(),
            Talk::Halves(halves) => (halves.sender.expose_secret(), halves.receiver.expose_secret()),
        };
        let secrets = [&(ours.len() as u16).to_le_bytes(), theirs, ours].concat();
        self.write(wire, &secrets)
    }

    pub(crate) fn abort(&mut self, wire: &mut Wire, alert: AlertDescription) -> Result<(), Failure> {
        match self {
            Talk::Whole(session) => session.abort(alert, &mut wire.tx)?,
            Talk::Halves(halves) => halves.sender.abort(alert, &mut wire.tx)?,
        }
        Ok(())
    }

    /// Sends close_notify.
    pub(crate) fn close(&mut self, wire: &mut Wire) -> Result<(), Failure> {
        match self {
            Talk::Whole(session) => session.close(&mut wire.tx)?,
            Talk::Halves(halves) => halves.sender.close(&mut wire.tx)?,
        }
        Ok(())
    }

    fn update_key(&mut self, wire: &mut Wire) -> Result<(), Misuse> {
        match self {
            Talk::Whole(session) => session.update_key(&mut wire.tx),
            Talk::Halves(halves) => halves.sender.update_key(&mut wire.tx),
        }
    }

    /// Waits for application data, and returns its length. `None`: the peer has closed.
    pub(crate) fn receive(&mut self, wire: &mut Wire) -> Result<Option<usize>, Failure> {
        loop {
            let event = match self {
                Talk::Whole(session) => session.receive(&mut wire.rx, &mut wire.tx),
                Talk::Halves(halves) => halves.receive(wire),
            };
            match event {
                Ok(Event::Read) => {
                    wire.send();
                    wire.read()?;
                }
                Ok(Event::Data) => return Ok(Some(wire.rx.data().len())),
                Ok(Event::Owed(_) | Event::Confirmed) => {}
                Ok(Event::Closed) => return Ok(None),
                // The runner ends here without another message, and the test passes.
                Err(error) if error.kind() == CLOSED_UNCONFIRMED => return Ok(None),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Sends back all data with each byte inverted, until the peer closes, with or without close_notify.
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
                self.update_key(wire)?;
            }
            self.write(wire, &answer)?;
        }
    }
}

impl Halves {
    fn receive(&mut self, wire: &mut Wire) -> Result<Event, Error> {
        match self.receiver.receive(&mut wire.rx) {
            Ok(Event::Owed(reply)) => self.owed = Some(reply), // it also answers those before it
            Ok(event) => return Ok(event),
            Err(error) => return Err(self.sender.alert(&error, &mut wire.tx).unwrap_or(error)),
        }
        self.receive(wire)
    }
}
