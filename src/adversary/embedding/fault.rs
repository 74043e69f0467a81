//! What an embedding can do wrong, and what to say about it.

use crate::role::stable_names;
use core::fmt;

/// A duty that an embedding does not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// A connection that nothing disturbs fails. Nothing else was tried.
    ControlFails,
    /// It waits for its peer, which waits for it.
    Stuck,
    /// It reads into no space at all.
    NoSpace,
    /// It goes on reading behind the end of the stream.
    ReadsBehindEnd,
    /// It fails if the transport gives and takes one byte at a time.
    ShortReadsOrWrites,
    /// It fails if it is left, or its future dropped, and entered again.
    NotResumed,
    /// It fails if an answer to a question comes late, and is waited for anew.
    QuestionLost,
    /// It fails if the peer's flight is longer than its memory.
    MemoryNotGrown,
    /// Its application has not got what was sent.
    DataLost,
    /// Its application has not got what came in one piece with the end of the handshake.
    DataBehindFinishedLost,
    /// It has sent data before the answer to the peer's KeyUpdate, or has not answered.
    KeyUpdateNotAnswered,
    /// It has failed, and the peer was not told.
    AlertNotSent,
    /// It has ended, and the peer has got no close_notify.
    CloseNotSent,
    /// It says that a connection has ended in order which was cut off.
    TruncationTakenForEnd,
    /// It says that a connection has ended in order which has failed.
    ErrorTakenForEnd,
}

stable_names!(Fault: ControlFails Stuck NoSpace ReadsBehindEnd ShortReadsOrWrites NotResumed QuestionLost MemoryNotGrown
    DataLost DataBehindFinishedLost KeyUpdateNotAnswered AlertNotSent CloseNotSent TruncationTakenForEnd
    ErrorTakenForEnd);

impl fmt::Display for Fault {
    /// What is wrong, and what to do.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Fault::ControlFails => {
                "a connection that nothing disturbs fails, so nothing else was tried: \
                 does this end accept the peer's certificate, and echo until close_notify?"
            }
            Fault::Stuck => {
                "it waits for its peer, which waits for it: at Want::Write, and before each read, send all of \
                 tx.pending(), and flush what buffers it"
            }
            Fault::NoSpace => {
                "it reads into a buffer without space, where 0 bytes look like the end of the stream: \
                 read into rx.space() at Want::Read, and grow the inbox when an error says so"
            }
            Fault::ReadsBehindEnd => {
                "it goes on reading behind the end of the stream: tell the machine by rx.filled(0), and end"
            }
            Fault::ShortReadsOrWrites => {
                "it fails if the transport gives and takes one byte at a time: say by filled and sent how much it was, \
                 no more, and go on"
            }
            Fault::NotResumed => {
                "it fails if it is left while it waits, and entered again: keep handshake, inbox and outbox outside of \
                 what is left, and drive again"
            }
            Fault::QuestionLost => "it fails if an answer comes late: a question stays open, and drive asks it again",
            Fault::MemoryNotGrown => {
                "it fails if the peer's flight is longer than its memory: at InboxTooSmall let the inbox grow to what \
                 is needed, and drive again"
            }
            Fault::DataLost => {
                "its application has not got what was sent: consume of rx.data() what was taken, \
                 and send what write has left over"
            }
            Fault::DataBehindFinishedLost => {
                "data that came in one piece with the end of the handshake is lost: go on with the same inbox, and ask \
                 the session before you read"
            }
            Fault::KeyUpdateNotAnswered => {
                "the peer's KeyUpdate wanted an answer and got none before the next data: give each Event::Owed to \
                 Sender::reply (RFC 9846 §4.7.3)"
            }
            Fault::AlertNotSent => {
                "it failed, and the peer was not told: after an error send all of tx.pending(), then close \
                 (RFC 9846 §6.2)"
            }
            Fault::CloseNotSent => {
                "it ended, and the peer got no close_notify: close the session, and send all of tx.pending() before \
                 the transport is dropped (RFC 9846 §6.1)"
            }
            Fault::TruncationTakenForEnd => {
                "a connection that was cut off ended as if in order: the transport's end is an error unless \
                 Event::Closed has come (RFC 9846 §6.1)"
            }
            Fault::ErrorTakenForEnd => "a connection that has failed ended as if in order: return the error",
        })
    }
}
