//! `plexica plugin validate [DIR]`

use std::{
    fs,
    path::{Path, PathBuf},
};

use plexica_sdk::check_migrations;

use crate::error::Error;

/// Where the plugin's migrations are in its folder.
const MIGRATIONS: &str = "migrations";

/// Which plugin.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// The plugin's folder.
    #[arg(default_value = ".")]
    dir: PathBuf,
}

/// Prints what is refused; one that has no migrations has none that are wrong.
pub fn run(Options { dir }: &Options) -> Result<(), Error> {
    let files = read(&dir.join(MIGRATIONS))?;
    let refused = check_migrations(files.iter().map(|(name, sql)| (name.as_str(), sql.as_str())));
    for why in &refused {
        eprintln!("{why}");
    }
    match refused.len() {
        0 => println!("{} migration(s): nothing is refused", files.len()),
        refused => return Err(Error::Migrations(refused)),
    }
    Ok(())
}

/// Names and texts of the files, by name.
fn read(dir: &Path) -> Result<Vec<(String, String)>, Error> {
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        move |source| Error::Unreadable { path, source }
    };
    if !dir.exists() && dir.parent().is_some_and(Path::is_dir) {
        return Ok(Vec::new());
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).map_err(unreadable(dir))? {
        let path = entry.map_err(unreadable(dir))?.path();
        // The SDK takes no others either.
        if path.is_dir() {
            continue;
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        files.push((name, fs::read_to_string(&path).map_err(unreadable(&path))?));
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_away_before_its_time_is_refused() {
        let plugin = tempfile::tempdir().unwrap();
        let validate = || run(&Options { dir: plugin.path().to_owned() });
        assert!(validate().is_ok(), "it has none");
        fs::create_dir(plugin.path().join(MIGRATIONS)).unwrap();
        let write = |name: &str, sql: &str| fs::write(plugin.path().join(MIGRATIONS).join(name), sql).unwrap();
        write("0001_a.sql", "CREATE TABLE a (id int, b text)");
        fs::create_dir(plugin.path().join(MIGRATIONS).join("old")).unwrap();
        write("0002_b.contract.sql", "ALTER TABLE a DROP COLUMN b");
        assert!(validate().is_ok());
        for sql in ["DROP TABLE a", "ALTER TABLE a RENAME COLUMN b TO c", "ALTER TABLE a ALTER COLUMN b SET NOT NULL"] {
            write("0003_c.sql", sql);
            assert!(matches!(validate(), Err(Error::Migrations(1))), "{sql}");
        }
        assert!(matches!(run(&Options { dir: plugin.path().join("none") }), Err(Error::Unreadable { .. })));
    }
}
