//! The real engine that some tests ask.

use std::process::Command;

/// Whether the real engine is to be asked: `PLIMSOLL_DOCKER` says so, and then it has to answer.
pub(crate) fn is_asked() -> bool {
    if std::env::var_os("PLIMSOLL_DOCKER").is_none() {
        eprintln!("PLIMSOLL_DOCKER is not set: no engine is asked");
        return false;
    }
    let said = Command::new("docker").arg("version").output().unwrap();
    assert!(
        said.status.success(),
        "PLIMSOLL_DOCKER is set, and no engine answers: {}",
        String::from_utf8_lossy(&said.stderr)
    );
    true
}
