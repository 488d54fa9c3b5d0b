use std::io::{Read, Write};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::ProtoError;

/// Bytes before the header: header length and payload length, two little-endian `u32`.
pub const PREFIX: usize = 8;
/// The longest header, in bytes. Job results with calibration tables are the largest in practice (below 1 MiB).
pub const MAX_HEADER: u32 = 8 << 20;
/// The longest payload, in bytes. Larger transfers are cut into several frames.
pub const MAX_PAYLOAD: u32 = 256 << 20;

/// Payloads up to this size are copied behind their header, so that the frame is sent with one system call: the second
/// would wake a reader that the first one woke already.
pub const SMALL: usize = 64 << 10;

/// The decoded prefix of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Bytes of JSON that follow the prefix.
    pub header: u32,
    /// Bytes of payload that follow the header.
    pub payload: u32,
}

impl Head {
    /// Reads the prefix and refuses lengths beyond the limits, before anything is allocated.
    pub fn decode(prefix: [u8; PREFIX]) -> Result<Self, ProtoError> {
        let [a, b, c, d, e, f, g, h] = prefix;
        let head =
            Self { header: u32::from_le_bytes([a, b, c, d]), payload: u32::from_le_bytes([e, f, g, h]) };
        check(u64::from(head.header), MAX_HEADER)?;
        check(u64::from(head.payload), MAX_PAYLOAD)?;
        Ok(head)
    }
}

/// Prefix and header of a frame whose payload of `payload` bytes the caller sends next.
pub fn encode<H: Serialize>(header: &H, payload: usize) -> Result<Vec<u8>, ProtoError> {
    let mut out = vec![0; PREFIX];
    serde_json::to_writer(&mut out, header)?;
    let head = check((out.len() - PREFIX) as u64, MAX_HEADER)?;
    let body = check(payload as u64, MAX_PAYLOAD)?;
    for (slot, byte) in out.iter_mut().zip(head.to_le_bytes().into_iter().chain(body.to_le_bytes())) {
        *slot = byte;
    }
    Ok(out)
}

/// Parses a header.
pub fn decode_header<H: DeserializeOwned>(bytes: &[u8]) -> Result<H, ProtoError> {
    Ok(serde_json::from_slice(bytes)?)
}

/// Writes one frame to a blocking stream.
pub fn write_frame<W: Write, H: Serialize>(to: &mut W, header: &H, payload: &[u8]) -> Result<(), ProtoError> {
    let mut head = encode(header, payload.len())?;
    if payload.len() <= SMALL {
        head.extend_from_slice(payload);
        to.write_all(&head)?;
    } else {
        to.write_all(&head)?;
        to.write_all(payload)?;
    }
    Ok(to.flush()?)
}

/// Reads one frame from a blocking stream; `None` when the peer closed between frames.
pub fn read_frame<R: Read, H: DeserializeOwned>(from: &mut R) -> Result<Option<(H, Vec<u8>)>, ProtoError> {
    let mut prefix = [0; PREFIX];
    let mut filled = 0;
    while let Some(rest) = prefix.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match from.read(rest) {
            Ok(0) if filled == 0 => return Ok(None),
            Ok(0) => return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into()),
            Ok(n) => filled += n,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e.into()),
        }
    }
    let head = Head::decode(prefix)?;
    let mut header = vec![0; head.header as usize];
    from.read_exact(&mut header)?;
    let mut payload = vec![0; head.payload as usize];
    from.read_exact(&mut payload)?;
    Ok(Some((decode_header(&header)?, payload)))
}

fn check(announced: u64, limit: u32) -> Result<u32, ProtoError> {
    u32::try_from(announced)
        .ok()
        .filter(|n| *n <= limit)
        .ok_or(ProtoError::TooLarge { announced, limit: u64::from(limit) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_survives_the_round_trip() {
        let mut wire = Vec::new();
        write_frame(&mut wire, &"head", b"payload").unwrap();
        write_frame(&mut wire, &"next", b"").unwrap();
        let mut from = wire.as_slice();
        assert_eq!(read_frame::<_, String>(&mut from).unwrap(), Some(("head".into(), b"payload".to_vec())));
        assert_eq!(read_frame::<_, String>(&mut from).unwrap(), Some(("next".into(), Vec::new())));
        assert_eq!(read_frame::<_, String>(&mut from).unwrap(), None);
    }

    #[test]
    fn a_cut_frame_is_an_error_and_not_an_end() {
        let mut wire = Vec::new();
        write_frame(&mut wire, &"head", b"payload").unwrap();
        for cut in 1..wire.len() {
            assert!(read_frame::<_, String>(&mut &wire[..cut]).is_err(), "cut at {cut}");
        }
    }

    #[test]
    fn announced_lengths_are_bounded_before_allocation() {
        let mut prefix = [0xff; PREFIX];
        assert!(matches!(Head::decode(prefix), Err(ProtoError::TooLarge { .. })));
        prefix[..4].copy_from_slice(&2u32.to_le_bytes());
        assert!(matches!(Head::decode(prefix), Err(ProtoError::TooLarge { .. })));
    }
}
