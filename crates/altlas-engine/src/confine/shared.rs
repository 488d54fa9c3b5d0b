use std::fs::File;
use std::io;
use std::ops::Deref;
use std::os::fd::AsRawFd as _;
use std::ptr::NonNull;
use std::sync::atomic::AtomicU64;

/// Words of a file, in memory. What is stored in them is there after the process, whatever ended it, and storing costs
/// no system call.
pub struct SharedWords {
    first: NonNull<AtomicU64>,
    count: usize,
}

// SAFETY: the memory belongs to this value alone and holds only atomics.
unsafe impl Send for SharedWords {}
// SAFETY: as above.
unsafe impl Sync for SharedWords {}

impl SharedWords {
    /// Maps the first `count` words of a file, which must be so long already: storing beyond a file's end, or where the
    /// file system has yet to find room, ends the process.
    pub fn map(file: &File, count: usize) -> io::Result<Self> {
        let bytes = count.saturating_mul(size_of::<AtomicU64>());
        if bytes == 0 || file.metadata()?.len() < bytes as u64 {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        // SAFETY: a new mapping at an address that the kernel chooses, of a file that is long enough.
        let at = unsafe {
            let (rights, fd) = (libc::PROT_READ | libc::PROT_WRITE, file.as_raw_fd());
            libc::mmap(std::ptr::null_mut(), bytes, rights, libc::MAP_SHARED, fd, 0)
        };
        match NonNull::new(at.cast()) {
            Some(first) if at != libc::MAP_FAILED => Ok(Self { first, count }),
            _ => Err(io::Error::last_os_error()),
        }
    }
}

impl Deref for SharedWords {
    type Target = [AtomicU64];

    fn deref(&self) -> &[AtomicU64] {
        // SAFETY: the mapping has `count` words, is aligned to a page, and lives as long as this value; any bits are a
        // valid word, and all access is atomic.
        unsafe { std::slice::from_raw_parts(self.first.as_ptr(), self.count) }
    }
}

impl Drop for SharedWords {
    fn drop(&mut self) {
        // SAFETY: exactly the mapping that was made; nobody can borrow it any more.
        unsafe {
            libc::munmap(self.first.as_ptr().cast(), self.count.saturating_mul(size_of::<AtomicU64>()))
        };
    }
}
