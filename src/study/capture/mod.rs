//! Reads pcap and pcapng files with TCP over Ethernet, Linux cooked, null or raw IP. Writes pcapng.

#[cfg(feature = "study-pcap")]
mod packets;
#[cfg(feature = "study-pcap")]
mod read;
#[cfg(feature = "study-pcap")]
mod reassembly;
mod write;

#[cfg(feature = "study-pcap")]
pub use read::{Capture, CaptureError, read};
pub use write::pcapng;
