use std::fmt;

use altlas_proto::{Failure, FailureKind};
use sha2::{Digest as _, Sha256};

/// The SHA-256 of a model's bytes: its name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Reads 64 lower-case hexadecimal digits. Anything else is refused: the text becomes part of a path.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        let refused = || {
            Failure::new(FailureKind::BadParameter, "a model is named by the SHA-256 of its bytes")
                .detail("The name is not 64 lower-case hexadecimal digits.")
        };
        if text.len() != 64 || !text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(refused());
        }
        let mut out = [0; 32];
        hex::decode_to_slice(text, &mut out).map_err(|_| refused())?;
        Ok(Self(out))
    }

    /// The digest of some bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The same as four numbers.
    pub(crate) fn to_words(self) -> [u64; 4] {
        let mut words = [0; 4];
        for (word, bytes) in words.iter_mut().zip(self.0.as_chunks::<8>().0) {
            *word = u64::from_be_bytes(*bytes);
        }
        words
    }

    /// The digest of [`Digest::to_words`].
    pub(crate) fn from_words(words: [u64; 4]) -> Self {
        let mut out = Self([0; 32]);
        for (bytes, word) in out.0.as_chunks_mut::<8>().0.iter_mut().zip(words) {
            *bytes = word.to_be_bytes();
        }
        out
    }

    /// The digest of what was hashed piece by piece.
    pub fn finish(hasher: Sha256) -> Self {
        Self(hasher.finalize().into())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lower_case_hexadecimal_names_a_model() {
        let name = Digest::of(b"").to_string();
        assert_eq!(name, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(Digest::parse(&name).unwrap().to_string(), name);
        for wrong in [&name.to_uppercase(), &name[..63], &format!("{name}0"), "", &"../".repeat(22)[..64]] {
            assert!(Digest::parse(wrong).is_err(), "{wrong}");
        }
    }
}
