//! Finds the TCP segment in a captured packet.

use etherparse::{NetSlice, SlicedPacket, TransportSlice, ether_type};
use pcap_parser::Linktype;
use std::net::{IpAddr, SocketAddr};

/// A TCP segment.
pub(super) struct Segment<'a> {
    pub from: SocketAddr,
    pub to: SocketAddr,
    pub sequence_number: u32,
    pub syn: bool,
    pub payload: &'a [u8],
}

/// Why a packet has no TCP segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoSegment {
    /// It has another protocol.
    Other,
    /// It is a fragment of an IP packet.
    Fragment,
    /// It is malformed, or cut by the snapshot length of the capture.
    Malformed,
    /// Its link layer is not supported.
    LinkType(i32),
}

pub(super) fn segment(link: Linktype, packet: &[u8]) -> Result<Segment<'_>, NoSegment> {
    let malformed = |_| NoSegment::Malformed;
    let packet = match link {
        Linktype::ETHERNET => SlicedPacket::from_ethernet(packet).map_err(malformed)?,
        Linktype::LINUX_SLL => SlicedPacket::from_linux_sll(packet).map_err(malformed)?,
        Linktype::LINUX_SLL2 => cooked2(packet)?,
        // Skips the four bytes of address family, in the byte order of the capturing machine. The IP version has the same
        // information.
        Linktype::NULL | Linktype::LOOP => {
            SlicedPacket::from_ip(packet.get(4..).ok_or(NoSegment::Malformed)?).map_err(malformed)?
        }
        Linktype::RAW | Linktype::IPV4 | Linktype::IPV6 | Linktype(12 | 14) => {
            SlicedPacket::from_ip(packet).map_err(malformed)?
        }
        Linktype(number) => return Err(NoSegment::LinkType(number)),
    };
    let (source, destination): (IpAddr, IpAddr) = match &packet.net {
        Some(NetSlice::Ipv4(ip)) => {
            if ip.is_payload_fragmented() {
                return Err(NoSegment::Fragment);
            }
            (ip.header().source_addr().into(), ip.header().destination_addr().into())
        }
        Some(NetSlice::Ipv6(ip)) => {
            if ip.is_payload_fragmented() {
                return Err(NoSegment::Fragment);
            }
            (ip.header().source_addr().into(), ip.header().destination_addr().into())
        }
        _ => return Err(NoSegment::Other),
    };
    let Some(TransportSlice::Tcp(tcp)) = packet.transport else { return Err(NoSegment::Other) };
    Ok(Segment {
        from: SocketAddr::new(source, tcp.source_port()),
        to: SocketAddr::new(destination, tcp.destination_port()),
        sequence_number: tcp.sequence_number(),
        syn: tcp.syn(),
        payload: tcp.payload(),
    })
}

/// LINKTYPE_LINUX_SLL2: two bytes of protocol, then 18 bytes about the interface.
fn cooked2(packet: &[u8]) -> Result<SlicedPacket<'_>, NoSegment> {
    let [high, low, ..] = packet else { return Err(NoSegment::Malformed) };
    let payload = packet.get(20..).ok_or(NoSegment::Malformed)?;
    let protocol = u16::from_be_bytes([*high, *low]).into();
    if protocol != ether_type::IPV4 && protocol != ether_type::IPV6 {
        return Err(NoSegment::Other);
    }
    SlicedPacket::from_ether_type(protocol, payload).map_err(|_| NoSegment::Malformed)
}
