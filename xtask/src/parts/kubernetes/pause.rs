//! The image of the first process of every pod.

use std::path::PathBuf;

use crate::cache::Cache;
use crate::error::Result;
use crate::files;
use crate::image::Image;
use crate::parts::golang;

const VERSION: &str = "1";
const SOURCES: [(&str, &str); 2] = [
    ("main.go", include_str!("../../../kubernetes/pause/main.go")),
    ("go.mod", include_str!("../../../kubernetes/pause/go.mod")),
];

const NAME: &str = "localhost/pause";

/// Its name in containerd.
pub fn reference() -> String {
    format!("{NAME}:{VERSION}")
}

/// The image as a docker-archive.
pub fn archive(cache: &Cache) -> Result<PathBuf> {
    let folder = cache.entry("pause", VERSION, |folder| {
        let program = folder.join("pause");
        golang::build(&SOURCES, ".", "-s -w", folder, &program)?;
        let mut image = Image::new(NAME, VERSION, "/pause");
        image.program("pause", &program)?;
        image.write(&folder.join("pause.tar"))?;
        files::remove(&program)
    })?;
    Ok(folder.join("pause.tar"))
}
