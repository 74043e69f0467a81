//! A command that makes a client call. It is started for each case, and all its connections are heard: a client that was refused
//! may call again, and check less.

use std::io::{self, Read};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

pub(crate) struct Caller {
    child: Child,
    /// The beginning of what it says to its standard error.
    says: Arc<Mutex<Vec<u8>>>,
    has_called: bool,
}

impl Caller {
    pub(crate) fn start(command: &str) -> io::Result<Caller> {
        let mut shell = Command::new("sh");
        shell.args(["-c", command]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut shell, 0);
        let mut child = shell.spawn()?;
        let says = Arc::new(Mutex::new(Vec::new()));
        if let Some(mut stderr) = child.stderr.take() {
            let says = Arc::clone(&says);
            thread::spawn(move || {
                let mut buffer = [0; 1024];
                while let Ok(count @ 1..) = stderr.read(&mut buffer) {
                    let mut says = says.lock().unwrap_or_else(PoisonError::into_inner);
                    if says.len() < 1024 {
                        says.extend_from_slice(buffer.get(..count).unwrap_or_default());
                    }
                }
            });
        }
        Ok(Caller { child, says, has_called: false })
    }

    fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    fn says(&self) -> String {
        // The thread that reads it may need a moment.
        thread::sleep(Duration::from_millis(20));
        String::from_utf8_lossy(&self.says.lock().unwrap_or_else(PoisonError::into_inner)).trim().to_string()
    }
}

/// Kills the command, and whatever it has started.
impl Drop for Caller {
    fn drop(&mut self) {
        if self.ended().is_none() {
            let group = format!("-{}", self.child.id());
            let _ = Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status();
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

/// Waits for a connection. An error of the kind `TimedOut`: nobody called.
pub(crate) fn accept(
    listener: &TcpListener,
    patience: Duration,
    mut caller: Option<&mut Caller>,
) -> io::Result<TcpStream> {
    listener.set_nonblocking(true)?;
    let end = Instant::now() + patience;
    loop {
        // First see whether it has ended, then accept: so no connection that it made is missed.
        let ended = caller.as_mut().and_then(|caller| caller.ended());
        match listener.accept() {
            Ok((stream, _)) => {
                stream.set_nonblocking(false)?;
                if let Some(caller) = caller {
                    caller.has_called = true;
                }
                return Ok(stream);
            }
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error),
            Err(_) => match (ended, &caller) {
                // A process that it left behind may still call, if the command succeeded.
                (Some(status), Some(caller)) if caller.has_called || !status.success() => {
                    let says = format!("the command ended ({status}) and did not call: {}", caller.says());
                    return Err(io::Error::other(says));
                }
                _ if Instant::now() < end => thread::sleep(Duration::from_millis(5)),
                _ => {
                    let sentence = format!("nobody called within {} s", patience.as_secs());
                    return Err(io::Error::new(io::ErrorKind::TimedOut, sentence));
                }
            },
        }
    }
}
