//! The only file that reads the environment.

use std::ffi::OsString;
use std::path::PathBuf;

/// Returns the arguments of the program, without its name.
pub(crate) fn arguments() -> Vec<OsString> {
    std::env::args_os().skip(1).collect()
}

/// Returns the file where traces are kept when no other is named: `llmobs/traces.db` in the folder for data of the user.
pub(crate) fn default_database() -> Option<PathBuf> {
    let folder = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let below_home = |parts: &str| folder("HOME").map(|home| home.join(parts));
    let base = if cfg!(windows) {
        folder("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        below_home("Library/Application Support")
    } else {
        folder("XDG_DATA_HOME").or_else(|| below_home(".local/share"))
    };
    base.map(|base| base.join("llmobs").join("traces.db"))
}
