//! The file that an image is written to, and the one that its layer is.

use std::io;

/// A file in a tar.
#[derive(Debug)]
pub struct Entry {
    /// Without a leading slash.
    pub path: String,
    /// Who may do what.
    pub mode: u32,
    /// What is in it.
    pub content: Vec<u8>,
}

/// Without owner names or times, so that the same content gives the same bytes.
pub fn tar(entries: &[Entry]) -> io::Result<Vec<u8>> {
    let mut tar = tar::Builder::new(Vec::new());
    for Entry { path, mode, content } in entries {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(*mode);
        header.set_mtime(0);
        header.set_uid(0);
        header.set_gid(0);
        tar.append_data(&mut header, path, content.as_slice())?;
    }
    tar.into_inner()
}
