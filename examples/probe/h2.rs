//! As much of HTTP/2 (RFC 9113) as one question and the status of its answer need.

/// HEADERS (§6.2).
const HEADERS: u8 = 1;

/// The connection preface, SETTINGS, and HEADERS of a GET for `/` (RFC 9113 §3.4, RFC 7541 §6).
pub(crate) fn get(host: &str) -> Vec<u8> {
    // :method GET, :scheme https and :path / are in the static table; :authority is a literal.
    let headers = [&[0x82, 0x87, 0x84, 0x41, host.len() as u8 & 0x7f], host.as_bytes()].concat();
    // With END_STREAM and END_HEADERS, on stream 1.
    let frame = [&[0, 0, headers.len() as u8, HEADERS, 5, 0, 0, 0, 1], &headers[..]].concat();
    [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &[0, 0, 0, 4, 0, 0, 0, 0, 0][..], &frame].concat()
}

/// :status, which is the first field of the first HEADERS. Without HEADERS there is no answer.
pub(crate) fn status(mut said: &[u8]) -> Option<String> {
    loop {
        let (header, rest) = said.split_first_chunk::<9>()?;
        let length = usize::from(header[0]) << 16 | usize::from(header[1]) << 8 | usize::from(header[2]);
        let (payload, after) = rest.split_at_checked(length)?;
        if header[3] != HEADERS {
            said = after;
            continue;
        }
        // PADDED and PRIORITY have fields before the block; and it may begin with a new size of the table.
        let skip = usize::from(header[4] & 8 != 0) + if header[4] & 0x20 != 0 { 5 } else { 0 };
        let mut block = payload.get(skip..)?;
        while let Some((size @ 0x20..=0x3f, after)) = block.split_first() {
            // An integer whose prefix is full continues (RFC 7541 §5.1).
            let more = after.iter().take_while(|byte| **byte & 0x80 != 0).count() + 1;
            block = if *size == 0x3f { after.get(more..)? } else { after };
        }
        return Some(match *block.first()? {
            indexed @ 0x88..=0x8e => {
                ["200", "204", "206", "304", "400", "404", "500"][usize::from(indexed - 0x88)].into()
            }
            _ => literal(block.get(1..)?)?,
        });
    }
}

/// Three digits, as they are or in the Huffman code (RFC 7541 §5.2, appendix B).
fn literal(value: &[u8]) -> Option<String> {
    let (length, rest) = value.split_first()?;
    let text = rest.get(..usize::from(length & 0x7f))?;
    if length & 0x80 == 0 {
        return String::from_utf8(text.to_vec()).ok();
    }
    let mut bits = text.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1));
    let mut digits = String::new();
    while digits.len() < 3 {
        let code = bits.by_ref().take(5).fold(0, |code, bit| code << 1 | bit);
        digits.push(char::from(match code {
            // 0, 1 and 2 have five bits; the others six, from 011001 on.
            0..=2 => b'0' + code,
            _ => b'3' + (code << 1 | bits.next()?).checked_sub(0b011001).filter(|digit| *digit <= 6)?,
        }));
    }
    Some(digits)
}
