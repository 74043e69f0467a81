//! One connection: a run over TCP, within limits that protect the target.

use countersign::adversary::run::{End, Outcome, Patience, Run, Want};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// What the target must bear at most.
pub(crate) struct Limits {
    /// Of one connection, both ways together.
    pub(crate) bytes: usize,
    /// When everything must be over.
    pub(crate) deadline: Instant,
    /// Between the beginnings of two connections, if nothing slower is asked for.
    interval: Duration,
    pace: Mutex<Turns>,
    /// The command that makes a client call stays after the call, so its end is not awaited.
    pub(crate) lingers: AtomicBool,
}

struct Turns {
    next: Instant,
    interval: Duration,
    connections: usize,
}

impl Limits {
    pub(crate) fn new(per_second: u32, bytes: usize, in_all: Duration) -> Limits {
        let interval = Duration::from_secs(1) / per_second.max(1);
        let now = Instant::now();
        let pace = Mutex::new(Turns { next: now, interval, connections: 0 });
        Limits { bytes, deadline: now + in_all, interval, pace, lingers: AtomicBool::new(false) }
    }

    /// Waits until one more connection may begin. `false` means that no time is left.
    pub(crate) fn wait(&self) -> bool {
        let at = {
            let mut turns = self.turns();
            let at = turns.next.max(Instant::now());
            turns.next = at + turns.interval;
            at
        };
        thread::sleep(at.saturating_duration_since(Instant::now()));
        let there_is_time = Instant::now() < self.deadline;
        self.turns().connections += usize::from(there_is_time);
        there_is_time
    }

    /// From now on leaves this time between two connections, if it is more than was asked for.
    pub(crate) fn pace(&self, interval: Option<Duration>) {
        self.turns().interval = interval.unwrap_or(self.interval).max(self.interval);
    }

    /// How many connections have begun.
    pub(crate) fn connections(&self) -> usize {
        self.turns().connections
    }

    fn turns(&self) -> MutexGuard<'_, Turns> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
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
    /// The end of the target's answer. If it is empty, no answer is awaited.
    pub(crate) hear: Vec<u8>,
    /// A command that says it, and hears it: the connection is its standard input and output.
    pub(crate) run: Option<String>,
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

/// Sees the bytes of a connection; `true` means that we sent them.
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
    if let Some(command) = &preamble.run {
        hand_over(&stream, command, waits.connect)?;
    }
    Ok(stream)
}

/// Lets a command speak on the connection, until it ends.
#[cfg(unix)]
fn hand_over(stream: &TcpStream, command: &str, patience: Duration) -> io::Result<()> {
    use std::os::fd::OwnedFd;
    use std::process::{Command, Stdio};
    let connection = || stream.try_clone().map(|stream| Stdio::from(OwnedFd::from(stream)));
    let mut child = Command::new("sh").args(["-c", command]).stdin(connection()?).stdout(connection()?).spawn()?;
    let end = Instant::now() + patience;
    loop {
        match child.try_wait()? {
            Some(status) if status.success() => return Ok(()),
            Some(status) => return Err(io::Error::other(format!("the command of the preamble failed: {status}"))),
            None if Instant::now() > end => {
                child.kill()?;
                child.wait()?;
                return Err(io::Error::other("the command of the preamble did not end"));
            }
            None => thread::sleep(Duration::from_millis(2)),
        }
    }
}

#[cfg(not(unix))]
fn hand_over(_: &TcpStream, _: &str, _: Duration) -> io::Result<()> {
    Err(io::Error::other("--preamble-run needs Unix"))
}

/// Reads what comes within this time, or says how the connection ended.
fn read<'a>(mut stream: &TcpStream, buffer: &'a mut [u8], time: Duration) -> Result<&'a [u8], End> {
    // No time at all would be no limit.
    let _ = stream.set_read_timeout(Some(time.max(Duration::from_millis(1))));
    match stream.read(buffer) {
        Ok(0) => Err(End::Closed),
        Ok(count) => Ok(buffer.get(..count).unwrap_or_default()),
        Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => Err(End::Silent),
        Err(_) => Err(End::Reset),
    }
}

/// Plays the run to its end, and gives its outcome.
pub(crate) fn play(mut stream: &TcpStream, run: &mut Run<'_>, waits: Waits, limits: &Limits, tap: Tap<'_>) -> Outcome {
    let mut buffer = vec![0; 1 << 14];
    let mut bytes = 0;
    // A connection that trickles must end as well.
    let mut until = (Instant::now() + 10 * waits.answer).min(limits.deadline + waits.answer);
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
                match read(stream, &mut buffer, wait) {
                    Ok(heard) => {
                        tap(false, heard);
                        bytes += heard.len();
                        run.received(heard);
                    }
                    Err(end) => run.ended(end),
                }
                if bytes > limits.bytes || Instant::now() > until {
                    run.silent();
                }
            }
            Want::Wait(time) => {
                let over = Instant::now() + time;
                until += time;
                while run.want() == Want::Wait(time) {
                    match read(stream, &mut buffer, over.saturating_duration_since(Instant::now())) {
                        Ok(heard) => {
                            tap(false, heard);
                            bytes += heard.len();
                            run.received(heard);
                        }
                        Err(End::Silent) => {
                            run.waited();
                            break;
                        }
                        Err(end) => run.ended(end),
                    }
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
