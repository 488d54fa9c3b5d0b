//! Sending frames to a client.

use std::io::{self, Write as _};
use std::os::unix::net::UnixStream;

use altlas_proto::{ProtoError, Reply, SMALL, encode};

/// Sends one frame whose payload is the parts in order.
pub fn send(mut to: &UnixStream, reply: &Reply, parts: &[&[u8]]) -> Result<(), ProtoError> {
    let payload = parts.iter().map(|part| part.len()).sum();
    let mut head = encode(reply, payload)?;
    if payload <= SMALL {
        for part in parts {
            head.extend_from_slice(part);
        }
        return Ok(to.write_all(&head)?);
    }
    to.write_all(&head)?;
    parts.iter().try_for_each(|part| to.write_all(part)).map_err(|e: io::Error| e.into())
}
