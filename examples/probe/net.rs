//! One connection: a run over TCP, within the limits of what a target may be troubled with.

use countersign::adversary::run::{End, Outcome, Patience, Run, Want};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

/// What is asked of the target at most.
pub(crate) struct Limits {
    /// Between the beginnings of two connections.
    pub(crate) interval: Duration,
    /// Of one connection, both ways together.
    pub(crate) bytes: usize,
    /// When everything must be over.
    pub(crate) deadline: Instant,
    next: Mutex<Instant>,
}

impl Limits {
    pub(crate) fn new(per_second: u32, bytes: usize, in_all: Duration) -> Limits {
        let interval = Duration::from_secs(1) / per_second.max(1);
        let now = Instant::now();
        Limits { interval, bytes, deadline: now + in_all, next: Mutex::new(now) }
    }

    /// Waits until one more connection may begin; false: there is no time left.
    pub(crate) fn wait(&self) -> bool {
        let at = {
            let mut next = self.next.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let at = (*next).max(Instant::now());
            *next = at + self.interval;
            at
        };
        thread::sleep(at.saturating_duration_since(Instant::now()));
        Instant::now() < self.deadline
    }
}

/// How long a target may take.
#[derive(Clone, Copy)]
pub(crate) struct Waits {
    pub(crate) connect: Duration,
    pub(crate) answer: Duration,
    pub(crate) pause: Duration,
}

/// What is said before TLS begins.
#[derive(Clone, Default)]
pub(crate) struct Preamble {
    pub(crate) say: Vec<u8>,
    /// What the target's answer ends with; empty: none is waited for.
    pub(crate) hear: Vec<u8>,
}

/// Why there is no outcome.
pub(crate) enum Unplayed {
    /// There was no connection.
    Unreachable(io::Error),
    /// The target does not offer what the case needs.
    NotOffered(String),
    /// No time left.
    TimeIsUp,
}

/// The bytes of a connection, for those who want to see them: true: sent by us.
pub(crate) type Tap<'a> = &'a mut dyn FnMut(bool, &[u8]);

pub(crate) fn connect(address: SocketAddr, waits: Waits, preamble: &Preamble) -> io::Result<TcpStream> {
    let mut stream = TcpStream::connect_timeout(&address, waits.connect)?;
    stream.set_nodelay(true)?;
    stream.set_write_timeout(Some(waits.answer))?;
    stream.set_read_timeout(Some(waits.answer))?;
    stream.write_all(&preamble.say)?;
    let mut heard = Vec::new();
    while !heard.ends_with(&preamble.hear) {
        let mut byte = [0];
        if heard.len() > 4096 || stream.read(&mut byte)? == 0 {
            return Err(io::Error::other("the target did not answer the preamble as it should"));
        }
        heard.extend(byte);
    }
    Ok(stream)
}

/// Plays the run to its end, in which it says what came of it.
pub(crate) fn play(mut stream: &TcpStream, run: &mut Run<'_>, waits: Waits, limits: &Limits, tap: Tap<'_>) -> Outcome {
    let mut buffer = vec![0; 1 << 14];
    let mut bytes = 0;
    // A connection that trickles must end as well.
    let until = (Instant::now() + 10 * waits.answer).min(limits.deadline + waits.answer);
    loop {
        match run.want() {
            Want::Done => break,
            Want::Write => match stream.write(run.pending()) {
                Ok(0) | Err(_) => {
                    // It has closed; why, it may have said.
                    let count = run.pending().len();
                    run.sent(count);
                }
                Ok(count) => {
                    tap(true, run.pending().get(..count).unwrap_or_default());
                    bytes += count;
                    run.sent(count);
                }
            },
            Want::Read(patience) => {
                let wait = match patience {
                    Patience::Answer => waits.answer,
                    Patience::Pause => waits.pause,
                };
                let _ = stream.set_read_timeout(Some(wait));
                match stream.read(&mut buffer) {
                    Ok(0) => run.ended(End::Closed),
                    Ok(count) => {
                        let heard = buffer.get(..count).unwrap_or_default();
                        tap(false, heard);
                        bytes += count;
                        run.received(heard);
                    }
                    Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                        run.silent();
                    }
                    Err(_) => run.ended(End::Reset),
                }
                if bytes > limits.bytes || Instant::now() > until {
                    run.silent();
                }
            }
            Want::Close => {
                let _ = stream.shutdown(std::net::Shutdown::Both);
                run.ended(End::Left);
            }
        }
    }
    run.outcome()
}
