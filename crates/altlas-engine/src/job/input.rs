use std::io::{self, ErrorKind, Read};

use altlas_proto::{Request, read_frame};

/// The payloads of the [`Request::Data`] frames of a stream, as one stream that ends at [`Request::DataEnd`].
pub struct Input<R> {
    from: R,
    piece: Vec<u8>,
    at: usize,
    ended: bool,
}

impl<R: Read> Input<R> {
    /// Reads the frames that follow in `from`.
    pub fn new(from: R) -> Self {
        Self { from, piece: Vec::new(), at: 0, ended: false }
    }
}

impl<R: Read> Read for Input<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            let mut rest = self.piece.get(self.at..).unwrap_or_default();
            if !rest.is_empty() || self.ended || into.is_empty() {
                let n = rest.read(into)?;
                self.at += n;
                return Ok(n);
            }
            match read_frame::<_, Request>(&mut self.from).map_err(io::Error::other)? {
                Some((Request::Data, payload)) => (self.piece, self.at) = (payload, 0),
                Some((Request::DataEnd, _)) => self.ended = true,
                Some(_) => return Err(io::Error::new(ErrorKind::InvalidData, "a frame that is no input")),
                None => {
                    return Err(io::Error::new(ErrorKind::UnexpectedEof, "the input is not complete"));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use altlas_proto::write_frame;

    use super::*;

    fn wire(frames: &[(Request, &[u8])]) -> Vec<u8> {
        let mut wire = Vec::new();
        for (header, payload) in frames {
            write_frame(&mut wire, header, payload).unwrap();
        }
        wire
    }

    #[test]
    fn pieces_become_one_stream() {
        let wire = wire(&[
            (Request::Data, b"one"),
            (Request::Data, b""),
            (Request::Data, b" and two"),
            (Request::DataEnd, b""),
            (Request::Data, b"beyond"),
        ]);
        let mut text = String::new();
        Input::new(wire.as_slice()).read_to_string(&mut text).unwrap();
        assert_eq!(text, "one and two");
    }

    #[test]
    fn an_input_without_its_end_is_an_error() {
        let mut text = String::new();
        let cut = wire(&[(Request::Data, b"one")]);
        assert_eq!(
            Input::new(cut.as_slice()).read_to_string(&mut text).unwrap_err().kind(),
            ErrorKind::UnexpectedEof
        );
        let mixed = wire(&[(Request::Data, b"one"), (Request::Jobs, b"")]);
        assert!(Input::new(mixed.as_slice()).read_to_string(&mut text).is_err());
    }
}
